"""`GET /integrations/{key}/scopes`: the fewest scopes, why each, and where they are approved."""

from typing import Any


async def test_what_some_functions_need(world: Any) -> None:
    await world.integration()
    answer = await world.client.get("/integrations/acme/scopes", params={"functions": "shout"})
    told = answer.json()["data"]
    assert answer.status_code == 200
    assert told == {
        "provider": "acme",
        "scopes": ["read"],
        "why": [{"name": "read", "functions": ["shout"], "covers": {}}],
        "always": [],
        "consent_url": None,
    }
    whole = (await world.client.get("/integrations/acme/scopes")).json()["data"]
    assert whole["why"][0]["functions"] == ["notes", "shout", "weigh"]


async def test_where_an_administrator_approves(world: Any, check: Any) -> None:
    await world.integration("hosted", "acme-hosted")
    path = "/integrations/hosted/scopes"
    answer = await world.client.get(path, params={"connection_config[site]": "contoso"})
    url = answer.json()["data"]["consent_url"]
    assert url.startswith(f"{world.vendor.url}/contoso/admin?")
    assert "client_id=client-1" in url
    assert "%2Foauth%2Fcallback" in url
    # whose it is must be said
    answer = await world.client.get(path)
    assert answer.status_code == 400
    assert "site" in answer.json()["error"]["message"]


async def test_what_there_is_not(world: Any, check: Any) -> None:
    await world.integration()
    path = "/integrations/acme/scopes"
    check(await world.client.get(path, params={"functions": "sail"}), 404, "unknown_function")
    check(await world.client.get("/integrations/none/scopes"), 404, "not_found")
    check(await world.client.get(path, params={"colour": "red"}), 400, "invalid_query_params")
    assert (await world.browser.get(path)).status_code == 401
