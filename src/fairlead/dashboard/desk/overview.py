"""The overview: what needs somebody's attention, first of all."""

from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.visit import Visit

#: shown of each kind
_MOST = 20


async def show(visit: Visit) -> Response:
    """Draw the page."""
    integrations = (await visit.api.get("/integrations"))["data"]
    listed = await visit.api.get("/connections", failing="true", limit=_MOST + 1)
    newest = await visit.api.get("/connections", limit=5)
    events = (await visit.api.get("/webhooks/events", state="dead", limit=_MOST))["data"]
    # without an attempt, there was nowhere to go: nobody asked for webhooks
    dead = [each for each in events if each["attempts"]]
    waiting = [each for each in newest.get("pending", []) if not each["approved"]]
    ending: list[dict[str, Any]] = [each for each in integrations if each.get("warnings")]
    failing = listed["connections"]
    return visit.draw(
        "desk/overview.html",
        integrations=integrations,
        failing=failing[:_MOST],
        has_more=len(failing) > _MOST,
        waiting=waiting[:_MOST],
        dead=dead,
        ending=ending,
        newest=newest["connections"],
        is_calm=not (failing or waiting or dead or ending),
    )
