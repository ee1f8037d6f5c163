"""The delta of a list's items.

https://learn.microsoft.com/graph/api/listitem-delta. Recordings show it without the annotations
that a drive's delta carries; those of an empty list have no more than a deltaLink.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365sim.files.problems import BadToken, TokenExpired
from m365sim.graph.call import Call
from m365sim.graph.delta import is_empty_turn
from m365sim.graph.expand import expanded, option, selected
from m365sim.graph.list_access import open_list, sees_row
from m365sim.graph.list_shapes import RowShapes
from m365sim.graph.paging import top
from m365sim.graph.reply import GraphError, Reply, invalid, page_reply
from m365sim.graph.shapes import CONTEXT
from m365sim.lists import SharePointList

_MAX_TOP = 1000


async def list_delta(call: Call) -> Reply:
    """Return a page of a delta round: a full enumeration, or the changes since a token."""
    found = open_list(call, "read", below=True)
    text = call.address.arguments.get("token") or option(call, "token")
    now = call.world.clock.now()
    try:
        token = found.open_delta(text, now)
    except TokenExpired as expired:
        raise _resync(call, found, str(expired)) from expired
    except BadToken as bad:
        raise invalid(str(bad)) from bad
    quirks = call.world.quirks
    page = found.delta_page(token, 0 if is_empty_turn(call, token) else top(call, _MAX_TOP))
    entries = page.entries
    if quirks.repeat_across_pages and token.position > 0:
        before = found.delta_page(replace(token, position=token.position - 1), 1)
        entries = [*before.entries, *entries]
    shapes, wanted = RowShapes(call, found), selected(call)
    expand = expanded(call, "fields", "driveItem")
    value: dict[str, Any] = {"@odata.context": f"{CONTEXT}#Collection(microsoft.graph.listItem)"}
    link = "@odata.deltaLink" if page.is_last else "@odata.nextLink"
    value[link] = call.link("token", page.token.write())
    value["value"] = [
        shapes.delta_entry(row, gone, expand, wanted)
        for row, gone in entries
        if gone or sees_row(call, found, row)
    ]
    return page_reply(value)


def _resync(call: Call, found: SharePointList, message: str) -> GraphError:
    """Make the 410 that asks for a full enumeration, and shows where to begin it."""
    quirks = call.world.quirks
    headers = []
    if quirks.resync_location:
        fresh = found.open_delta(None, call.world.clock.now())
        headers.append((b"location", call.link("token", fresh.write()).encode()))
    return GraphError(
        410, "resyncRequired", message, inner_code=quirks.resync_code, headers=headers
    )
