"""The connect link in Chromium: every state of its pages, without scripts, and open to everybody.

axe-core (https://github.com/dequelabs/axe-core) judges each state by WCAG 2.2 AA; with
FAIRLEAD_PICTURES=FOLDER each is photographed too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from certificates import PASSWORD
from chromium import barriers, decide, opened, photograph, sign_in
from playwright.sync_api import Browser, Page, expect

KEY, ASKING, APP, KEYED = "linked", "linked-asking", "linked-app", "linked-key"
REST = "linked-rest"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def world(staffed: Any) -> Any:
    staffed.integration(KEY)
    staffed.integration(ASKING, "asking")
    for key, provider in (
        (APP, "sharepoint-online-oauth2-cc"),
        (KEYED, "private-api-generic"),
        (REST, "sharepoint-online-v1"),
    ):
        staffed.post("/integrations", {"provider": provider, "unique_key": key})
    return staffed


def link(world: Any, *keys: str, who: str = "megan", **more: Any) -> str:
    user = {"id": who, "display_name": f"{who.title()} Example"}
    made = world.session(end_user=user, allowed_integrations=list(keys), **more)
    return str(made["connect_link"])


def test_the_whole_way_without_scripts(browser: Browser, world: Any) -> None:
    world.withdraw_consent()
    with opened(browser, java_script_enabled=False) as page:
        page.goto(link(world, KEY, KEYED))
        page.get_by_role("link", name="SharePoint Online").click()
        page.get_by_role("button", name="Continue to").click()
        sign_in(page, "megan")
        decide(page, "cancel")
        page.get_by_role("link", name="Try again").click()
        page.get_by_role("link", name="SharePoint Online").click()
        page.get_by_role("button", name="Continue to").click()
        decide(page, "accept")
        expect(page.get_by_role("heading", name="is connected")).to_be_visible()


def test_a_certificate_is_uploaded(browser: Browser, world: Any, pair: Any) -> None:
    app = world.app("nightly-indexer")
    world.control("POST", f"apps/{app['app_id']}", {"certificates": [pair.pem]})
    with opened(browser) as page:
        page.goto(link(world, REST))
        page.get_by_label("Client ID").fill(app["app_id"])
        page.get_by_label("Tenant ID").fill("contoso.onmicrosoft.com")
        page.get_by_label("Tenant name").fill("contoso")
        password = page.locator("[name=client_certificate_password]")
        page.locator("details").filter(has=password).locator("summary").click()
        file = {"name": "app.pfx", "mimeType": "application/x-pkcs12", "buffer": pair.pfx()}
        page.locator("[name=client_certificate_pfx]").set_input_files(file)
        password.fill(PASSWORD)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("heading", name="is connected")).to_be_visible()
    [made] = world.get("/connections", integrationId=REST)["connections"]
    headers = {"Provider-Config-Key": REST, "Connection-Id": made["connection_id"]}
    answer = world.product.get("/proxy/_api/web?$select=Title", headers=headers)
    assert answer.status_code == 200, answer.text
    url = f"/connections/{made['connection_id']}?provider_config_key={REST}"
    assert "PRIVATE" not in world.product.get(url).text


def test_a_file_that_is_no_certificate_is_said_to_be_none(browser: Browser, world: Any) -> None:
    with opened(browser) as page:
        page.goto(link(world, REST))
        page.get_by_label("Client ID").fill(world.app("nightly-indexer")["app_id"])
        page.get_by_label("Tenant ID").fill("contoso.onmicrosoft.com")
        page.get_by_label("Tenant name").fill("contoso")
        password = page.locator("[name=client_certificate_password]")
        page.locator("details").filter(has=password).locator("summary").click()
        file = {"name": "app.pfx", "mimeType": "application/x-pkcs12", "buffer": b"holiday"}
        page.locator("[name=client_certificate_pfx]").set_input_files(file)
        page.get_by_role("button", name="Connect").click()
        chosen = page.locator("[name=client_certificate_pfx]")
        expect(chosen).to_have_attribute("aria-invalid", "true")
        # the part of the form that is folded up by itself shows what is wrong in it
        expect(page.get_by_text("Is no PFX file; choose the .pfx or .p12 file")).to_be_visible()


def test_by_keyboard_alone(browser: Browser, world: Any) -> None:
    with opened(browser) as page:
        page.goto(link(world, KEYED))
        for name, text in (("config.baseUrl", "https://api.example.com"), ("apiKey", "k-1")):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            expect(focused).to_have_attribute("name", name)
            expect(focused).to_have_css("outline-style", "solid")
            page.keyboard.type(text)
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Connect")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="is connected")).to_be_visible()


@contextmanager
def walked(browser: Browser, world: Any, state: str, **context: Any) -> Iterator[Page]:
    """Walk to a state of the pages."""
    with opened(browser, **context) as page:
        STATES[state](page, world)
        yield page


def choose(page: Page, world: Any) -> None:
    page.goto(link(world, KEY, APP, KEYED))


def nothing(page: Page, world: Any) -> None:
    page.goto(f"{world.host}/connect/?session_token=over")


def trip(page: Page, world: Any) -> None:
    page.goto(link(world, KEY))


def form(page: Page, world: Any) -> None:
    page.goto(link(world, APP))
    page.get_by_text("Use a certificate", exact=True).click()


def upload(page: Page, world: Any) -> None:
    page.goto(link(world, REST))
    for summary in page.locator("details summary").all():
        summary.click()


def mistakes(page: Page, world: Any) -> None:
    page.goto(link(world, APP))
    page.get_by_label("Tenant ID").fill("not a tenant")
    page.get_by_role("button", name="Connect").click()


def refused_credentials(page: Page, world: Any) -> None:
    page.goto(link(world, APP))
    page.get_by_label("Tenant ID").fill("contoso.onmicrosoft.com")
    page.get_by_label("Client ID").fill(world.app("nightly-indexer")["app_id"])
    page.get_by_label("Client secret").fill("wrong")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_be_visible()


def refused(page: Page, world: Any) -> None:
    page.goto(link(world, KEY))
    page.get_by_role("button", name="Continue to").click()
    sign_in(page, "alex")
    decide(page, "cancel")
    page.get_by_text("Details for support").click()


def pending(page: Page, world: Any) -> None:
    page.goto(link(world, KEY))
    page.get_by_role("button", name="Continue to").click()
    sign_in(page, "adele")
    decide(page, "cancel")


def connected(page: Page, world: Any) -> None:
    page.goto(link(world, KEYED))
    page.get_by_label("Base URL").fill("https://api.example.com")
    page.get_by_label("Key").fill("k-1")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="is connected")).to_be_visible()


def guide(page: Page, world: Any) -> None:
    page.goto(f"{world.host}/connect/guide/sharepoint-online")


STATES: dict[str, Callable[[Page, Any], None]] = {
    each.__name__: each
    for each in (
        choose,
        nothing,
        trip,
        form,
        upload,
        mistakes,
        refused_credentials,
        refused,
        pending,
        connected,
        guide,
    )
}


@pytest.mark.parametrize("state", STATES)
def test_open_to_everybody(browser: Browser, world: Any, axe: str, state: str) -> None:
    world.withdraw_consent()
    with walked(browser, world, state, viewport=DESK) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for size in (DESK, PHONE):
                page.set_viewport_size(size)
                photograph(page, f"{state}-{scheme}-{size['width']}")
                overflow = "document.documentElement.scrollWidth - innerWidth"
                assert page.evaluate(overflow) <= 0, f"{state} is wider than {size}"
            assert barriers(page, axe) == [], (state, scheme)
