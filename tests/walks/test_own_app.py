"""A customer connects through an app registration of their own, from the sign-in to the renewal."""

from dataclasses import replace
from typing import Any

from m365sim.entra.contoso import WEB_APP_ID
from m365sim.tenant import AppSecret

OWN_ID = "0a11c0de-0000-4000-8000-00000000beef"
OWN_SECRET = "the-customers-own~for-tests-only"


async def test_the_own_app_signs_in_and_renews(walk: Any) -> None:
    directory = walk.cloud.world.directory
    web = directory.apps[WEB_APP_ID]
    expires_at = web.secrets[0].expires_at
    secrets = [AppSecret(OWN_SECRET, expires_at)]
    directory.add_app(replace(web, app_id=OWN_ID, secrets=secrets))
    # the integration's own app is known to nobody
    await walk.set_up(client_id="11111111-2222-4333-8444-555555555555", client_secret="nobody")
    made = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}})
    query = {
        "connect_session_token": made["data"]["token"],
        "credentials[oauth_client_id_override]": OWN_ID,
        "credentials[oauth_client_secret_override]": OWN_SECRET,
    }
    page = await walk.browser.get(f"{walk.fairlead.url}/oauth/connect/sp", params=query)
    page = await walk.submit(
        page, username="megan@contoso.onmicrosoft.com", password="Megan-pass-1"
    )
    page = await walk.submit(page, decision="accept")
    assert "is connected" in page.text
    [one] = (await walk.get("/connections"))["connections"]
    which = {"provider_config_key": "sp", "force_refresh": "true"}
    read = await walk.get(f"/connections/{one['connection_id']}", **which)
    assert read["credentials"]["config_override"]["client_id"] == OWN_ID
    headers = {"Provider-Config-Key": "sp", "Connection-Id": one["connection_id"]}
    for path in ("v1.0/me", f"{walk.cloud.world.urls.sharepoint_of('contoso')}/_api/web"):
        answer = await walk.product.get(f"/proxy/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
    # every token is that app's, also the one for the further API
    asked = [each.app_id for each in walk.cloud.world.grants.refresh_tokens.values()]
    assert set(asked) == {OWN_ID}
