"""Approvals: calls that agents want to make, for a person to decide."""

import json
from typing import Any

from starlette.responses import Response

from fairlead.dashboard.desk.inside import Refused, path
from fairlead.dashboard.desk.visit import Visit


async def show(visit: Visit) -> Response:
    """Draw the page: what waits, then what was decided."""
    found = (await visit.api.get("/approvals"))["approvals"]
    return visit.draw("desk/approvals.html", approvals=found, written=_written)


def _written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


async def decide(visit: Visit) -> Response:
    """Let a call be made, or never."""
    number, is_yes = visit.form.get("approval", ""), visit.form.get("decision") == "approve"
    reason = visit.form.get("reason", "").strip()
    body = None if is_yes else {"reason": reason} if reason else {}
    try:
        await visit.api.change(
            "POST", path("approvals", number, "approve" if is_yes else "deny"), body
        )
    except Refused as error:
        return visit.back(visit.link("approvals"), error.sentence, is_bad=True)
    said = "The call is made, once." if is_yes else "The call is never made."
    return visit.back(visit.link("approvals"), said)
