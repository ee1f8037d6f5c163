"""Two tenants in one cloud: one directory, and nothing else in common."""

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from m365sim.app import by_host
from m365sim.control import control_app
from m365sim.entra.contoso import DAEMON_APP_ID, WEB_APP_ID
from m365sim.entra.resources import GRAPH, Resource
from m365sim.entra.tokens import issue_access_token
from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob
from m365sim.server import running
from m365sim.tenant import Tenant, User
from m365sim.testing import app_token, delegated_token
from m365sim.truth import truth
from m365sim.world import build_world

API = "https://graph.microsoft.com/v1.0"
LOGIN = "https://login.microsoftonline.com"
FABRIKAM = Tenant(
    "11111111-2222-4333-8444-555555555555", "fabrikam", "fabrikam.onmicrosoft.com", "Fabrikam"
)
REDIRECT = "http://127.0.0.1:3003/oauth/callback"


@pytest.fixture
def world():
    made = build_world()
    other = made.add_tenant(FABRIKAM)
    fred = made.directory.add_user(
        User("fred-id", FABRIKAM.id, "fred@fabrikam.onmicrosoft.com", "Fred Fox", "Fred-pass-1",
             "fred@fabrikam.onmicrosoft.com", is_admin=True)
    )  # fmt: skip
    root = other.content.add_site("", "Fabrikam")
    drive = other.content.add_drive(root, owner=Actor(fred.id, fred.display_name, fred.email))
    drive.put_file(drive.root, "Ours.txt", MemoryBlob(b"of fabrikam"), Actor())
    yield made
    made.close()


@pytest.fixture
def other(world):
    return world.tenants[FABRIKAM.id]


@pytest.fixture
async def http(world):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(by_host(world))) as client:
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def web_token(world, upn, resource=GRAPH, scopes=("Sites.ReadWrite.All", "User.Read.All")):
    user = world.directory.user_by_upn(upn)
    return issue_access_token(
        world, tenant=world.directory.tenants[user.tenant_id],
        app=world.directory.apps[WEB_APP_ID], resource=resource,
        lifetime=timedelta(hours=1), appidacr="1", user=user, scopes=frozenset(scopes),
    )  # fmt: skip


async def test_each_token_sees_the_sites_drives_and_people_of_its_own_tenant(world, other, http):
    ours, theirs = world.content.drives()[0], other.content.drives()[0]
    mine = bearer(web_token(world, "alex@contoso.onmicrosoft.com"))
    his = bearer(web_token(world, "fred@fabrikam.onmicrosoft.com"))
    for headers, own, foreign in ((mine, ours, theirs), (his, theirs, ours)):
        assert (await http.get(f"{API}/drives/{own.id}/root", headers=headers)).status_code == 200
        assert (await http.get(f"{API}/drives/{foreign.id}", headers=headers)).status_code == 404
        assert (
            await http.get(f"{API}/sites/{foreign.site.id}", headers=headers)
        ).status_code == 404
        root = (await http.get(f"{API}/sites/root", headers=headers)).json()
        assert root["siteCollection"]["hostname"] == own.site.host
    found = (await http.get(f"{API}/sites?search=*", headers=his)).json()["value"]
    assert [site["displayName"] for site in found] == ["Fabrikam"]
    people = (await http.get(f"{API}/users", headers=his)).json()["value"]
    assert [user["userPrincipalName"] for user in people] == ["fred@fabrikam.onmicrosoft.com"]
    stranger = await http.get(f"{API}/users/alex@contoso.onmicrosoft.com", headers=his)
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (
        404,
        "Request_ResourceNotFound",
    )


async def test_a_multi_tenant_app_gets_a_token_in_every_tenant_that_consented(world, http):
    app = world.directory.apps[DAEMON_APP_ID]
    app.multi_tenant = True

    async def ask(domain):
        return await http.post(
            f"{LOGIN}/{domain}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials", "client_id": DAEMON_APP_ID,
                "client_secret": "daemon-secret~for-tests-only",
                "scope": "https://graph.microsoft.com/.default",
            },
        )  # fmt: skip

    refused = await ask("fabrikam.onmicrosoft.com")
    assert refused.json()["error_codes"] == [700016]
    world.directory.assign_roles(FABRIKAM.id, DAEMON_APP_ID, "graph", frozenset({"Sites.Read.All"}))
    sites = {}
    for domain in ("contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com"):
        token = (await ask(domain)).json()["access_token"]
        answer = await http.get(f"{API}/sites/getAllSites", headers=bearer(token))
        sites[domain] = {site["webUrl"].split("/")[2] for site in answer.json()["value"]}
    assert sites["fabrikam.onmicrosoft.com"] == {"fabrikam.sharepoint.com"}
    assert sites["contoso.onmicrosoft.com"] <= {
        "contoso.sharepoint.com",
        "contoso-my.sharepoint.com",
    }


async def test_the_tenant_hosts_take_the_tokens_of_their_own_tenant_only(world, other, http):
    contoso = Resource("sharepoint", "https://contoso.sharepoint.com")
    fabrikam = Resource("sharepoint", "https://fabrikam.sharepoint.com")

    async def title(host, token):
        headers = bearer(token) | {"accept": "application/json"}
        return await http.get(f"https://{host}.sharepoint.com/_api/web", headers=headers)

    def right(one, resource):
        roles = ("Sites.Read.All",)
        return app_token(one, roles, resource=resource, appidacr="2")

    assert (await title("contoso", right(world, contoso))).json()["Title"] == "Communication site"
    assert (await title("fabrikam", right(other, fabrikam))).json()["Title"] == "Fabrikam"
    assert (await title("fabrikam", right(world, contoso))).status_code == 401
    assert (await title("contoso", right(other, fabrikam))).status_code == 401
    assert (await title("fabrikam", right(world, fabrikam))).status_code == 401  # another's `tid`
    challenge = (await title("fabrikam", "none")).headers["www-authenticate"]
    assert f'realm="{FABRIKAM.id}"' in challenge
    nobody = await title("nobody", right(world, contoso))
    assert (nobody.status_code, nobody.text) == (404, "404 FILE NOT FOUND")


async def test_a_file_of_the_second_tenant_is_downloaded_from_its_own_host(world, http):
    his = bearer(web_token(world, "fred@fabrikam.onmicrosoft.com"))
    moved = await http.get(f"{API}/sites/root/drive/root:/Ours.txt:/content", headers=his)
    assert moved.headers["location"].startswith("https://fabrikam.sharepoint.com/")
    assert (await http.get(moved.headers["location"])).text == "of fabrikam"
    elsewhere = moved.headers["location"].replace("fabrikam.", "contoso.")
    assert (await http.get(elsewhere)).status_code == 401  # signed with another tenant's key


async def test_somebody_of_another_tenant_signs_in_as_the_guest_that_he_is(world, http):
    query = {
        "client_id": WEB_APP_ID, "response_type": "code", "redirect_uri": REDIRECT,
        "scope": "User.Read", "state": "s",
    }  # fmt: skip
    world.auto_sign_in = "fred@fabrikam.onmicrosoft.com"
    address = f"{LOGIN}/contoso.onmicrosoft.com/oauth2/v2.0/authorize?{urlencode(query)}"
    refused = await http.get(address)
    assert "AADSTS50020" in refused.headers["location"]
    guest = world.directory.add_user(
        User("guest-id", world.tenant.id, "fred_fabrikam.onmicrosoft.com#EXT#@" + world.tenant.domain,
             "Fred Fox", "", "fred@fabrikam.onmicrosoft.com")
    )  # fmt: skip
    allowed = await http.get(address)
    code = parse_qs(urlsplit(allowed.headers["location"]).query)["code"][0]
    answer = await http.post(
        f"{LOGIN}/contoso.onmicrosoft.com/oauth2/v2.0/token",
        data={
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
            "client_id": WEB_APP_ID, "client_secret": "fairlead-secret~for-tests-only",
        },
    )  # fmt: skip
    me = await http.get(f"{API}/me", headers=bearer(answer.json()["access_token"]))
    assert me.json()["id"] == guest.id
    root = await http.get(f"{API}/sites/root", headers=bearer(answer.json()["access_token"]))
    assert root.status_code == 403  # open to the organisation, and he is none of it
    guest.enabled = False
    assert "AADSTS50057" in (await http.get(address)).headers["location"]


async def test_the_control_api_tells_tenants_apart(world, other):
    control = httpx.ASGITransport(control_app(world))
    async with httpx.AsyncClient(transport=control, base_url="http://control/_m365sim") as http:
        named = (await http.get("/tenants")).json()["tenants"]
        assert [one["name"] for one in named] == ["contoso", "fabrikam"]
        for key in ("fabrikam", FABRIKAM.id, "Fabrikam.onmicrosoft.com"):
            shown = (await http.get("/truth", params={"tenant": key})).json()
            assert shown["sites"] == truth(other)["sites"]
        unknown = await http.get("/truth?tenant=nobody")
        assert (unknown.status_code, unknown.json()) == (
            400,
            {"error": "There is no tenant nobody."},
        )
        assert (await http.post("/delta/expire?tenant=fabrikam")).status_code == 204
        assert other.content.drives()[0].log.floor > 0
        assert world.content.drives()[0].log.floor == 0


async def test_requests_that_are_not_modelled_count_for_all_tenants(world, http):
    his = bearer(web_token(world, "fred@fabrikam.onmicrosoft.com"))
    mine = bearer(delegated_token(world))
    for headers in (his, mine):
        answer = await http.get(f"{API}/planner/plans", headers=headers)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["code"]
    odd = await http.get("https://fabrikam.sharepoint.com/_layouts/15/odd.aspx", headers=his)
    assert odd.status_code in (401, 404)
    there = Resource("sharepoint", "https://contoso.sharepoint.com")
    token = app_token(world, resource=there, appidacr="2")
    accept = {"accept": "application/json;odata=nometadata"}
    web = "https://contoso.sharepoint.com/_api/web"
    unknown = await http.get(f"{web}/oddities", headers=bearer(token) | accept)
    assert unknown.status_code == 404
    assert "odata.error" in unknown.json()
    page = await http.get(f"{LOGIN}/contoso.onmicrosoft.com/oauth2/v9.0/odd")
    assert page.status_code == 404
    counted = world.faults.traffic.report()["notModelled"]
    assert [(one["surface"], one["count"]) for one in counted] == [
        ("graph", 2),
        ("login", 1),
        ("sharepoint", 1),
        ("sharepoint", 1),
    ]
    world.faults.traffic.clear()
    assert (await http.get(web, headers=bearer(token) | accept)).status_code == 200
    assert world.faults.traffic.report()["notModelled"] == []


async def test_every_tenant_has_its_own_host_on_the_ports(world):
    async with running(world) as cloud, httpx.AsyncClient() as http:
        port = urlsplit(cloud.urls.sharepoint_of("x")).port
        for label, realm in (("fabrikam", FABRIKAM.id), ("contoso", world.tenant.id)):
            answer = await http.get(
                f"http://127.0.0.1:{port}/_api/web",
                headers={"host": f"{label}.localhost:{port}", "authorization": "Bearer"},
            )
            assert f'realm="{realm}"' in answer.headers["www-authenticate"]
