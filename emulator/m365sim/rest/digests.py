"""Form digests: proof that a request that changes something was meant.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints:
they last 30 minutes, and a request with a bearer token needs none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from m365sim.rest.call import Call
from m365sim.rest.errors import bad_digest

LIFETIME = timedelta(minutes=30)
_WRITTEN = "%d %b %Y %H:%M:%S -0000"
_FORM = re.compile(r"0x[0-9A-F]{64},(?P<at>.+)")


def new_digest(call: Call) -> str:
    """Mint a digest."""
    stamp = call.world.rng.getrandbits(256)
    return f"0x{stamp:064X},{call.world.clock.now().strftime(_WRITTEN)}"


def check_digest(call: Call) -> None:
    """Refuse a digest that is malformed or too old."""
    text = call.headers.get("x-requestdigest")
    if text is None or call.method == "GET":
        return
    found = _FORM.fullmatch(text)
    try:
        at = datetime.strptime(found["at"] if found else "", _WRITTEN).replace(tzinfo=UTC)
    except ValueError as broken:
        raise bad_digest() from broken
    if not at <= call.world.clock.now() <= at + LIFETIME:
        raise bad_digest()
