"""Who is asked for consent, and who is not: what the session, the operator and the admin decide."""

from html import unescape
from typing import Any

import httpx

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID

OVERRIDE = {"sp": {"authorization_params": {"scope": ".default offline_access", "prompt": ""}}}


def approve(walk: Any) -> None:
    """Let an administrator have granted everything that the registration lists."""
    directory = walk.cloud.world.directory
    for resource, names in directory.apps[WEB_APP_ID].delegated_permissions.items():
        directory.grant(TENANT_ID, WEB_APP_ID, resource, names)


async def signed_in(walk: Any, person: str = "adele", **session: Any) -> Any:
    """Follow a connect link and sign in; return the page where that leads."""
    made = await walk.post("/connect/sessions", {"end_user": {"id": person}, **session})
    page = await walk.browser.get(made["data"]["connect_link"])
    page = await walk.submit(page)
    return await walk.submit(
        page, username=f"{person}@contoso.onmicrosoft.com", password=f"{person.title()}-pass-1"
    )


async def test_nobody_is_asked_where_the_admin_granted_everything(walk: Any) -> None:
    approve(walk)
    await walk.set_up()
    page = await signed_in(walk, integrations_config_defaults=OVERRIDE)
    # no consent screen in between, though adele may not consent
    assert page.status_code == 200
    assert "is connected" in page.text
    [made] = (await walk.get("/connections"))["connections"]
    read = await walk.get(
        f"/connections/{made['connection_id']}", provider_config_key="sp", refresh_token="true"
    )
    assert read["credentials"]["refresh_token"]
    headers = {"Provider-Config-Key": "sp", "Connection-Id": made["connection_id"]}
    for path in ("/proxy/v1.0/sites/root", "/proxy/v1.0/me"):
        assert (await walk.product.get(path, headers=headers)).status_code == 200
    again = await walk.get(
        f"/connections/{made['connection_id']}", provider_config_key="sp", force_refresh="true"
    )
    assert again["credentials"]["access_token"] != read["credentials"]["access_token"]


async def test_with_prompt_consent_everybody_is_asked(walk: Any) -> None:
    approve(walk)
    await walk.set_up(integration_config={"authorization_params.prompt": "consent"})
    page = await signed_in(walk, "megan")
    assert "Permissions requested" in page.text
    # who may not consent is sent for an administrator, although one has granted everything
    walk.browser.cookies.clear()
    page = await signed_in(walk, "adele")
    assert "Need admin approval" in page.text
    page = await walk.submit(page, decision="cancel")
    assert "dministrator" in page.text
    # the session's word wins over the operator's
    walk.browser.cookies.clear()
    page = await signed_in(walk, "adele", integrations_config_defaults=OVERRIDE)
    assert "is connected" in page.text


async def test_a_connection_waits_for_an_administrator_and_goes_on(walk: Any) -> None:
    await walk.set_up(integration_config={"authorization_params.prompt": "consent"})
    page = await walk.submit(await signed_in(walk, "adele"), decision="cancel")
    assert page.status_code == 202
    assert "Waiting for an administrator" in page.text
    listed = await walk.get("/connections")
    [pending] = listed["pending"]
    assert pending["admin_url"] in unescape(page.text)
    look = f"{walk.fairlead.url}{page.headers['refresh'].partition('url=')[2]}"
    assert (await walk.browser.get(look)).status_code == 202
    # the administrator opens the link in a browser of their own
    person, walk.browser = walk.browser, httpx.AsyncClient(follow_redirects=True, timeout=30)
    async with walk.browser:
        page = await walk.browser.get(pending["admin_url"])
        page = await walk.submit(
            page, username="alex@contoso.onmicrosoft.com", password="Alex-pass-1"
        )
        page = await walk.submit(page, decision="accept")
        assert "The app is approved" in page.text
    walk.browser = person
    # the page that waits comes back by itself, and leads through without another question
    page = await walk.browser.get(look)
    assert page.status_code == 200, page.text
    assert "is connected" in page.text
    listed = await walk.get("/connections")
    [made] = listed["connections"]
    assert made["connection_id"] == pending["connection_id"]
    assert "pending" not in listed
    headers = {"Provider-Config-Key": "sp", "Connection-Id": made["connection_id"]}
    assert (await walk.product.get("/proxy/v1.0/sites/root", headers=headers)).status_code == 200


async def test_a_closed_browser_keeps_nobody_from_being_connected(walk: Any) -> None:
    await walk.set_up(integration_config={"authorization_params.prompt": "consent"})
    page = await walk.submit(await signed_in(walk, "adele"), decision="cancel")
    assert page.status_code == 202
    [pending] = (await walk.get("/connections"))["pending"]
    # nobody looks any more; the administrator approves days later, elsewhere
    await walk.browser.aclose()
    walk.browser = httpx.AsyncClient(follow_redirects=True, timeout=30)
    page = await walk.browser.get(pending["admin_url"])
    page = await walk.submit(page, username="alex@contoso.onmicrosoft.com", password="Alex-pass-1")
    page = await walk.submit(page, decision="accept")
    assert "The app is approved" in page.text
    # the person opens the app again, on another machine: no consent screen, whatever is configured
    walk.browser.cookies.clear()
    page = await signed_in(walk, "adele")
    assert "is connected" in page.text
    listed = await walk.get("/connections")
    assert "pending" not in listed
    assert [one["connection_id"] for one in listed["connections"]] == [pending["connection_id"]]
    await walk.browser.aclose()
