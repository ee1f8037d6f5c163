"""The client for browsers in Chromium: `openConnectUI()`, and what its frame tells the page."""

from collections.abc import Iterator
from typing import Any

import pytest
from chromium import Visit, barriers, decide, photograph, sign_in, visiting
from playwright.sync_api import Page, expect

KEY, ASKING, APP = "framed", "asking", "app-only"
READY = {"type": "ready"}


@pytest.fixture(scope="module")
def world(staffed: Any) -> Any:
    staffed.integration(KEY)
    staffed.integration(ASKING, "asking")
    staffed.post("/integrations", {"provider": "sharepoint-online-oauth2-cc", "unique_key": APP})
    return staffed


@pytest.fixture
def visit(browser: Any, product: str, world: Any) -> Iterator[Visit]:
    world.withdraw_consent()
    with visiting(browser, product, world.host) as opened:
        yield opened


def token(world: Any, *keys: str, who: str = "megan") -> str:
    user = {"id": who, "display_name": f"{who.title()} of Contoso"}
    return str(world.session(end_user=user, allowed_integrations=list(keys))["token"])


def window_of(visit: Visit, name: str = "Continue to") -> Page:
    with visit.page.expect_popup() as opened:
        visit.page.frame_locator("#connect-ui").get_by_role("button", name=name).click()
    return opened.value


def test_from_ready_to_close(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(token(world, KEY), lang="en", themeOverride="dark")
    expect(ui.get_by_role("heading", name="Connect SharePoint Online")).to_be_visible()
    assert visit.events(1) == [READY]
    frame = visit.frame()
    assert frame.url.startswith(f"{world.host}/connect/?theme=dark&lang=en&session_token=")
    assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    popup = window_of(visit)
    expect(ui.get_by_role("heading", name="Continue in the other window")).to_be_visible()
    sign_in(popup, "megan")
    with popup.expect_event("close"):
        decide(popup, "accept")
    [_, connected] = visit.events(2)
    assert connected["type"] == "connect"
    assert connected["payload"]["providerConfigKey"] == KEY
    made = connected["payload"]["connectionId"]
    assert connected["payload"] == {"providerConfigKey": KEY, "connectionId": made}
    world.get(f"/connections/{made}", provider_config_key=KEY)
    expect(ui.get_by_role("heading", name="is connected")).to_be_focused()
    ui.get_by_role("button", name="Done").click()
    assert visit.events(3)[2] == {"type": "close"}
    expect(visit.page.locator("#connect-ui")).to_have_count(0)


def test_open_to_everybody(visit: Visit, world: Any, axe: str) -> None:
    ui = visit.connect_ui(token(world, KEY, who="alex"))
    expect(ui.get_by_role("button", name="Continue to")).to_be_visible()

    def judged(state: str) -> None:
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            photograph(visit.page, f"framed-{state}-{scheme}")
            assert barriers(visit.frame(), axe) == [], (state, scheme)

    judged("form")
    popup = window_of(visit)
    expect(ui.get_by_role("heading", name="Continue in the other window")).to_be_visible()
    judged("away")
    sign_in(popup, "alex")
    decide(popup, "cancel")
    expect(ui.get_by_role("heading", name="was not connected")).to_be_visible()
    judged("failed")
    ui.get_by_role("button", name="Try again").click()
    popup = window_of(visit)
    decide(popup, "accept")
    expect(ui.get_by_role("heading", name="is connected")).to_be_visible()
    judged("connected")


def test_the_token_may_come_later(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui("")
    expect(ui.get_by_text("One moment")).to_be_visible()
    assert visit.events(1) == [READY]
    visit.page.evaluate("token => window.ui.setSessionToken(token)", token(world, KEY, APP))
    expect(ui.get_by_role("heading", name="What would you like to connect?")).to_be_visible()
    expect(ui.get_by_text("To Acme, for Megan of Contoso")).to_be_visible()
    # another session, while the first one's page is shown
    visit.page.evaluate("token => window.ui.setSessionToken(token)", token(world, KEY))
    expect(ui.get_by_role("heading", name="Connect SharePoint Online")).to_be_visible()
    ui.get_by_role("button", name="Close").click()
    assert visit.events(2)[1] == {"type": "close"}


def test_closed_while_it_waits_and_by_a_key(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui("")
    ui.get_by_role("button", name="Close").press("Escape")
    assert visit.events(2) == [READY, {"type": "close"}]


def test_refused_tried_again_and_closed(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(token(world, KEY, who="alex"), detectClosedAuthWindow=True)
    popup = window_of(visit)
    sign_in(popup, "alex")
    decide(popup, "cancel")
    told = visit.events(2)[1]
    assert (told["type"], told["payload"]["errorType"]) == ("error", "access_denied")
    expect(ui.get_by_text(told["payload"]["errorMessage"])).to_be_visible()
    ui.get_by_role("button", name="Try again").click()
    popup = window_of(visit)
    popup.wait_for_selector("text=Permissions requested")
    popup.close()
    told = visit.events(3)[2]
    assert (told["type"], told["payload"]["errorType"]) == ("error", "window_closed")
    expect(ui.get_by_role("button", name="Continue to")).to_be_visible()


def test_a_blocked_window_is_explained(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(token(world, KEY))
    expect(ui.get_by_role("button", name="Continue to")).to_be_visible()
    visit.frame().evaluate("() => { window.open = () => null }")
    ui.get_by_role("button", name="Continue to").click()
    told = visit.events(2)[1]
    assert (told["type"], told["payload"]["errorType"]) == ("error", "blocked_by_browser")
    ui.get_by_role("button", name="Try again").click()
    expect(ui.get_by_role("button", name="Continue to")).to_be_visible()


def test_without_a_websocket_the_window_tells(visit: Visit, world: Any) -> None:
    visit.page.add_init_script("window.WebSocket = class { constructor() { throw new Error(); } }")
    visit.page.reload()
    visit.page.wait_for_selector("body[data-ready]", state="attached")
    ui = visit.connect_ui(token(world, KEY))
    popup = window_of(visit)
    sign_in(popup, "megan")
    decide(popup, "accept")
    expect(ui.get_by_role("heading", name="is connected")).to_be_visible()
    told = visit.events(2)[1]
    assert told["type"] == "connect"
    which = {"provider_config_key": KEY}
    assert world.get(f"/connections/{told['payload']['connectionId']}", **which)


def test_who_may_not_consent_waits(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(token(world, KEY, who="adele"), detectClosedAuthWindow=True)
    popup = window_of(visit)
    sign_in(popup, "adele")
    decide(popup, "cancel")
    told = visit.events(2)[1]
    assert (told["type"], told["payload"]["isPending"]) == ("connect", True)
    expect(ui.get_by_role("heading", name="Waiting for an administrator")).to_be_visible()
    expect(popup.get_by_text("Forward them this link")).to_be_visible()


def test_what_is_filled_in_is_checked_before_the_trip(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(token(world, ASKING))
    ui.get_by_label("Tenant").fill("No tenant")
    popup = window_of(visit)
    expect(ui.get_by_text("This does not look like Tenant.")).to_be_visible()
    assert popup.is_closed()
    ui.get_by_label("Tenant").fill("contoso.onmicrosoft.com")
    popup = window_of(visit)
    sign_in(popup, "megan")
    popup.wait_for_selector("text=Permissions requested")
    assert "/contoso.onmicrosoft.com/" in popup.url


def test_credentials_are_filled_in(visit: Visit, world: Any) -> None:
    app = world.app("nightly-indexer")
    ui = visit.connect_ui(token(world, APP))
    ui.get_by_label("Tenant ID").fill("contoso.onmicrosoft.com")
    ui.get_by_label("Client ID").fill(app["app_id"])
    ui.get_by_label("Client secret").fill("wrong")
    ui.get_by_role("button", name="Connect").click()
    told = visit.events(2)[1]
    assert told["type"] == "error"
    assert told["payload"]["errorType"] == "client_credentials_fetch_error"
    expect(ui.get_by_role("alert")).to_have_text(told["payload"]["errorMessage"])
    assert ui.get_by_label("Client secret").input_value() == ""
    ui.get_by_label("Client secret").fill(app["secret"])
    ui.get_by_role("button", name="Connect").click()
    told = visit.events(3)[2]
    assert (told["type"], told["payload"]["providerConfigKey"]) == ("connect", APP)
    ui.get_by_role("button", name="Done").click()
    expect(visit.page.locator("#connect-ui")).to_have_count(0)


def test_a_session_that_is_over(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui(f"nango_connect_session_{'0' * 64}")
    expect(ui.get_by_role("heading", name="This link has expired")).to_be_visible()
    told = visit.events(2)[1]
    assert told["payload"]["errorType"] == "unknown_connect_session_token"


def test_a_page_that_is_none_of_the_products_shows_no_frame(
    browser: Any, product: str, world: Any
) -> None:
    stranger = product.replace("127.0.0.1", "localhost")
    with visiting(browser, stranger, world.host) as visit:
        with visit.page.expect_console_message(lambda each: "frame-ancestors" in each.text):
            visit.connect_ui(token(world, KEY))
        assert not visit.frame().url.startswith(world.host)
        assert visit.page.evaluate("() => window.events") == []


def test_a_token_from_another_frame_is_not_taken(visit: Visit, world: Any) -> None:
    ui = visit.connect_ui("")
    expect(ui.get_by_text("One moment")).to_be_visible()
    url = visit.frame().url
    visit.page.evaluate(
        """token => {
            const other = document.body.appendChild(document.createElement('iframe'));
            const message = JSON.stringify({ type: 'session_token', sessionToken: token });
            other.contentWindow.eval(
                `parent.document.getElementById('connect-ui').contentWindow
                    .postMessage(${message}, '*')`
            );
        }""",
        token(world, KEY),
    )
    # whoever is around the frame is heard after that, so the other was not
    for nonsense in ("null", "'session_token'", "{ type: 'session_token', sessionToken: 1 }"):
        visit.page.evaluate(
            f"document.getElementById('connect-ui').contentWindow.postMessage({nonsense}, '*')"
        )
    assert (
        visit.frame().evaluate("() => new Promise(done => setTimeout(done, 200, location.href))")
        == url
    )
    visit.page.evaluate("token => window.ui.setSessionToken(token)", token(world, KEY))
    expect(ui.get_by_role("heading", name="Connect SharePoint Online")).to_be_visible()
