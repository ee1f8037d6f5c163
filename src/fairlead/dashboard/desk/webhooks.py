"""Webhooks: what was announced, how it was taken, and what was given up."""

import json
from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.visit import Visit

_MOST = 100
_STATES = ("delivered", "pending", "dead")


async def show(visit: Visit) -> Response:
    """Draw the page."""
    state = visit.asked.get("state", "")
    events = await visit.api.get(
        "/webhooks/events", state=state if state in _STATES else None, limit=_MOST
    )
    return visit.draw("desk/webhooks.html", events=events["data"], state=state, written=_written)


def _written(payload: Any) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)


async def replay(visit: Visit) -> Response:
    """Deliver one event that was given up once more, or all of them."""
    ids = [visit.form["event"]] if visit.form.get("event") else []
    done = await visit.api.change("POST", "/webhooks/dead-letters/replay", {"ids": ids})
    said = f"{done['replayed']} to be delivered once more."
    return visit.back(visit.link("webhooks", state=visit.form.get("state", "")), said)
