"""The case that fairlead was begun for: an administrator has approved, people may not consent.

Session and override are the official Node client's, pages and clicks those of Chromium.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chromium import decide, opened, sign_in
from playwright.sync_api import Page, expect

KEY = "sharepoint-online"


@pytest.fixture(scope="module")
def world(staffed: Any) -> Any:
    staffed.integration(KEY)
    return staffed


@pytest.fixture
def visitor(browser: Any, world: Any) -> Iterator[Page]:
    world.withdraw_consent()
    configure(world, prompt="")
    with opened(browser) as page:
        yield page


def configure(world: Any, *, prompt: str) -> None:
    """Set what the integration's authorize page is asked; an empty prompt removes it."""
    config = {"authorization_params.prompt": prompt} if prompt else {}
    answer = world.product.patch(f"/integrations/{KEY}", json={"integration_config": config})
    assert answer.is_success, answer.text


def set_out(page: Page, said: Any, session: str, who: str) -> list[str]:
    """Follow a session's link and sign in; returns the addresses asked at the vendor."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(said.value(session)["data"]["connect_link"])
    page.get_by_role("button", name="Continue to").click()
    sign_in(page, who)
    return [url for url in asked if "/authorize?" in url]


def approve(browser: Any, link: str) -> None:
    """Open a link as an administrator, in a browser of their own, and accept."""
    with opened(browser) as page:
        page.goto(link)
        sign_in(page, "alex")
        decide(page, "accept")
        expect(page.get_by_role("heading", name="The app is approved")).to_be_visible()


def test_nobody_is_asked_and_the_connection_works(
    visitor: Page, browser: Any, world: Any, staffed_judge: Any
) -> None:
    said = staffed_judge("case.js")
    # before the approval the person can only wait; the page says so, and goes on by itself
    set_out(visitor, said, "plain", "adele")
    decide(visitor, "cancel")
    expect(visitor.get_by_role("heading", name="Waiting for an administrator")).to_be_visible()
    approve(browser, visitor.inner_text("pre"))
    expect(visitor.get_by_role("heading", name="is connected")).to_be_visible(timeout=15_000)
    # after it, with the override, nobody is asked for anything
    visitor.context.clear_cookies()
    configure(world, prompt="consent")
    [authorize] = set_out(visitor, said, "overridden", "adele")
    expect(visitor.get_by_role("heading", name="is connected")).to_be_visible()
    query = parse_qs(urlsplit(authorize).query, keep_blank_values=True)
    assert "prompt" not in query
    assert sorted(query["scope"][0].split()) == [".default", "offline_access"]
    newest, *_ = sorted(
        world.get("/connections", integrationId=KEY)["connections"],
        key=lambda each: -each["id"],
    )
    which = {"provider_config_key": KEY}
    path = f"/connections/{newest['connection_id']}"
    read = world.get(path, **which, refresh_token="true")
    assert read["credentials"]["refresh_token"]
    assert read["end_user"]["organization"]["id"] == "contoso"
    again = world.get(path, **which, force_refresh="true")
    assert again["credentials"]["access_token"] != read["credentials"]["access_token"]
    headers = {"Provider-Config-Key": KEY, "Connection-Id": newest["connection_id"]}
    called = world.product.get("/proxy/v1.0/me", headers=headers)
    assert called.status_code == 200
    assert called.json()["userPrincipalName"].startswith("adele@")


def test_with_prompt_consent_everybody_is_asked(
    visitor: Page, browser: Any, world: Any, staffed_judge: Any
) -> None:
    said = staffed_judge("case.js")
    configure(world, prompt="consent")
    set_out(visitor, said, "plain", "megan")
    expect(visitor.get_by_role("heading", name="Permissions requested")).to_be_visible()
    decide(visitor, "accept")
    expect(visitor.get_by_role("heading", name="is connected")).to_be_visible()
    visitor.context.clear_cookies()
    # who may not consent ends in a state that says so, although nothing new is asked for
    set_out(visitor, said, "plain", "adele")
    expect(visitor.get_by_role("heading", name="Need admin approval")).to_be_visible()
    decide(visitor, "cancel")
    expect(visitor.get_by_role("heading", name="Waiting for an administrator")).to_be_visible()
    [pending] = world.get("/connections", integrationId=KEY, endUserId="adele")["pending"]
    assert pending["admin_url"] == visitor.inner_text("pre")


def test_what_ties_the_trip_cannot_be_overridden(staffed_judge: Any, world: Any) -> None:
    status, error = staffed_judge("case.js").error("overriddenState")
    assert (status, error["code"]) == (400, "invalid_body")
    assert error["errors"][0]["path"][-2:] == ["authorization_params", "state"]
