"""Pages of lists, columns and the like, and the `$skiptoken` that leads to the next.

A token is base64 of what SharePoint keeps between pages: `Paged=TRUE&p_ID=2`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

from m365sim.graph.call import Call
from m365sim.graph.expand import option
from m365sim.graph.reply import Reply, invalid, json_reply

Thing = TypeVar("Thing")

POSITION, ID = "p_Position", "p_ID"


def top(call: Call, most: int) -> int:
    """Return how many entries a page may have."""
    text = option(call, "top")
    if text is None:
        return call.world.quirks.page_size
    if not text.isdigit() or int(text) == 0:
        raise invalid(f"Invalid value '{text}' for $top query option found.")
    return min(int(text), most)


def skip_token(name: str, value: int) -> str:
    """Write the token of the page that begins after a place."""
    text = f"Paged=TRUE&{name}={value}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def skipped(call: Call, name: str) -> int:
    """Read the place after which the addressed page begins; 0 for the first."""
    token = option(call, "skiptoken")
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        return int(parse_qs(text)[name][0])
    except (binascii.Error, ValueError, KeyError) as broken:
        raise invalid("The $skiptoken is not valid.") from broken


def cut(call: Call, things: Sequence[Thing], most: int = 1000) -> tuple[list[Thing], str | None]:
    """Cut the addressed page out of a collection; the second value links the next one."""
    start = skipped(call, POSITION)
    stop = start + top(call, most)
    link = call.link("$skiptoken", skip_token(POSITION, stop)) if stop < len(things) else None
    return list(things[start:stop]), link


def collection(context: str, shapes: list[dict[str, Any]], next_link: str | None) -> Reply:
    """Answer with a page."""
    value: dict[str, Any] = {"@odata.context": context}
    if next_link:
        value["@odata.nextLink"] = next_link
    value["value"] = shapes
    return json_reply(value)
