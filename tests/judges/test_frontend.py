"""The contract's client for browsers, unmodified: a popup, a websocket, and how each trip ends."""

import re
from typing import Any

import pytest

KEY, OTHER = "popped", "popped-elsewhere"


@pytest.fixture(scope="module")
def connection(world: Any) -> str:
    world.connected(KEY, "megan")
    world.integration(OTHER)
    return "megan"


@pytest.fixture(scope="module")
def said(judge: Any, world: Any, connection: str) -> Any:
    user = {"end_user": {"id": "megan"}}
    again = {"connection_id": connection, "integration_id": KEY}
    return judge(
        "frontend.js",
        integration=KEY,
        other=OTHER,
        session=world.session(**user, allowed_integrations=[KEY])["token"],
        anywhere=world.session(**user)["token"],
        reconnect=world.post("/connect/sessions/reconnect", again)["data"]["token"],
    )


def test_connected(said: Any, world: Any) -> None:
    for call in ("auth", "authWithConfig"):
        made = said.value(call)
        assert made["providerConfigKey"] == KEY, made
        assert re.fullmatch(r"[0-9a-f-]{36}", made["connectionId"])
        assert not made.get("isPending")
        query = {"provider_config_key": KEY}
        read = world.get(f"/connections/{made['connectionId']}", **query)
        assert read["end_user"]["id"] == "megan"
    assert read["connection_config"]["tenant"] == "contoso.onmicrosoft.com"


def test_reconnected(said: Any, connection: str) -> None:
    assert said.value("reconnect")["connectionId"] == connection


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("notAllowed", "integration_not_allowed"),
        ("unknown", "unknown_config_key"),
        ("badConfig", "url_param_err"),
        ("chosenId", "invalid_query_params"),
        ("expired", "unknown_connect_session_token"),
        ("publicKey", "deprecated_authentication"),
        ("cancelled", "access_denied"),
        ("withoutToken", "missing_auth_token"),
    ],
)
def test_refused(said: Any, call: str, kind: str) -> None:
    refused = said.value(call)
    assert refused["type"] == kind, refused
    assert refused["message"]


def test_other_ways_to_authenticate_are_refused_in_json(said: Any) -> None:
    for call in ("credentials", "create"):
        assert said.value(call)["type"] == "invalid_auth_mode", said.value(call)


def test_every_trip_ends_on_a_page(said: Any) -> None:
    pages = said.value("ends")
    assert [page["status"] for page in pages] == [200, 200, 200, *[400] * 7]
    for page in pages:
        assert page["text"].lstrip().lower().startswith("<!doctype html>")
        assert "Traceback" not in page["text"]
