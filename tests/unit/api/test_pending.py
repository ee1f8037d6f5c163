"""Connections that wait for an administrator: who is told what, and how they go on."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from told import told

from fairlead.store import outbox

REFUSED = {"error": "access_denied", "error_description": "consent_required"}


async def waiting(world: Any, **session: Any) -> tuple[Any, str, str]:
    """Let a trip wait; return the page, where it looks again, and the administrator's link."""
    if not (await world.client.get("/integrations")).json()["data"]:
        await world.integration("h", "acme-hosted")
    token = await world.session(**session)
    state = await world.depart("h", token, **{"params[site]": "contoso"})
    page = await world.land(state, **REFUSED)
    assert page.status_code == 202, page.text
    link = re.search(r"<pre[^>]*>([^<]*)</pre>", page.text)
    assert link
    return page, page.headers["refresh"].partition("url=")[2], unescape(link[1])


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


async def approve(world: Any, link: str, **query: str) -> Any:
    """Come back as the administrator: from another browser, without a cookie."""
    query = {"admin_consent": "True", "state": state_of(link)} | query
    return await world.client.get("/oauth/callback", params=query)


async def test_the_link_and_the_page(world: Any) -> None:
    page, again, link = await waiting(world)
    assert "Waiting for an administrator" in page.text
    url = urlsplit(link)
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{world.vendor.url}/contoso/admin"
    query = parse_qs(url.query)
    assert query["client_id"] == ["client-1"]
    assert query["scope"] == ["all"]
    assert query["redirect_uri"] == ["http://fairlead.test/oauth/callback"]
    # whoever is forwarded the link cannot go on in the end user's place
    assert query["state"][0] not in again
    assert parse_qs(urlsplit(again).query)["token"][0] not in link
    looked = await world.browser.get(again)
    assert (looked.status_code, looked.headers["refresh"]) == (202, page.headers["refresh"])


async def test_the_product_is_told(world: Any, check: Any) -> None:
    _, _, link = await waiting(world)
    listed = (await world.client.get("/connections")).json()
    assert listed["connections"] == []
    [pending] = listed["pending"]
    assert pending["admin_url"] == link
    assert (pending["provider_config_key"], pending["approved"]) == ("h", False)
    assert pending["end_user"]["id"] == "u1"
    name = pending["connection_id"]
    read = await world.client.get(f"/connections/{name}?provider_config_key=h")
    error = check(read, 424, "pending_admin")
    assert error["payload"] == {"admin_url": link}
    assert link in error["message"]
    for query, found in (("integrationId=x", 0), (f"connectionId={name}", 1), ("endUserId=u2", 0)):
        listed = (await world.client.get(f"/connections?{query}")).json()
        assert len(listed.get("pending", [])) == found


async def test_it_goes_on_after_approval(world: Any) -> None:
    _, again, link = await waiting(world)
    page = await approve(world, link)
    assert page.status_code == 200
    assert "The app is approved" in page.text
    [pending] = (await world.client.get("/connections")).json()["pending"]
    assert pending["approved"] is True
    away = await world.browser.get(again)
    assert away.status_code == 302
    page = await world.land(state_of(away.headers["location"]), code="good")
    assert "Acme Hosted is connected" in page.text
    listed = (await world.client.get("/connections")).json()
    assert "pending" not in listed
    [made] = listed["connections"]
    assert made["connection_id"] == pending["connection_id"]
    assert made["tags"] == {"end_user_id": "u1", "end_user_display_name": "Ada"}
    assert (await world.browser.get(again)).status_code == 400


async def test_it_goes_on_days_later_and_when_asked(world: Any) -> None:
    defaults = {"h": {"authorization_params": {"prompt": "consent", "hint": "x"}}}
    _, again, _ = await waiting(world, integrations_config_defaults=defaults)
    world.clock.advance(timedelta(days=13))
    away = await world.browser.get(f"{again}&again=true")
    params = parse_qs(urlsplit(away.headers["location"]).query)
    # who may not consent is not asked to
    assert (params.get("prompt"), params["hint"]) == (None, ["x"])
    page = await world.land(params["state"][0], code="good")
    assert page.status_code == 200


async def test_it_waits_again_if_it_was_not_approved_after_all(world: Any) -> None:
    _, again, link = await waiting(world)
    await approve(world, link)
    away = await world.browser.get(again)
    page = await world.land(state_of(away.headers["location"]), **REFUSED)
    assert page.status_code == 202
    # one wait a connection: the first is over
    assert len((await world.client.get("/connections")).json()["pending"]) == 1
    assert (await world.browser.get(again)).status_code == 400


async def test_an_administrator_who_refuses(world: Any) -> None:
    _, again, link = await waiting(world)
    page = await approve(world, link, error="access_denied", error_description="No <b>way</b>")
    assert page.status_code == 400
    assert "The app was not approved." in page.text
    assert "<b>way" not in page.text
    assert (await world.browser.get(again)).status_code == 202


async def test_what_nobody_waits_for(world: Any) -> None:
    page = await world.client.get("/oauth/callback?admin_consent=True&state=x")
    assert page.status_code == 400
    assert "Nothing waits here" in page.text
    _, again, link = await waiting(world)
    world.clock.advance(timedelta(days=15))
    assert (await approve(world, link)).status_code == 400
    assert (await world.browser.get(again)).status_code == 400
    assert (await world.browser.get("/oauth/pending")).status_code == 400
    assert (await world.client.get("/connections")).json() == {"connections": []}


async def test_a_provider_without_such_a_page_fails_as_before(world: Any) -> None:
    await world.integration()
    page = await world.land(await world.depart(), **REFUSED)
    assert page.status_code == 400
    assert "pending" not in (await world.client.get("/connections")).json()


async def events(world: Any) -> list[dict[str, Any]]:
    async with world.services.db.write() as tx:
        return [event.payload for event in await told(tx, world.clock.now())]


async def test_whoever_closed_the_browser_comes_back_by_any_link(world: Any) -> None:
    _, again, link = await waiting(world)
    [told] = await events(world)
    assert told["error"]["type"] == "pending_admin"
    world.browser.cookies.clear()
    # the administrator approves while nobody looks; the product is told, once
    for _ in range(2):
        assert (await approve(world, link)).status_code == 200
    [told] = await events(world)
    assert (told["type"], told["success"], told["endUser"]["endUserId"]) == ("auth", False, "u1")
    assert told["error"]["type"] == "admin_approved"
    assert "must open the connect page once more" in told["error"]["description"]
    # another visit, another session: the connection is the one that was announced
    config = {"authorization_params.prompt": "consent"}
    changed = await world.client.patch("/integrations/h", json={"integration_config": config})
    assert changed.status_code == 200, changed.text
    token = await world.session()
    query = {"connect_session_token": token, "params[site]": "contoso"}
    away = await world.browser.get("/oauth/connect/h", params=query)
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    # nothing is asked of whom an administrator spared the question
    assert "prompt" not in asked
    page = await world.land(asked["state"][0], code="good")
    assert "is connected" in page.text
    listed = (await world.client.get("/connections")).json()
    assert "pending" not in listed
    [made] = listed["connections"]
    assert made["connection_id"] == told["connectionId"]
    [told] = await events(world)
    assert (told["success"], told["operation"]) == (True, "creation")
    assert (await world.browser.get(again)).status_code == 400


async def test_somebody_elses_wait_is_left_alone(world: Any) -> None:
    await waiting(world)
    [pending] = (await world.client.get("/connections")).json()["pending"]
    token = await world.session(end_user={"id": "u2"})
    page = await world.land(await world.depart("h", token, **{"params[site]": "x"}), code="good")
    assert page.status_code == 200
    listed = (await world.client.get("/connections")).json()
    assert [one["connection_id"] for one in listed["pending"]] == [pending["connection_id"]]
    assert listed["connections"][0]["connection_id"] != pending["connection_id"]
    # who comes back before anybody approved waits on, for the same connection
    _, _, _ = await waiting(world)
    listed = (await world.client.get("/connections")).json()
    assert [one["connection_id"] for one in listed["pending"]] == [pending["connection_id"]]


# --- apps, which act for themselves

APP = {"client_id": "app-1", "client_secret": "hush-of-the-app"}
UNAPPROVED = {"error": "invalid_grant", "error_description": "consent_required"}


async def app_waits(world: Any, refusal: Any = UNAPPROVED) -> dict[str, Any]:
    """Fill in an app that nobody has approved; return what the browser is told."""
    if not (await world.client.get("/integrations")).json()["data"]:
        await world.integration("app", "acme-app", credentials=None)
    world.vendor.token_status, world.vendor.token_error = 400, refusal
    query = {"connect_session_token": await world.session(), "params[site]": "contoso"}
    answer = await world.browser.post("/oauth2/auth/app", params=query, json=APP)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def events_of(world: Any) -> list[tuple[bool, str]]:
    """Return what was announced since the last look."""
    async with world.services.db.write() as tx:
        due = await outbox.claim(tx, world.clock.now(), 100)
    payloads = [event.payload for event, attempt in due if attempt == 1]
    return [(one["success"], one.get("error", {}).get("type", "")) for one in payloads]


async def tried(world: Any) -> None:
    await world.services.apps.look()
    await world.services.apps.settle()


async def test_an_app_goes_on_by_itself(world: Any, check: Any) -> None:
    told = await app_waits(world)
    assert (told["providerConfigKey"], told["isPending"]) == ("app", True)
    link = urlsplit(told["adminUrl"])
    assert link.path == "/contoso/admin"
    assert parse_qs(link.query)["client_id"] == ["app-1"]
    assert "hush" not in told["adminUrl"]
    path = world.services.settings.sqlite_path
    kept = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert told["connectionId"].encode() in kept
    assert b"hush" not in kept
    [pending] = (await world.client.get("/connections")).json()["pending"]
    assert pending["connection_id"] == told["connectionId"]
    assert await events_of(world) == [(False, "pending_admin")]
    name = told["connectionId"]
    read = await world.client.get(f"/connections/{name}?provider_config_key=app")
    check(read, 424, "pending_admin")
    # filled in once more, it is the same connection
    assert (await app_waits(world))["connectionId"] == name
    await events_of(world)
    # nobody comes back; it is asked for every now and then
    asked = len(world.vendor.token_forms)
    await tried(world)
    assert len(world.vendor.token_forms) == asked
    world.clock.advance(timedelta(minutes=2))
    await tried(world)
    assert len(world.vendor.token_forms) == asked + 1
    assert await events_of(world) == []
    world.vendor.token_status = 200
    world.clock.advance(timedelta(minutes=2))
    await tried(world)
    listed = (await world.client.get("/connections")).json()
    assert [one["connection_id"] for one in listed["connections"]] == [name]
    assert "pending" not in listed
    assert await events_of(world) == [(True, "")]


async def test_an_app_is_tried_as_soon_as_the_administrator_returns(world: Any) -> None:
    told = await app_waits(world)
    page = await approve(world, told["adminUrl"])
    assert "The app is approved" in page.text
    # the vendor does not know of it everywhere yet
    [pending] = (await world.client.get("/connections")).json()["pending"]
    assert pending["approved"] is True
    world.vendor.token_status = 200
    world.clock.advance(timedelta(seconds=15))
    await tried(world)
    assert len((await world.client.get("/connections")).json()["connections"]) == 1
    assert [kind for _, kind in await events_of(world)] == ["pending_admin", ""]


async def test_an_app_that_is_refused_for_another_reason_waits_no_more(
    world: Any, check: Any
) -> None:
    told = await app_waits(world)
    world.vendor.token_error = {"error": "temporarily"}
    world.vendor.token_status = 503
    world.clock.advance(timedelta(minutes=2))
    await tried(world)
    assert len((await world.client.get("/connections")).json()["pending"]) == 1
    world.vendor.token_status, world.vendor.token_error = 400, {"error": "invalid_client"}
    world.clock.advance(timedelta(minutes=2))
    await tried(world)
    assert (await world.client.get("/connections")).json() == {"connections": []}
    kinds = [kind for _, kind in await events_of(world)]
    assert kinds == ["pending_admin", "provider_rejected"]
    # whoever asks for it is told why there is none
    read = await world.client.get(f"/connections/{told['connectionId']}?provider_config_key=app")
    check(read, 424, "provider_rejected")


UNKNOWN = {"error": "unauthorized_client", "error_description": "unknown_app"}


async def test_an_id_that_may_be_mistyped_is_doubted_and_given_up(world: Any, check: Any) -> None:
    told = await app_waits(world, UNKNOWN)
    assert "does not know the app app-1" in told["message"]
    assert "compare it with the app's registration" in told["message"]
    [pending] = (await world.client.get("/connections")).json()["pending"]
    assert pending["problem"]["code"] == "unknown_client"
    assert "mistyped" in pending["problem"]["message"]
    where = f"/connections/{told['connectionId']}?provider_config_key=app"
    error = check(await world.client.get(where), 424, "pending_admin")
    assert "mistyped" in error["message"]
    # the vendor knows it after all, but nobody approved it: the doubt is gone, and comes again
    for answer, is_doubted in ((UNAPPROVED, False), (UNKNOWN, True)):
        world.vendor.token_error = answer
        world.clock.advance(timedelta(hours=1))
        await tried(world)
        [pending] = (await world.client.get("/connections")).json()["pending"]
        assert bool(pending["problem"]) is is_doubted
    assert [kind for _, kind in await events_of(world)] == ["pending_admin"]
    world.clock.advance(timedelta(days=3))
    await tried(world)
    assert await events_of(world) == [(False, "unknown_client")]
    assert "pending" not in (await world.client.get("/connections")).json()
    error = check(await world.client.get(where), 424, "unknown_client")
    assert "connect again" in error["message"]
    assert "administrator must approve" in error["message"]
    path = world.services.settings.sqlite_path
    assert b"hush" not in b"".join(
        each.read_bytes() for each in path.parent.glob(f"{path.name}-*l")
    )
    # it is over: an approval comes too late, and nothing is tried
    asked = len(world.vendor.token_forms)
    page = await approve(world, told["adminUrl"])
    assert page.status_code == 400
    assert "connect again" in page.text
    await tried(world)
    assert len(world.vendor.token_forms) == asked
    # filled in once more, it waits anew under the same id
    assert (await app_waits(world, UNAPPROVED))["connectionId"] == told["connectionId"]


async def test_who_is_approved_but_still_unknown_a_day_later(world: Any) -> None:
    told = await app_waits(world, UNKNOWN)
    world.clock.advance(timedelta(days=2))
    await approve(world, told["adminUrl"])
    world.clock.advance(timedelta(hours=23))
    await tried(world)
    assert len((await world.client.get("/connections")).json()["pending"]) == 1
    world.clock.advance(timedelta(hours=4))
    await tried(world)
    assert [kind for _, kind in await events_of(world)] == ["pending_admin", "unknown_client"]


async def test_the_page_says_what_may_be_wrong(world: Any) -> None:
    await world.integration("app", "acme-app", credentials=None)
    world.vendor.token_status, world.vendor.token_error = 400, UNKNOWN
    form = {"integration": "app", "config.site": "contoso", **APP}
    form["session_token"] = await world.session()
    page = await world.browser.post("/connect/", data=form)
    assert page.status_code == 202, page.text
    assert "If the id is mistyped, no approval will help" in page.text
    again = page.headers["refresh"].partition("url=")[2]
    assert "If the id is mistyped" in (await world.browser.get(again)).text
    world.clock.advance(timedelta(days=3))
    await tried(world)
    looked = await world.browser.get(again)
    assert "connect again" in looked.text
    assert "refresh" not in looked.headers


async def test_whoever_filled_the_app_in_sees_how_it_goes_on(world: Any) -> None:
    await world.integration("app", "acme-app", credentials=None)
    world.vendor.token_status, world.vendor.token_error = 400, UNAPPROVED
    form = {
        "session_token": await world.session(),
        "integration": "app",
        "config.site": "contoso",
        **APP,
    }
    page = await world.browser.post("/connect/", data=form)
    assert page.status_code == 202, page.text
    assert "Waiting for an administrator" in page.text
    again = page.headers["refresh"].partition("url=")[2]
    looked = await world.browser.get(again)
    assert (looked.status_code, looked.headers["refresh"]) == (202, page.headers["refresh"])
    assert (await world.browser.get(f"{again}&again=true")).status_code == 202
    world.vendor.token_status = 200
    # the page only looks; who presses the button has it tried
    assert (await world.browser.get(again)).status_code == 202
    for url in (f"{again}&again=true", again):
        page = await world.browser.get(url)
        assert page.status_code == 200
        assert "is connected" in page.text
