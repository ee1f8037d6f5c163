"""The life of an integration, as the client lives it."""

import re
from typing import Any

import pytest

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any) -> Any:
    return judge("integrations.js", credentials=world.credentials())


def test_created(said: Any, world: Any) -> None:
    made = said.value("create")["data"]
    assert re.fullmatch(INSTANT, made.pop("created_at"))
    assert re.fullmatch(INSTANT, made.pop("updated_at"))
    assert made == {
        "unique_key": "judged",
        "provider": "sharepoint-online",
        "display_name": "Judged",
        "logo": f"{world.host}/images/template-logos/sharepoint-online.svg",
        "forward_webhooks": True,
    }
    listed = said.value("list")["configs"]
    assert [each["display_name"] for each in listed if each["unique_key"] == "judged"] == ["Judged"]


def test_read_with_secrets_on_demand_only(said: Any, world: Any) -> None:
    assert "credentials" not in said.value("get")["data"]
    assert said.value("getWithCredentials")["data"]["credentials"] == {
        **world.credentials(),
        "scopes": "offline_access,Files.Read.All",
        "webhook_secret": None,
    }
    # where the vendor may tell of changes
    webhook_url = said.value("getWithWebhook")["data"]["webhook_url"]
    assert webhook_url == f"{world.host}/webhook/dev/judged"


@pytest.mark.parametrize(
    ("call", "message", "path"),
    [
        ("createAgain", "Unique key already exists", ["uniqueKey"]),
        ("createOfNobody", "Invalid provider", ["provider"]),
        ("createWithoutCredentials", "Missing credentials", None),
        (
            "createWithOtherCredentials",
            "incompatible credentials auth type and provider auth",
            None,
        ),
        ("createWithUnknownField", "", []),
        ("createWithBadKey", "", ["unique_key"]),
    ],
)
def test_refused(said: Any, call: str, message: str, path: list[str] | None) -> None:
    status, error = said.error(call)
    assert (status, error["code"]) == (400, "invalid_body")
    [issue] = error["errors"]
    assert message in issue["message"]
    assert path is None or issue["path"] == path
    codes = {
        "createWithUnknownField": "unrecognized_keys",
        "createWithBadKey": "invalid_format",
    }
    assert issue["code"] == codes.get(call, issue["code"])


def test_updated(said: Any) -> None:
    changed = said.value("update")["data"]
    assert changed["display_name"] == "Judged again"
    assert changed["forward_webhooks"] is False
    secrets = said.value("getUpdated")["data"]["credentials"]
    assert secrets["client_secret"] == "changed"
    assert said.value("rename")["data"]["unique_key"] == "judged-2"
    assert said.error("getUnderOldName")[0] == 404
    assert said.error("updateUnknown")[1]["code"] == "not_found"


def test_updated_in_part(said: Any) -> None:
    assert said.value("updateNotes")["data"]["display_name"] == "Judged again"
    assert said.value("updateNothing")["data"]["display_name"] == "Judged again"
    status, error = said.error("updateUnknownField")
    assert (status, error["code"]) == (400, "invalid_body")
    assert error["errors"][0]["code"] == "unrecognized_keys"


def test_deleted(said: Any) -> None:
    gone = said.value("delete")
    assert (gone["status"], gone["data"]) == (200, {"success": True})
    for call in ("getDeleted", "deleteAgain"):
        status, error = said.error(call)
        assert (status, error["code"]) == (404, "not_found")
