"""Who may open what, through the whole platform: groups of sites are asked of the tenant's host."""

from typing import Any

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

ALEX = "alex@contoso.onmicrosoft.com"


async def app(walk: Any, body: Any) -> dict[str, str]:
    """Connect an app that acts for itself."""
    provider = {"provider": "sharepoint-online-oauth2-cc", "unique_key": "app"}
    await walk.post("/integrations", provider)
    made = await walk.post("/connect/sessions", {"end_user": {"id": "m"}})
    answer = await walk.browser.post(
        f"{walk.fairlead.url}/oauth2/auth/app",
        params={
            "connect_session_token": made["data"]["token"],
            "params[tenantId]": TENANT_ID,
        },
        json={"client_id": DAEMON_APP_ID} | body,
    )
    assert answer.status_code == 200, answer.text
    return {"Provider-Config-Key": "app", "Connection-Id": answer.json()["connectionId"]}


async def ask(walk: Any, connection: dict[str, str], action: str, user: str = ALEX) -> Any:
    """Ask whether somebody may write to a library that groups of its site open."""
    drives = walk.cloud.world.content.drives()
    drive = next(one for one in drives if one.site.path == "/sites/marketing")
    where = {"siteId": drive.site.id, "driveId": drive.id, "itemId": drive.item_id(drive.root.uid)}
    body = {"action_name": action, "input": where | {"user": user, "level": "write"}}
    answer = await walk.product.post("/action/trigger", json=body, headers=connection)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_app_with_a_certificate_sees_into_the_groups_of_a_site(
    walk: Any, pair: Any
) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    as_app = await app(walk, {"client_certificate": pair.pem, "client_private_key": pair.key_pem})
    told = await ask(walk, as_app, "explain-drive-item-access")
    assert (told["isAllowed"], told["isCertain"], told["doubts"]) == (True, True, [])
    assert told["grants"][0]["chain"][0]["kind"] == "siteGroup"
    assert told["grants"][0]["chain"][-1]["name"] == "Alex Wilber"
    nobody = await ask(walk, as_app, "check-drive-item-access", "nobody@contoso.onmicrosoft.com")
    assert nobody["isAllowed"] is False


async def test_an_app_with_a_secret_lets_nobody_in_by_them_and_says_so(walk: Any) -> None:
    as_app = await app(walk, {"client_secret": "daemon-secret~for-tests-only"})
    told = await ask(walk, as_app, "check-drive-item-access")
    assert (told["isAllowed"], told["isCertain"]) == (False, False)
    assert "certificate" in told["reason"]
