"""Integrations: the list, a new one step by step, and one with its scopes and functions."""

from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.inside import Refused, path
from fairlead.dashboard.desk.visit import Visit

#: functions that one page lists
_MOST = 100


async def show_all(visit: Visit) -> Response:
    """Draw the list."""
    return visit.draw(
        "desk/integrations.html", integrations=(await visit.api.get("/integrations"))["data"]
    )


async def show_new(visit: Visit) -> Response:
    """Draw the first step, what to connect to; with a provider, the second."""
    name = visit.asked.get("provider", "")
    return await (_setup(visit, name) if name else _choice(visit))


async def _choice(visit: Visit) -> Response:
    providers = (await visit.api.get("/providers", search=visit.asked.get("search")))["data"]
    return visit.draw("desk/choose.html", providers=providers, search=visit.asked.get("search", ""))


async def _setup(visit: Visit, name: str, status: int = 200, alert: str = "") -> Response:
    provider = (await visit.api.get(path("providers", name)))["data"]
    given = {field: visit.form.get(field, "") for field in _FIELDS}
    return visit.draw(
        "desk/new.html",
        status,
        provider=provider,
        callback=f"{visit.server_url}/oauth/callback",
        given=given | ({"unique_key": name} if not visit.form else {}),
        alert=alert,
    )


_FIELDS = ("unique_key", "display_name", "client_id", "client_secret", "scopes")


async def create(visit: Visit) -> Response:
    """Create an integration."""
    name = visit.form.get("provider", "")
    body: dict[str, Any] = {
        "provider": name,
        "unique_key": visit.form.get("unique_key", "").strip(),
    }
    if title := visit.form.get("display_name", "").strip():
        body["display_name"] = title
    if "client_id" in visit.form:
        body["credentials"] = _credentials(visit)
    try:
        await visit.api.change("POST", "/integrations", body)
    except Refused as error:
        return await _setup(visit, name, error.status, error.sentence)
    said = "It is there. See which scopes it needs, then make a connect link."
    return visit.back(visit.link("integration", key=body["unique_key"]), said)


def _credentials(visit: Visit) -> dict[str, str]:
    scopes = ",".join(visit.form.get("scopes", "").replace(",", " ").split())
    return {
        "type": "OAUTH2",
        "client_id": visit.form.get("client_id", "").strip(),
        "client_secret": visit.form.get("client_secret", "").strip(),
        **({"scopes": scopes} if scopes else {}),
    }


async def show(visit: Visit) -> Response:
    """Draw one integration, with the plan of its scopes for the functions that are ticked."""
    key = visit.asked.get("key", "")
    one = (await visit.api.get(path("integrations", key), include="webhook"))["data"]
    provider = (await visit.api.get(path("providers", one["provider"])))["data"]
    functions = await visit.api.get(path("integrations", key, "functions"), limit=_MOST)
    picked = [each for each in visit.request.query_params.getlist("functions") if each]
    plan = await _plan(visit, key, picked)
    client_id = ""
    if visit.may("environment:integrations:read_credentials"):
        told = await visit.api.get(path("integrations", key), include="credentials")
        # only what is no secret goes on: the page never sees the rest
        client_id = (told["data"].get("credentials") or {}).get("client_id") or ""
    return visit.draw(
        "desk/integration.html",
        integration=one,
        provider=provider,
        functions=functions["data"],
        picked=picked,
        plan=plan,
        client_id=client_id,
        callback=f"{visit.server_url}/oauth/callback",
    )


async def _plan(visit: Visit, key: str, picked: list[str]) -> dict[str, Any] | None:
    try:
        plan = await visit.api.get(path("integrations", key, "scopes"), functions=",".join(picked))
    except Refused:
        return None
    found: dict[str, Any] = plan["data"]
    return found


async def change(visit: Visit) -> Response:
    """Change an integration's title, or its app's credentials."""
    key = visit.form.get("key", "")
    body: dict[str, Any] = {}
    if title := visit.form.get("display_name", "").strip():
        body["display_name"] = title
    if visit.form.get("client_secret", "").strip():
        body["credentials"] = _credentials(visit)
    try:
        await visit.api.change("PATCH", path("integrations", key), body)
    except Refused as error:
        return visit.back(visit.link("integration", key=key), error.sentence, is_bad=True)
    return visit.back(visit.link("integration", key=key), "It is changed.")


async def remove(visit: Visit) -> Response:
    """Delete an integration with everything below it."""
    key = visit.form.get("key", "")
    if visit.form.get("repeat", "").strip() != key:
        said = "Nothing is deleted: the key was not repeated."
        return visit.back(visit.link("integration", key=key), said, is_bad=True)
    await visit.api.change("DELETE", path("integrations", key))
    said = f"{key} is deleted, with its connections and records."
    return visit.back(visit.link("integrations"), said)
