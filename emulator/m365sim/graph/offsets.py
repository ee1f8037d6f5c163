"""The `$skiptoken` of lists whose pages are counted from the start."""

from __future__ import annotations

import base64
import binascii

from m365sim.graph.reply import invalid


def offset_token(offset: int) -> str:
    """Return the token of the page that begins after so many entries."""
    return base64.urlsafe_b64encode(f"{offset};".encode()).decode().rstrip("=")


def read_offset(token: str | None) -> int:
    """Return how many entries come before the page of a token; 0 without one."""
    if token is None:
        return 0
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        return int(raw.partition(";")[0])
    except (binascii.Error, ValueError) as broken:
        raise invalid("The $skiptoken is not valid.") from broken
