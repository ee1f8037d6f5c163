"""The fixtures as a project gets them: through the entry point, blocking and asyncio alike."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError

import httpx
import pytest

from m365sim.tenant import Tenant

HOST = "contoso.sharepoint.com"
ADDRESS = "/sites/marketing/Shared Documents"


def get(url, token):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())


def test_a_blocking_client_reads_the_tenant(m365_tenant):
    token = m365_tenant.token("megan")
    site = get(f"{m365_tenant.graph_url}/v1.0/sites/{HOST}:/sites/marketing", token)
    children = get(f"{m365_tenant.graph_url}/v1.0/sites/{site['id']}/drive/root/children", token)
    top = {path[1:] for path in m365_tenant.files("/sites/marketing") if path.count("/") == 1}
    assert {child["name"] for child in children["value"]} == top
    assert m365_tenant.not_modelled == []


async def test_an_asyncio_client_reads_the_tenant(m365_tenant):
    async with httpx.AsyncClient() as http:
        data = {
            "grant_type": "client_credentials",
            "client_id": m365_tenant.daemon_app.client_id,
            "client_secret": m365_tenant.daemon_app.client_secret,
            "scope": f"{m365_tenant.graph_url}/.default",
        }
        url = f"{m365_tenant.login_url}/{m365_tenant.domain}/oauth2/v2.0/token"
        token = (await http.post(url, data=data)).json()["access_token"]
        auth = {"Authorization": f"Bearer {token}"}
        answer = await http.get(
            f"{m365_tenant.graph_url}/v1.0/sites?search=marketing", headers=auth
        )
        names = {site["displayName"] for site in answer.json()["value"]}
    assert "Marketing" in names


def test_downloads_work_where_no_resolver_knows_localhost_names(m365_tenant):
    url = f"{m365_tenant.sharepoint_url}/sites/marketing/_api/web?$select=Title"
    assert (
        "Marketing"
        in httpx.get(
            url,
            headers={"Authorization": f"Bearer {m365_tenant.token('alex', resource='sharepoint')}"},
        ).text
    )


def test_every_test_has_a_tenant_of_its_own_part_one(m365_tenant):
    assert "/mine.txt" not in m365_tenant.files()
    m365_tenant.put("/sites/marketing/Shared Documents/mine.txt", "x")


def test_every_test_has_a_tenant_of_its_own_part_two(m365_tenant):
    test_every_test_has_a_tenant_of_its_own_part_one(m365_tenant)


@pytest.mark.m365(
    files={f"{ADDRESS}/Deep/er/Größe.txt": "1 m", f"{ADDRESS}/b.bin": b"\0"},
    now="2026-03-01T12:00:00+01:00",
)
def test_the_marker_seeds_files_and_time(m365_tenant):
    assert m365_tenant.read(f"{ADDRESS}/Deep/er/Größe.txt") == b"1 m"
    assert m365_tenant.read(f"{ADDRESS}/b.bin") == b"\0"
    assert m365_tenant.truth()["now"] == "2026-03-01T11:00:00+00:00"


@pytest.mark.m365(files=2_000, throttle=True, auto_sign_in="megan", seed=7)
class TestMarkersOfAClass:
    @pytest.mark.m365(files=1_000)
    def test_the_nearest_marker_counts(self, m365_tenant):
        assert len(m365_tenant.files("/sites/archive")) == 1_010
        assert m365_tenant.call(lambda world: world.throttle.is_on)
        assert m365_tenant.call(lambda world: world.auto_sign_in) == m365_tenant.user("megan").upn


def test_files_change_behind_the_clients_back(m365_tenant):
    first = m365_tenant.put(f"{ADDRESS}/New/plan.txt", "one", by="megan")
    assert m365_tenant.put(f"{ADDRESS}/New/plan.txt", b"two") == first
    assert m365_tenant.move(f"{ADDRESS}/New/plan.txt", f"{ADDRESS}/Press/Plan B.txt") == first
    assert m365_tenant.files()["/Press/Plan B.txt"]["id"] == first
    assert m365_tenant.read("/sites/marketing/documents/press/PLAN b.txt") == b"two"
    m365_tenant.delete(f"{ADDRESS}/Press/Plan B.txt")
    assert "/Press/Plan B.txt" not in m365_tenant.files()


def test_faults_strike_and_tell(m365_tenant, m365_faults):
    fault = m365_faults.add(host="graph", path="/v1.0/sites/root", status=503, retry_after=1)
    with pytest.raises(HTTPError) as refused:
        get(f"{m365_tenant.graph_url}/v1.0/sites/root", m365_tenant.token())
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "1")
    refused.value.close()
    assert get(f"{m365_tenant.graph_url}/v1.0/sites/root", m365_tenant.token())["id"]
    assert [hit["fault"] for hit in m365_faults.hits] == [fault]
    m365_faults.throttle(3600)
    for _ in range(2):
        with pytest.raises(HTTPError) as refused:
            get(f"{m365_tenant.graph_url}/v1.0/sites/root", m365_tenant.token())
        refused.value.close()
    assert m365_faults.early_calls == 1
    m365_faults.remove()
    assert get(f"{m365_tenant.graph_url}/v1.0/sites/root", m365_tenant.token())["id"]
    assert [seen.status for seen in m365_tenant.requests] == [503, 200, 429, 429, 200]
    with pytest.raises(ValueError, match="no colour"):
        m365_faults.add(colour="red")


def test_time_stands_still_until_it_is_advanced(m365_tenant, m365_clock):
    token = m365_tenant.token("megan", lifetime=timedelta(minutes=61))
    began = m365_clock.now
    assert m365_clock.advance(hours=1) == began + timedelta(hours=1)
    assert get(f"{m365_tenant.graph_url}/v1.0/me", token)["displayName"] == "Megan Bowen"
    assert m365_clock.advance_to(began + timedelta(minutes=62)) == m365_clock.now
    with pytest.raises(HTTPError) as refused:
        get(f"{m365_tenant.graph_url}/v1.0/me", token)
    assert refused.value.code == 401
    refused.value.close()
    with pytest.raises(ValueError, match="only advance"):
        m365_clock.advance(days=-1)
    assert datetime.now(UTC) - began < timedelta(minutes=5)


def test_tokens_are_for_whom_they_say(m365_tenant):
    graph = f"{m365_tenant.graph_url}/v1.0"
    assert get(f"{graph}/me", m365_tenant.token("adele@contoso.onmicrosoft.com"))["id"] == (
        m365_tenant.user("adele").id
    )
    for token in (m365_tenant.token(scopes=()), m365_tenant.token("megan", scopes=["User.Read"])):
        with pytest.raises(HTTPError) as refused:
            get(f"{graph}/sites/root", token)
        assert refused.value.code == 403
        refused.value.close()
    with pytest.raises(Exception, match="there is no app 'x'; there are fairlead"):
        m365_tenant.token(app="x")
    with pytest.raises(Exception, match="there is no user 'x'; there are alex@"):
        m365_tenant.token("x")
    assert m365_tenant.web_app == m365_tenant.app("fairlead")
    assert {user.name for user in m365_tenant.users} == {"alex", "megan", "adele", "diego"}


def test_the_internet_is_the_cloud(m365_tenant, m365_env):
    assert m365_tenant.graph_url == "https://graph.microsoft.com"
    assert m365_env.items() <= dict(os.environ).items()
    answer = httpx.get(
        "https://graph.microsoft.com/v1.0/me",
        headers={"Authorization": f"Bearer {m365_tenant.token('megan')}"},
        verify=ssl.create_default_context(cafile=m365_env["SSL_CERT_FILE"]),
    )
    assert answer.json()["userPrincipalName"] == m365_tenant.user("megan").upn
    script = (
        "import urllib.request as u;"
        "print(u.urlopen('https://login.microsoftonline.com/common/discovery/keys').status)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    assert said.stdout == "200\n", said.stderr


def test_what_is_not_modelled_is_told(m365_tenant):
    connection = http.client.HTTPConnection(m365_tenant.graph_url.removeprefix("http://"))
    auth = {"Authorization": f"Bearer {m365_tenant.token()}"}
    connection.request("GET", "/v1.0/planner/tasks", headers=auth)
    assert connection.getresponse().status == 400
    connection.close()
    assert m365_tenant.not_modelled == ["GET graph /v1.0/planner/tasks"]


def test_another_tenant_of_the_same_cloud(m365_tenant):
    other = Tenant("0d3f6a1c-7b52-4e0f-8a94-c1d2e3f40516", "fabrikam", "fabrikam.test", "Fabrikam")

    def found(world):
        fabrikam = world.add_tenant(other)
        site = fabrikam.content.add_site("/sites/looms", "Looms")
        fabrikam.content.add_drive(site)

    m365_tenant.call(found)
    fabrikam = m365_tenant.other("fabrikam")
    fabrikam.put("/sites/looms/Shared Documents/a.txt", "theirs")
    assert set(fabrikam.files("/sites/looms")) == {"/a.txt"}
    assert [app.name for app in fabrikam.apps] == [
        "fairlead",
        "forgotten-connector",
        "fairlead on a terminal",
    ]
    assert "fabrikam" in fabrikam.sharepoint_url
    with pytest.raises(Exception, match="no tenant 'x'; there are contoso, fabrikam"):
        m365_tenant.other("x")
