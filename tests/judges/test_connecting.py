"""Connect sessions, the whole OAuth trip, reconnecting, and waiting for a person to connect."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture(scope="module")
def integration(world: Any) -> str:
    return str(world.integration("connecting"))


@pytest.fixture(scope="module")
def said(judge: Any, integration: str) -> Any:
    return judge("connect_sessions.js", integration=integration)


@pytest.fixture(scope="module")
def trip(said: Any, world: Any) -> Any:
    """The way from the connect link to the page that says it is done."""
    return world.walk(said.value("full")["data"]["connect_link"])


@pytest.fixture(scope="module")
def created(trip: Any, world: Any) -> dict[str, Any]:
    """The webhook that tells of the new connection."""
    assert trip.status == 200, trip
    by_trip = is_auth("creation")
    told = world.listener.wait_for(lambda body: by_trip(body) and body["connectionId"] != "dead")
    return dict(told.json)


def is_auth(operation: str, connection_id: str | None = None) -> Any:
    return lambda body: (
        body["type"] == "auth"
        and body["providerConfigKey"] == "connecting"
        and body["operation"] == operation
        and connection_id in (body["connectionId"], None)
    )


def test_session(said: Any, world: Any) -> None:
    for call in ("full", "byTagsOnly"):
        session = said.value(call)["data"]
        assert re.fullmatch(r"nango_connect_session_[0-9a-f]{64}", session["token"])
        assert session["connect_link"].startswith(world.host)
        assert session["connect_link"].endswith(f"?session_token={session['token']}")
        left = datetime.fromisoformat(session["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=28) < left <= timedelta(minutes=30)
        assert session["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("call", "code", "path"),
    [
        ("nobody", None, None),
        ("unknownIntegration", "custom", ["allowed_integrations", "1"]),
        ("unknownDefaults", "custom", ["integrations_config_defaults", "nobody"]),
        ("badEmail", "invalid_format", ["end_user", "email"]),
        (
            "badParams",
            "invalid_type",
            ["integrations_config_defaults", "connecting", "authorization_params", "a"],
        ),
        ("unknownField", "unrecognized_keys", ["end_user"]),
        ("badWebhook", None, ["webhook_url_override"]),
        ("reconnectUnknown", "custom", None),
    ],
)
def test_session_refused(said: Any, call: str, code: str | None, path: list[str] | None) -> None:
    status, error = said.error(call)
    assert (status, error["code"]) == (400, "invalid_body")
    issue = error["errors"][0]
    assert code is None or issue["code"] == code
    assert path is None or issue["path"] == path
    messages = {
        "unknownIntegration": "Integration does not exist",
        "reconnectUnknown": "ConnectionID or IntegrationId does not exists",
    }
    assert issue["message"] == messages.get(call, issue["message"])


def test_trip_asks_as_the_session_says(trip: Any, world: Any) -> None:
    asked = next(hop for hop in trip.hops if "code_challenge" in hop)
    assert asked.startswith(f"{world.login_url}/contoso.onmicrosoft.com/oauth2/v2.0/authorize?")
    query = parse_qs(urlsplit(asked).query)
    assert query["login_hint"] == ["megan@contoso.onmicrosoft.com"]
    assert "response_mode" not in query, "an empty value takes a parameter out"
    assert query["redirect_uri"] == [f"{world.host}/oauth/callback"]
    assert "offline_access" in query["scope"][0].split()


def test_connected_and_told(created: dict[str, Any]) -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", created["connectionId"])
    tags = {
        "end_user_id": "megan",
        "end_user_email": "megan@contoso.com",
        "end_user_display_name": "Megan Bowen",
        "organization_id": "contoso",
        "organization_display_name": "Contoso Ltd",
        "plan": "gold",
        "projectid": "p1",
    }
    assert created == {
        "from": "nango",
        "type": "auth",
        "connectionId": created["connectionId"],
        "providerConfigKey": "connecting",
        "authMode": "OAUTH2",
        "provider": "sharepoint-online",
        "environment": "dev",
        "operation": "creation",
        "tags": tags,
        "endUser": {
            "endUserId": "megan",
            "endUserEmail": "megan@contoso.com",
            "organizationId": "contoso",
            "tags": {"plan": "gold"},
        },
        "success": True,
    }


def test_reconnected_under_the_same_id(
    created: dict[str, Any], judge: Any, world: Any, integration: str
) -> None:
    connection = created["connectionId"]
    said = judge("reconnect.js", connection=connection, integration=integration)
    before = said.value("before")
    assert before["connection_config"]["region"] == "eu"
    assert before["end_user"]["display_name"] == "Megan Bowen"
    page = world.walk(said.value("reconnect")["data"]["connect_link"])
    assert page.status == 200, page
    told = world.listener.wait_for(is_auth("override", connection)).json
    assert told["success"] is True
    again = judge("reconnect.js", connection=connection, integration=integration).value("before")
    assert again["id"] == before["id"]
    assert again["created_at"] == before["created_at"]
    assert again["end_user"]["display_name"] == "Megan B."
    assert again["credentials"]["access_token"] != before["credentials"]["access_token"]


def test_reconnecting_mends(created: Any, judge: Any, world: Any, integration: str) -> None:
    credentials = {
        "type": "OAUTH2",
        "access_token": "over",
        "refresh_token": "over",
        "expires_at": "2026-01-01T00:00:00.000Z",
    }
    world.imported(integration, "dead", credentials=credentials)
    said = judge("reconnect.js", connection="dead", integration=integration)
    for call in ("before", "refreshed"):
        assert said.error(call)[1]["code"] == "invalid_credentials"
    assert world.walk(said.value("reconnect")["data"]["connect_link"]).status == 200
    mended = judge("reconnect.js", connection="dead", integration=integration).value("before")
    assert "auth" not in [fault["type"] for fault in mended["errors"]]
    assert mended["credentials"]["access_token"] != "over"


def test_session_token_is_no_key(said: Any, judge: Any) -> None:
    token = said.value("full")["data"]["token"]
    said = judge("errors.js", key=token)
    for call in (
        "listConnections",
        "getConnection",
        "createIntegration",
        "triggerSync",
        "proxyGet",
    ):
        assert said.error(call)[0] == 401, call
    listed = said.value("listIntegrations")["configs"]
    assert [each["unique_key"] for each in listed] == ["connecting"], "those it allows"


def test_waited_for(judge: Any, world: Any) -> None:
    integration = world.integration("waiting")
    session = world.session(end_user={"id": "patient"}, allowed_integrations=[integration])
    assert world.walk(session["connect_link"]).status == 200
    said = judge("waiting.js", integration=integration, user="patient")
    assert said.calls["aborted"] == {"thrown": "Wait for connection was aborted"}
    found = said.value("connected")
    assert found["provider_config_key"] == integration
    assert found["end_user"]["id"] == "patient"
