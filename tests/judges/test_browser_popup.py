"""The client for browsers in Chromium: `auth()` in a popup, the vendor's pages clicked."""

from collections.abc import Iterator
from typing import Any

import pytest
from chromium import Visit, decide, sign_in, visiting

KEY, OTHER = "clicked", "clicked-elsewhere"
DETECT = {"detectClosedAuthWindow": True}


@pytest.fixture(scope="module")
def world(staffed: Any) -> Any:
    staffed.integration(KEY)
    staffed.integration(OTHER)
    return staffed


@pytest.fixture
def visit(browser: Any, product: str, world: Any) -> Iterator[Visit]:
    world.withdraw_consent()
    with visiting(browser, product, world.host) as opened:
        yield opened


def token(world: Any, who: str, **session: Any) -> str:
    return str(world.session(end_user={"id": who}, allowed_integrations=[KEY], **session)["token"])


def test_signed_in_consented_connected(visit: Visit, world: Any) -> None:
    popup = visit.popup("auth", KEY, token=token(world, "megan"))
    sign_in(popup, "megan")
    with popup.expect_event("close"):
        decide(popup, "accept")
    made = visit.outcome()
    assert made["providerConfigKey"] == KEY
    assert made["isPending"] is False
    which = {"provider_config_key": KEY}
    read = world.get(f"/connections/{made['connectionId']}", **which)
    assert read["end_user"]["id"] == "megan"
    again = {"connection_id": made["connectionId"], "integration_id": KEY}
    renewing = world.post("/connect/sessions/reconnect", again)["data"]["token"]
    # signed in and granted: nothing is left to click
    visit.popup("reconnect", KEY, token=renewing)
    assert visit.outcome()["connectionId"] == made["connectionId"]
    renewed = world.get(f"/connections/{made['connectionId']}", **which)
    assert renewed["credentials"]["access_token"] != read["credentials"]["access_token"]


def test_refused_by_the_person(visit: Visit, world: Any) -> None:
    popup = visit.popup("auth", KEY, token=token(world, "alex"))
    sign_in(popup, "alex")
    decide(popup, "cancel")
    refused = visit.outcome()
    assert refused["type"] == "access_denied"
    assert "Try again" in refused["message"]


def test_closed_by_the_person(visit: Visit, world: Any) -> None:
    popup = visit.popup("auth", KEY, DETECT, token=token(world, "alex"))
    popup.wait_for_selector("text=Pick an account")
    popup.close()
    assert visit.outcome()["type"] == "window_closed"


@pytest.mark.parametrize(
    ("key", "kind"), [(OTHER, "integration_not_allowed"), ("nobody", "integration_not_allowed")]
)
def test_not_what_the_session_is_for(visit: Visit, world: Any, key: str, kind: str) -> None:
    visit.popup("auth", key, token=token(world, "megan"))
    assert visit.outcome()["type"] == kind


def test_who_may_not_consent_waits_for_an_administrator(visit: Visit, world: Any) -> None:
    popup = visit.popup("auth", KEY, DETECT, token=token(world, "adele"))
    sign_in(popup, "adele")
    decide(popup, "cancel")
    made = visit.outcome()
    assert made["isPending"] is True
    # the client closes its popups; this one has something to say yet
    popup.wait_for_selector("text=Waiting for an administrator")
    visit.page.wait_for_timeout(700)
    assert not popup.is_closed()
    link = popup.inner_text("pre")
    assert "/adminconsent?" in link
    [pending] = world.get("/connections", connectionId=made["connectionId"])["pending"]
    assert pending["admin_url"] == link


@pytest.mark.parametrize(
    ("provider", "credentials", "params"),
    [
        ("private-api-generic", {"apiKey": "k-1"}, {"baseUrl": "https://api.example.com"}),
        ("private-api-bearer", {"apiKey": "k-2"}, {"baseUrl": "https://api.example.com"}),
        (
            "private-api-basic",
            {"username": "u", "password": "p"},
            {"baseUrl": "https://api.example.com"},
        ),
        ("sharepoint-online-oauth2-cc", None, {"tenantId": "contoso.onmicrosoft.com"}),
    ],
)
def test_without_a_popup(
    visit: Visit, world: Any, provider: str, credentials: Any, params: dict[str, str]
) -> None:
    world.post("/integrations", {"provider": provider, "unique_key": provider})
    if credentials is None:
        app = world.app("nightly-indexer")
        credentials = {"client_id": app["app_id"], "client_secret": app["secret"]}
    permit = world.session(end_user={"id": "headless"}, allowed_integrations=[provider])["token"]
    visit.call("auth", provider, {"credentials": credentials, "params": params}, token=permit)
    visit.press()
    made = visit.outcome()
    assert made["providerConfigKey"] == provider, made
    read = world.get(f"/connections/{made['connectionId']}", provider_config_key=provider)
    kept = read["credentials"]
    assert {name: kept[name] for name in credentials} == credentials
    assert read["connection_config"].keys() >= params.keys()


def test_no_credentials_at_all(visit: Visit, world: Any) -> None:
    world.post("/integrations", {"provider": "unauthenticated", "unique_key": "open"})
    permit = world.session(end_user={"id": "headless"})["token"]
    params = {"params": {"baseUrl": "https://api.example.com"}}
    visit.call("create", "open", params, token=permit)
    visit.press()
    made = visit.outcome()
    read = world.get(f"/connections/{made['connectionId']}", provider_config_key="open")
    assert read["credentials"] == {}


def test_credentials_that_the_vendor_refuses(visit: Visit, world: Any) -> None:
    provider = "sharepoint-online-oauth2-cc"
    world.post("/integrations", {"provider": provider, "unique_key": "refused"})
    permit = world.session(end_user={"id": "headless"})["token"]
    app = world.app("nightly-indexer")
    credentials = {"client_id": app["app_id"], "client_secret": "wrong"}
    params = {"tenantId": "contoso.onmicrosoft.com"}
    visit.call("auth", "refused", {"credentials": credentials, "params": params}, token=permit)
    visit.press()
    refused = visit.outcome()
    assert refused["type"] == "client_credentials_fetch_error"
    assert "secret" in refused["message"]
    visit.call("auth", "refused", {"credentials": credentials}, token=permit)
    visit.press()
    assert visit.outcome()["type"] == "invalid_connection_config"


def test_a_page_that_is_none_of_the_products(browser: Any, product: str, world: Any) -> None:
    stranger = product.replace("127.0.0.1", "localhost")
    with visiting(browser, stranger, world.host) as visit:
        popup = visit.popup("auth", KEY, token=token(world, "megan"))
        refused = visit.outcome()
        assert refused["type"] == "origin_not_allowed"
        assert "FAIRLEAD_CONNECT_ORIGINS" in refused["message"]
        assert popup.url == "about:blank"
