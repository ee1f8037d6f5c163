"""Trips to the vendor and back: what begins them, what ends them, and every way they fail."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest


def failed(answer: httpx.Response, words: str, kind: str) -> None:
    """Look that a page says in one sentence why there is no connection."""
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert words in answer.text
    assert f"<code>{kind}</code>" in answer.text
    assert "nango_oauth_callback_error" in answer.text
    assert "Traceback" not in answer.text
    assert "hush-1" not in answer.text


@pytest.fixture(autouse=True)
async def _integration(world: Any) -> None:
    await world.integration()


async def connections(world: Any) -> list[Any]:
    listed: list[Any] = (await world.client.get("/connections")).json()["connections"]
    return listed


async def test_there_and_back(world: Any) -> None:
    token = await world.session(tags={"team": "red"})
    answer = await world.browser.get(f"/oauth/connect/acme?connect_session_token={token}")
    assert answer.status_code == 302
    url = urlsplit(answer.headers["location"])
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    assert url.path == "/authorize"
    assert query["client_id"] == "client-1"
    assert query["redirect_uri"] == "http://fairlead.test/oauth/callback"
    assert query["scope"] == "read offline"
    assert query["code_challenge_method"] == "S256"

    page = await world.land(query["state"], code="good")
    assert page.status_code == 200
    assert "Acme Files is connected" in page.text
    assert "nango_oauth_callback_success" in page.text
    form = world.vendor.token_forms[0]
    assert (form["grant_type"], form["code"], form["client_secret"]) == (
        "authorization_code",
        "good",
        "hush-1",
    )
    assert form["code_verifier"]
    [made] = await connections(world)
    assert made["tags"] == {"end_user_id": "u1", "end_user_display_name": "Ada", "team": "red"}
    read = await world.client.get(f"/connections/{made['connection_id']}?provider_config_key=acme")
    assert read.json()["credentials"]["access_token"] == "access-1"


async def test_reconnect_keeps_the_id(world: Any) -> None:
    await world.connection("c1", metadata={"a": 1})
    body = {"connection_id": "c1", "integration_id": "acme"}
    token = (await world.client.post("/connect/sessions/reconnect", json=body)).json()["data"][
        "token"
    ]
    assert (await world.land(await world.depart(token=token), code="good")).status_code == 200
    [made] = await connections(world)
    assert (made["connection_id"], made["metadata"]) == ("c1", {"a": 1})


async def test_state_serves_once(world: Any) -> None:
    state = await world.depart()
    assert (await world.land(state, code="good")).status_code == 200
    failed(await world.land(state, code="good"), "start again in the app", "invalid_state")
    assert len(await connections(world)) == 1
    assert len(world.vendor.token_forms) == 1


async def test_forged_missing_and_stale_state(world: Any) -> None:
    failed(await world.land("forged", code="good"), "start again in the app", "invalid_state")
    failed(await world.browser.get("/oauth/callback?code=x"), "has no state", "invalid_state")
    failed(
        await world.browser.get("/oauth/callback?state=a&state=b"), "has no state", "invalid_state"
    )
    state = await world.depart()
    world.clock.advance(timedelta(hours=1))
    failed(await world.land(state, code="good"), "start again in the app", "invalid_state")
    assert world.vendor.token_forms == []
    assert await connections(world) == []


async def test_cancelled_consent(world: Any) -> None:
    state = await world.depart()
    page = await world.land(state, error="access_denied", error_description="user <b>said</b> no")
    failed(page, "cancelled or refused. Try again and accept.", "access_denied")
    assert "user <b>said" not in page.text
    # the state is spent: a second answer cannot bring a code after all
    failed(await world.land(state, code="good"), "start again", "invalid_state")


async def test_administrator_must_approve(world: Any) -> None:
    state = await world.depart()
    page = await world.land(state, error="access_denied", error_description="consent_required")
    failed(page, "administrator", "admin_consent_required")


async def test_other_vendor_errors(world: Any) -> None:
    failed(
        await world.land(await world.depart(), error="server_error"),
        "The vendor refused",
        "token_err",
    )
    failed(await world.land(await world.depart()), "sent no authorization code", "callback_err")


async def test_token_endpoint_refuses(world: Any) -> None:
    world.vendor.token_status, world.vendor.token_error = 400, {"error": "invalid_client"}
    failed(
        await world.land(await world.depart(), code="x"), "The vendor refused with 400", "token_err"
    )
    assert await connections(world) == []


async def test_token_endpoint_down(world: Any) -> None:
    world.vendor.token_status = 503
    failed(await world.land(await world.depart(), code="x"), "The vendor is down", "token_err")


async def test_a_failed_trip_leaves_the_old_connection(world: Any) -> None:
    await world.connection("c1")
    body = {"connection_id": "c1", "integration_id": "acme"}
    token = (await world.client.post("/connect/sessions/reconnect", json=body)).json()["data"][
        "token"
    ]
    assert (
        await world.land(await world.depart(token=token), error="access_denied")
    ).status_code == 400
    read = await world.client.get("/connections/c1?provider_config_key=acme")
    assert read.json()["credentials"]["access_token"] == "access-0"


async def test_sessions_that_do_not_serve(world: Any) -> None:
    get = world.browser.get
    failed(await get("/oauth/connect/acme"), "no connect session", "missing_connect_session_token")
    failed(
        await get("/oauth/connect/acme?public_key=x"), "Public keys", "deprecated_authentication"
    )
    failed(
        await get("/oauth/connect/acme?connect_session_token=x"),
        "not a connect session token",
        "invalid_connect_session_token_format",
    )
    token = await world.session()
    world.clock.advance(timedelta(minutes=31))
    failed(
        await get(f"/oauth/connect/acme?connect_session_token={token}"),
        "over or unknown",
        "unknown_connect_session_token",
    )


async def test_integrations_that_do_not_serve(world: Any) -> None:
    await world.integration("hosted", "acme-hosted")
    token = await world.session(allowed_integrations=["hosted"])
    get = world.browser.get
    query = f"connect_session_token={token}"
    failed(await get(f"/oauth/connect/acme?{query}"), "does not allow", "integration_not_allowed")
    failed(await get(f"/oauth/connect/hosted?{query}"), "Site name is missing", "url_param_err")
    failed(
        await get(f"/oauth/connect/hosted?{query}&params[site]=7"),
        "Site name has not",
        "url_param_err",
    )
    failed(
        await get(f"/oauth/connect/acme?{query}&connection_id=c"),
        "cannot be chosen",
        "invalid_query_params",
    )
    unknown = f"connect_session_token={await world.session()}"
    failed(await get(f"/oauth/connect/none?{unknown}"), "no integration", "unknown_config_key")


async def test_integration_deleted_meanwhile(world: Any) -> None:
    state = await world.depart()
    await world.client.delete("/integrations/acme")
    page = await world.land(state, code="good")
    assert page.status_code == 400
    assert "again" in page.text


async def test_browser_cannot_choose_webhooks(world: Any) -> None:
    state = await world.depart(**{"params[webhook_url]": "https://evil.example", "params[x]": "y"})
    assert (await world.land(state, code="good")).status_code == 200
    [made] = await connections(world)
    read = (
        await world.client.get(f"/connections/{made['connection_id']}?provider_config_key=acme")
    ).json()
    assert read["connection_config"] == {"x": "y"}
    assert read["webhook_url_override"] is None


async def test_the_page_loads_nothing_from_elsewhere(world: Any) -> None:
    page = await world.land(await world.depart(), code="good")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for asset in ("/assets/fairlead.css", "/assets/result.js"):
        assert asset in page.text
        assert (await world.browser.get(asset)).status_code == 200
    assert (await world.browser.get("/assets/none.js")).status_code == 404


async def test_over_https_another_browser_is_refused(world: Any, monkeypatch: Any) -> None:
    state = await world.depart()
    settings = world.services.settings.model_copy(update={"server_url": "https://fairlead.test"})
    object.__setattr__(world.services, "settings", settings)
    world.browser.cookies.clear()
    failed(await world.land(state, code="good"), "in another browser", "state_cookie_err")
    assert await connections(world) == []
