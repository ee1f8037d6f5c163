"""Connections: imported, read, refreshed, listed, described, changed and deleted."""

import re
from typing import Any

import pytest

KEY, EMPTY = "connections", "connections-of-nobody"
#: the client puts ids into addresses as they are
ODD, ODDER = "odd/name+1", "o d@d,n;a:m=e~[1]|{2}'3$4"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"
MEGAN = {"id": "megan-1", "email": "megan@contoso.com", "display_name": "Megan Bowen"}
ADELE = {"id": "adele-1", "email": "adele@contoso.com", "display_name": "Adele Vance"}


@pytest.fixture(scope="module")
def imported(world: Any) -> dict[str, Any]:
    world.connected(KEY, "first")
    world.integration(EMPTY)
    whole = world.get("/connections/first", provider_config_key=KEY, refresh_token="true")
    names = ("type", "access_token", "refresh_token", "expires_at")
    credentials = {name: whole["credentials"][name] for name in names}
    world.imported(KEY, "adele", credentials=credentials, end_user=ADELE, tags={"Plan": "gold"})
    dead = credentials | {"refresh_token": "not-one-of-theirs"}
    world.imported(KEY, "dead", credentials=dead)
    for name in (ODD, ODDER):
        world.imported(KEY, name, credentials=credentials)
    lasting = {name: credentials[name] for name in ("type", "access_token")}
    world.imported(KEY, "lasting", credentials=lasting)
    expired = lasting | {"expires_at": "2026-01-01T00:00:00.000Z"}
    world.imported(KEY, "expired", credentials=expired)
    made = world.imported(
        KEY,
        "megan",
        credentials=credentials,
        end_user=MEGAN,
        metadata={"start": True},
        connection_config={"region": "eu"},
        tags={"plan": "silver"},
    )
    answer = world.product.delete("/connections/first", params={"provider_config_key": KEY})
    assert answer.is_success
    return dict(made)


@pytest.fixture(scope="module")
def said(judge: Any, world: Any, imported: Any) -> Any:
    world.listener.wait_for(lambda body: told_of(body, "megan"))
    return judge(
        "connections.js",
        integration=KEY,
        empty=EMPTY,
        odd=ODD,
        odder=ODDER,
        elsewhere=f"{world.listener.url}/patched",
    )


def told_of(body: dict[str, Any], connection_id: str) -> bool:
    which = (body["type"], body["providerConfigKey"], body["connectionId"])
    return which == ("auth", KEY, connection_id)


def names(listed: dict[str, Any]) -> list[str]:
    return [each["connection_id"] for each in listed["connections"]]


def test_imported(imported: dict[str, Any], world: Any) -> None:
    assert imported["connection_id"] == "megan"
    assert imported["connection_config"]["region"] == "eu"
    assert "refresh_token" not in imported["credentials"]
    told = world.listener.wait_for(lambda body: told_of(body, "megan"))
    assert (told.json["type"], told.json["operation"]) == ("auth", "creation")


def test_read(said: Any) -> None:
    read = said.value("get")
    credentials = read.pop("credentials")
    assert credentials["type"] == "OAUTH2"
    assert re.fullmatch(INSTANT + "Z", credentials["expires_at"])
    assert "refresh_token" not in str(credentials)
    for name in ("created_at", "updated_at", "last_fetched_at"):
        assert re.fullmatch(INSTANT + r"\+00:00", read.pop(name)), name
    assert isinstance(read.pop("id"), int)
    read["connection_config"].pop("tenant", None)
    assert read == {
        "connection_id": "megan",
        "provider_config_key": KEY,
        "provider": "sharepoint-online",
        "errors": [],
        "end_user": {**MEGAN, "tags": None, "organization": None},
        "tags": {
            "plan": "silver",
            "end_user_id": "megan-1",
            "end_user_email": "megan@contoso.com",
            "end_user_display_name": "Megan Bowen",
        },
        "metadata": {"start": True},
        "connection_config": {"region": "eu"},
        "webhook_url_override": None,
    }


def test_refreshed(said: Any) -> None:
    before = said.value("get")["credentials"]
    after = said.value("getRefreshed")["credentials"]
    assert after["access_token"] != before["access_token"]
    assert after["raw"]["access_token"] == after["access_token"]
    assert after["raw"]["token_type"] == "Bearer"
    assert "refresh_token" not in after["raw"]
    secret = said.value("getWithRefreshToken")["credentials"]
    assert secret["refresh_token"]
    assert secret["raw"]["refresh_token"] == secret["refresh_token"]
    assert said.value("token") == after["access_token"]
    renewed = said.value("tokenRefreshed")
    assert renewed != after["access_token"]
    assert said.value("raw")["access_token"] == renewed


def test_refreshed_by_many_at_once(said: Any) -> None:
    tokens = said.value("refreshedAtOnce")
    assert len(tokens) == 10
    assert all(isinstance(token, str) and token for token in tokens)
    assert said.value("getPatched")["credentials"]["access_token"] in tokens


def test_integration_in_use_keeps_its_name(said: Any) -> None:
    status, error = said.error("renameInUse")
    assert (status, error["code"]) == (400, "invalid_body")
    assert error["errors"][0]["path"] == ["unique_key"]


def test_not_there(said: Any) -> None:
    status, error = said.error("getUnknown")
    assert (status, error["code"]) == (404, "not_found")
    assert error["message"] == "Failed to find connection"
    status, error = said.error("getOfUnknown")
    assert (status, error["code"]) == (400, "unknown_provider_config")


def test_dead(said: Any, world: Any) -> None:
    status, error = said.error("getDead")
    assert status in (400, 424)
    assert error["code"] == "invalid_credentials"
    assert "connect again" in error["message"] or "reconnect" in error["message"]
    connection = error["payload"]["connection"]
    assert connection["connection_id"] == "dead"
    assert connection["credentials"] == {}
    assert [each["type"] for each in connection["errors"]] == ["auth"]
    told = world.listener.wait_for(
        lambda body: body["connectionId"] == "dead" and body.get("operation") == "refresh"
    ).json
    assert told["success"] is False
    assert set(told["error"]) == {"type", "description"}


def test_odd_names(said: Any) -> None:
    assert said.value("getOddName")["connection_id"] == ODD
    assert said.value("getOdderName")["connection_id"] == ODDER


def test_without_refresh_token(said: Any) -> None:
    assert said.value("getLasting")["credentials"]["access_token"]
    assert "expires_at" not in said.value("getLasting")["credentials"]
    for call in ("getExpired", "getExpiredRefreshed"):
        assert said.value(call)["credentials"]["expires_at"] == "2026-01-01T00:00:00.000Z", call


def test_flags_of_the_client_change_nothing(said: Any) -> None:
    assert said.value("asScript")["connection_id"] == "megan"


def test_listed(said: Any) -> None:
    assert sorted(names(said.value("list"))) == sorted(
        ["adele", "dead", "expired", "lasting", "megan", ODD, ODDER]
    )
    assert names(said.value("listOfTwo")) == names(said.value("list"))
    assert names(said.value("listOfEmpty")) == []
    for call in ("listById", "listByUser", "listByTags", "legacyById", "legacySearch"):
        assert names(said.value(call)) == ["adele"], call
    assert names(said.value("listByOtherTags")) == ["megan"]
    first, second = names(said.value("listFirst")), names(said.value("listSecond"))
    assert first + second == names(said.value("list"))[:2]
    assert names(said.value("legacyByUser")) == []
    assert names(said.value("legacyByOrganization")) == []
    [item] = said.value("listById")["connections"]
    assert "credentials" not in item
    assert re.fullmatch(INSTANT + r"\+00:00", item["created"])
    assert item["metadata"] is None
    assert item["tags"]["plan"] == "gold"


def test_metadata(said: Any) -> None:
    answer = said.value("setMetadata")
    assert answer["status"] == 201
    assert answer["data"] == {
        "metadata": {"a": 1, "b": {"c": [1, 2]}},
        "connection_id": ["megan", "adele"],
        "provider_config_key": KEY,
    }
    answer = said.value("updateMetadata")
    assert (answer["status"], answer["data"]["connection_id"]) == (200, "megan")
    assert said.value("metadata") == {"a": 1, "b": None, "d": "ä"}
    assert said.value("metadataOfOther") == {"a": 1, "b": {"c": [1, 2]}}
    for call in ("updateSeveral", "setOfUnknown"):
        status, error = said.error(call)
        assert (status, error["code"]) == (404, "unknown_connection")
    status, error = said.error("setNonsense")
    assert (status, error["code"]) == (400, "invalid_body")
    assert error["errors"][0]["path"] == ["metadata"]


def test_changed(said: Any, world: Any) -> None:
    assert said.value("patch") == {"success": True}
    assert said.value("patchUser") == {"success": True}
    assert said.value("patchWebhook") == {"success": True}
    changed = said.value("getPatched")
    assert changed["webhook_url_override"] == f"{world.listener.url}/patched"
    assert changed["end_user"]["id"] == "megan-2"
    assert changed["tags"]["stage"] == "trial"
    assert "plan" not in changed["tags"], "tags replace all"
    assert said.error("patchUnknown")[0] == 404
    status, error = said.error("patchNonsense")
    assert (status, error["code"]) == (400, "invalid_body")
    assert error["errors"][0]["code"] == "unrecognized_keys"


def test_deleted(said: Any) -> None:
    gone = said.value("delete")
    assert (gone["status"], gone["data"]) == (200, {"success": True})
    assert said.error("getDeleted")[0] == 404
    for call in ("deleteAgain", "deleteOfUnknown"):
        status, error = said.error(call)
        assert (status, error["code"]) == (400, "unknown_connection"), call
