"""API keys and environments."""

from starlette.responses import Response

from fairlead.dashboard.desk.inside import Refused, path
from fairlead.dashboard.desk.visit import Visit

#: what a key may be given by a tick, and what that is for
SCOPES = (
    ("environment:*", "Everything in this environment"),
    ("environment:connections:*", "Connections, their credentials among them"),
    ("environment:connect_sessions:*", "Let end users connect"),
    ("environment:integrations:*", "Integrations and their secrets"),
    ("environment:proxy", "Call the vendor through the proxy"),
    ("environment:actions:execute", "Run actions"),
    ("environment:syncs:*", "Run, pause and watch syncs"),
    ("environment:records:read", "Read records"),
    ("environment:records:*", "Read, empty and delete records"),
    ("environment:webhooks:*", "Webhooks and replaying them"),
    ("environment:mcp", "Agents, over MCP"),
)


async def show(visit: Visit) -> Response:
    """Draw the page."""
    return await _draw(visit)


async def _draw(visit: Visit, status: int = 200, **values: object) -> Response:
    told: dict[str, object] = {"made": None, "alert": "", "name": "", "ticked": []}
    return visit.draw(
        "desk/keys.html",
        status,
        keys=(await visit.api.get("/keys"))["data"],
        scopes=SCOPES,
        **(told | values),
    )


async def create(visit: Visit) -> Response:
    """Make a key and show it this once."""
    name, ticked = visit.form.get("name", "").strip(), visit.several.get("scopes", [])
    if not ticked:
        alert = "Tick what the key may do."
        return await _draw(visit, 400, alert=alert, name=name)
    try:
        made = await visit.api.change("POST", "/keys", {"name": name, "scopes": ticked})
    except Refused as error:
        return await _draw(visit, error.status, alert=error.sentence, name=name, ticked=ticked)
    return await _draw(visit, made=made["data"])


async def revoke(visit: Visit) -> Response:
    """End a key."""
    name = visit.form.get("name", "")
    await visit.api.change("DELETE", path("keys", name))
    return visit.back(visit.link("keys"), f"The key “{name}” is revoked.")


async def create_environment(visit: Visit) -> Response:
    """Make an environment."""
    name = visit.form.get("name", "").strip()
    try:
        await visit.api.change("POST", "/environments", {"name": name})
    except Refused as error:
        return visit.back(visit.link("settings"), error.sentence, is_bad=True)
    said = f"The environment “{name}” is there; make a key for it."
    return visit.back(visit.link("settings"), said)
