import httpx

from m365sim.app import by_host
from m365sim.entra.contoso import TENANT_ID
from m365sim.testing import delegated_token
from m365sim.world import build_world


async def test_one_app_answers_for_every_real_host():
    world = build_world()
    transport = httpx.ASGITransport(by_host(world))
    auth = {"Authorization": f"Bearer {delegated_token(world)}"}
    async with httpx.AsyncClient(transport=transport) as http:
        login = (
            f"https://login.microsoftonline.com/{TENANT_ID}/v2.0/.well-known/openid-configuration"
        )
        assert (await http.get(login)).json()["issuer"].endswith("/v2.0")
        site = "https://graph.microsoft.com/v1.0/sites/contoso.sharepoint.com:/sites/marketing"
        found = (await http.get(site, headers=auth)).json()
        content = (
            f"https://graph.microsoft.com/v1.0/sites/{found['id']}/drive/root:/Welcome.md:/content"
        )
        moved = await http.get(content, headers=auth)
        assert moved.headers["location"].startswith("https://contoso.sharepoint.com/")
        assert (await http.get(moved.headers["location"])).text.startswith("# Marketing")
