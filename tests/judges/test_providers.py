"""The catalogue of providers, as the client sees it."""

from typing import Any

import pytest


@pytest.fixture(scope="module")
def said(judge: Any) -> Any:
    return judge("providers.js")


def test_listed_and_searched(said: Any, world: Any) -> None:
    names = [each["name"] for each in said.value("all")["data"]]
    assert {"sharepoint-online", "sharepoint-online-oauth2-cc", "private-api-bearer"} < set(names)
    assert len(names) == len(set(names))
    found = {each["name"]: each for each in said.value("found")["data"]}["sharepoint-online"]
    assert found["logo_url"] == f"{world.host}/images/template-logos/sharepoint-online.svg"
    assert said.value("none") == {"data": []}


def test_read(said: Any, world: Any) -> None:
    one = said.value("one")["data"]
    assert one["display_name"] == "SharePoint Online (v2)"
    assert one["auth_mode"] == "OAUTH2"
    assert one["authorization_url"].startswith(world.login_url)
    assert one["authorization_url"].endswith("/oauth2/v2.0/authorize")
    assert one["token_url"].endswith("/oauth2/v2.0/token")
    assert "offline_access" in one["default_scopes"]
    assert one["disable_pkce"] is False
    assert one["proxy"]["base_url"] == world.cloud["urls"]["graph"]
    assert one["proxy"]["retry"] == {
        "after": ["retry-after", "ratelimit-reset"],
        "remaining": "ratelimit-remaining",
    }
    assert one["proxy"]["paginate"] == {
        "type": "link",
        "response_path": "value",
        "limit_name_in_request": "$top",
        "link_path_in_response_body": "@odata.nextLink",
    }
    assert one["connection_config"]["tenant"]["type"] == "string"
    status, error = said.error("unknown")
    assert (status, error["code"]) == (404, "not_found")
    assert error["message"] == "Unknown provider nobody"


def test_templates(said: Any) -> None:
    templates = {each["name"]: each["type"] for each in said.value("templates")["data"]}
    assert templates["drive-items"] == "sync"
    assert templates["list-shared-sites"] == "action"
