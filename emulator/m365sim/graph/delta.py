"""The delta of a drive.

https://learn.microsoft.com/graph/api/driveitem-delta,
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/scan-guidance
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365sim.files import Drive
from m365sim.files.changes import FROM_THE_START, DeltaToken
from m365sim.files.problems import BadToken, TokenExpired
from m365sim.graph.call import Call
from m365sim.graph.delta_view import ACROSS_GAPS, DeltaView
from m365sim.graph.item_relations import Relations
from m365sim.graph.reply import GraphError, Reply, invalid, page_reply
from m365sim.graph.shapes import CONTEXT


async def drive_delta(call: Call) -> Reply:
    """Return a page of a delta round: a full enumeration, or the changes since a token."""
    drive = call.drive()
    preferred = _preferences(call.headers.get("prefer", ""))
    start = drive.resolve(call.start(drive), call.address.path or [])
    if start.parent is not None:
        # On SharePoint and OneDrive for work the delta of a folder does not exist.
        raise invalid("Delta is only supported on the root of a drive.")
    if ACROSS_GAPS not in preferred:
        call.check(drive, start)
    rounds = call.world.content.rounds
    echo = call.world.quirks.parent_echo and "deltaexcludeparent" not in call.headers
    text = call.address.arguments.get("token") or call.query.get("token") or None
    try:
        token = rounds.open(drive, text, call.world.clock.now(), echo=echo)
    except TokenExpired as expired:
        raise _resync(call, drive, str(expired)) from expired
    except BadToken as bad:
        raise invalid(str(bad)) from bad
    limit = 0 if is_empty_turn(call, token) else call.top()
    page = rounds.page(drive, token, limit)
    entries = page.entries
    if call.world.quirks.repeat_across_pages and token.position > 0:
        entries = [
            *rounds.page(drive, replace(token, position=token.position - 1), 1).entries,
            *entries,
        ]
    view = DeltaView(call, drive, token, preferred)
    relations = Relations(call, drive, in_delta=True)
    value: dict[str, Any] = {"@odata.context": f"{CONTEXT}#Collection(driveItem)"}
    value["@microsoft.graph.hasMoreData"] = not page.is_last
    value["@microsoft.graph.syncStatus"] = "FullData"
    link = "@odata.deltaLink" if page.is_last else "@odata.nextLink"
    value[link] = call.link("token", page.token.write())
    value["value"] = [
        relations.narrowed(shape) if gone else relations.shown(item, shape)
        for item, gone, shape in view.shapes(entries)
    ]
    return page_reply(value)


def _preferences(header: str) -> frozenset[str]:
    preferred = frozenset(value.strip().lower() for value in header.split(","))
    needed = {"deltashowremovedasdeleted", "deltatraversepermissiongaps"}
    if "deltashowsharingchanges" in preferred and not needed <= preferred:
        missing = ", ".join(sorted(needed - preferred))
        raise invalid(f"Must also prefer {missing} to use deltashowsharingchanges.")
    return preferred


def is_empty_turn(call: Call, token: DeltaToken) -> bool:
    """Tell whether this page of a delta shall be an empty one.

    A round counts its own pages, whoever else reads meanwhile; so the page after an empty one is
    never empty, and a link never leads to itself.
    """
    every = call.world.quirks.empty_page_every
    return every > 1 and (token.turn + 1) % every == 0


def _resync(call: Call, drive: Drive, message: str) -> GraphError:
    """Make the 410 that asks for a full enumeration, and shows where to begin it."""
    quirks, content = call.world.quirks, call.world.content
    headers = []
    if quirks.resync_location:
        fresh = content.rounds.begin(drive, call.world.clock.now(), FROM_THE_START, echo=True)
        headers.append((b"location", call.link("token", fresh.write()).encode()))
    return GraphError(
        410, "resyncRequired", message, inner_code=quirks.resync_code, headers=headers
    )
