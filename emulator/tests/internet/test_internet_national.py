"""The national clouds: the same service under other names, in addresses, ids and tokens."""

from __future__ import annotations

import base64
import json
import ssl

import httpx
import pytest

from m365sim.clouds import CLOUDS
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.internet import running
from m365sim.server import Options


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("name", [name for name in CLOUDS if name != "global"])
async def test_a_client_walks_from_discovery_to_a_file(tmp_path, name):
    cloud = CLOUDS[name]
    host = f"contoso.{cloud.sharepoint}"
    async with running(Options(cloud=cloud), ca_dir=tmp_path) as internet:
        trusting = ssl.create_default_context(cafile=internet.ca_file)
        async with httpx.AsyncClient(proxy=internet.proxy_url, verify=trusting) as client:
            document = (
                await client.get(
                    f"https://{cloud.login}/{TENANT_ID}/v2.0/.well-known/openid-configuration"
                )
            ).json()
            assert document["token_endpoint"].startswith(f"https://{cloud.login}/")
            assert document["msgraph_host"] == cloud.graph

            async def token(scope):
                answer = await client.post(
                    document["token_endpoint"],
                    data={
                        "grant_type": "client_credentials",
                        "client_id": DAEMON_APP_ID,
                        "client_secret": "daemon-secret~for-tests-only",
                        "scope": scope,
                    },
                )
                return answer.json()

            for scope in (f"https://{cloud.graph}/.default", ".default"):
                access = (await token(scope))["access_token"]
                assert claims(access)["aud"] == f"https://{cloud.graph}"
            at_sharepoint = await token(f"https://{host}/.default")
            assert claims(at_sharepoint["access_token"])["aud"] == f"https://{host}"
            refused = await token("https://graph.microsoft.com/.default")
            assert refused["error_codes"] == [500011]

            auth = {"Authorization": f"Bearer {access}"}
            graph = f"https://{cloud.graph}/v1.0"
            site = (await client.get(f"{graph}/sites/{host}:/sites/marketing", headers=auth)).json()
            assert site["id"].startswith(f"{host},")
            assert site["webUrl"] == f"https://{host}/sites/marketing"
            assert site["@odata.context"].startswith(graph)
            children = f"{graph}/sites/{site['id']}/drive/root/children?$top=2"
            page = (await client.get(children, headers=auth)).json()
            assert page["@odata.nextLink"].startswith(graph)
            assert page["@odata.context"].startswith(graph)
            there = await client.get(
                f"{graph}/sites/{site['id']}/drive/root:/Welcome.md:/content", headers=auth
            )
            assert there.headers["location"].startswith(f"https://{host}/")
            assert (await client.get(there.headers["location"])).text.startswith("# Marketing")
            assert "sharepoint.com" not in json.dumps([site, page, document])
            with pytest.raises(httpx.ProxyError, match="--cloud global"):
                await client.get("https://graph.microsoft.com/v1.0/me")


async def test_onedrives_live_on_the_national_host_too(tmp_path):
    async with running(Options(cloud=CLOUDS["us-dod"]), ca_dir=tmp_path) as internet:
        hosts = {site.host for site in internet.world.content.sites}
    assert hosts == {"contoso.sharepoint-mil.us", "contoso-my.sharepoint-mil.us"}
