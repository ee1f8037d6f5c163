"""Connections authorised by an app of the customer's own, in place of the integration's."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

OWN = {"client_id": "own-1", "client_secret": "hush-own"}
BROUGHT = {
    "credentials[oauth_client_id_override]": "own-1",
    "credentials[oauth_client_secret_override]": "hush-own",
}


@pytest.fixture(autouse=True)
async def _integration(world: Any) -> None:
    await world.integration()


async def read(world: Any, connection_id: str, **query: str) -> Any:
    query = {"provider_config_key": "acme"} | query
    answer = await world.client.get(f"/connections/{connection_id}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def renewal(world: Any) -> tuple[str, str | None]:
    form = world.vendor.token_forms[-1]
    assert form["grant_type"] == "refresh_token"
    return form["client_id"], form.get("client_secret")


async def imported(world: Any, body: dict[str, Any], path: str = "/connections") -> Any:
    answer = await world.client.post(path, json={"provider_config_key": "acme"} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_imported_with_it(world: Any) -> None:
    credentials = {"type": "OAUTH2", "access_token": "a", "refresh_token": "r"}
    made = await imported(world, {"credentials": credentials | {"config_override": OWN}})
    assert made["credentials"]["config_override"] == OWN
    read_again = await read(world, made["connection_id"], force_refresh="true")
    assert read_again["credentials"]["access_token"] == "access-1"
    assert read_again["credentials"]["config_override"] == OWN
    assert renewal(world) == ("own-1", "hush-own")
    # it outlives the renewal
    await read(world, made["connection_id"], force_refresh="true")
    assert renewal(world) == ("own-1", "hush-own")
    file = Path(world.services.settings.database_url.removeprefix("sqlite:///"))
    for each in file.parent.glob(f"{file.name}*"):
        assert each.is_dir() or b"hush-own" not in each.read_bytes()
    # replaced without one: the integration's again
    again = {"connection_id": made["connection_id"], "credentials": credentials}
    assert "config_override" not in (await imported(world, again))["credentials"]
    await read(world, made["connection_id"], force_refresh="true")
    assert renewal(world) == ("client-1", "hush-1")


async def test_a_public_client_sends_no_secret(world: Any) -> None:
    credentials = {"type": "OAUTH2", "access_token": "a", "refresh_token": "r"}
    override = {"config_override": {"client_id": "own-1"}}
    made = await imported(world, {"credentials": credentials | override})
    await read(world, made["connection_id"], force_refresh="true")
    assert renewal(world) == ("own-1", None)


async def test_imported_flat(world: Any) -> None:
    flat = {"access_token": "a", "refresh_token": "r", "no_expiration": True}
    flat |= {"oauth_client_id_override": "own-1", "oauth_client_secret_override": "hush-own"}
    made = await imported(world, flat, "/connection")
    await read(world, made["connection_id"], force_refresh="true")
    assert renewal(world) == ("own-1", "hush-own")


async def test_a_trip_of_that_app(world: Any) -> None:
    token = await world.session()
    query = {"connect_session_token": token} | BROUGHT
    begun = await world.browser.get("/oauth/connect/acme", params=query)
    assert begun.status_code == 302, begun.text
    location = parse_qs(urlsplit(begun.headers["location"]).query)
    assert location["client_id"] == ["own-1"]
    assert "hush-own" not in begun.headers["location"]
    page = await world.land(location["state"][0], code="good")
    assert "is connected" in page.text
    form = world.vendor.token_forms[0]
    assert (form["client_id"], form["client_secret"]) == ("own-1", "hush-own")
    [made] = (await world.client.get("/connections")).json()["connections"]
    await read(world, made["connection_id"], force_refresh="true")
    assert renewal(world) == ("own-1", "hush-own")


async def test_a_refresh_token_that_is_kept(world: Any) -> None:
    state = await world.depart(**{"credentials[oauth_refresh_token_override]": "hush-rt"})
    await world.land(state, code="good")
    [made] = (await world.client.get("/connections")).json()["connections"]
    kept = await read(world, made["connection_id"], refresh_token="true")
    assert kept["credentials"]["refresh_token"] == "hush-rt"
    assert "config_override" not in kept["credentials"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"credentials[oauth_client_secret_override]": "hush-own"}, "oauth_client_id_override"),
        ({"credentials[client_secret]": "hush-own"}, "client_secret"),
    ],
)
async def test_a_trip_that_names_no_app(world: Any, query: dict[str, str], words: str) -> None:
    token = await world.session()
    page = await world.browser.get(
        "/oauth/connect/acme", params={"connect_session_token": token} | query
    )
    assert page.status_code == 400
    assert words in page.text
    assert "hush-own" not in page.text


async def test_an_override_without_an_app_is_refused(world: Any) -> None:
    credentials = {"type": "OAUTH2", "access_token": "a", "config_override": {"client_id": ""}}
    body = {"provider_config_key": "acme", "credentials": credentials}
    answer = await world.client.post("/connections", json=body)
    assert answer.status_code == 400
    [issue] = answer.json()["error"]["errors"]
    assert issue["path"][-2:] == ["config_override", "client_id"]
