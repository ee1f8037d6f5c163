"""Ask how work that was accepted goes on, until it has ended.

https://learn.microsoft.com/graph/long-running-actions-overview: the monitor's address is all that
is needed, and takes no token; work that has ended may answer with a redirect to what was made.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fairlead.errors import ProviderError, ReconnectRequired
from fairlead.model.exchange import Request, Response
from fairlead.sdk import Shape
from fairlead_microsoft.graph import urls
from fairlead_microsoft.graph.caller import JSON, error_of

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 10.0
_ENDED_WELL = "completed"
_FAILED = frozenset({"failed", "deleteFailed", "updateFailed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a call for work that takes its time."""

    status: int
    #: the monitor's address, secret; None = there is nothing to wait for
    location: str | None


class Progress(Shape):
    """How work goes."""

    status: str = "inProgress"
    #: 0 to 100
    percentage_complete: float | None = None
    #: of what was made; not known if the monitor led to it by a redirect
    resource_id: str | None = None

    @property
    def is_completed(self) -> bool:
        """Has it ended well?"""
        return self.status == _ENDED_WELL


async def watch(
    call: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]],
    location: str,
    *,
    longest_seconds: float,
) -> Progress:
    """Ask until the work has ended, or has taken too long: then it is not completed.

    Why it failed is told as if the call itself had been refused so.
    """
    waited, pause = 0.0, _FIRST_WAIT
    while True:
        progress, hint = await _ask(call, location)
        if progress.is_completed or waited >= longest_seconds:
            return progress
        pause = min(max(pause, hint), longest_seconds - waited)
        await sleep(pause)
        waited += pause
        pause = min(pause * 2, _LONGEST_WAIT)


async def _ask(
    call: Callable[[Request], Awaitable[Response]], location: str
) -> tuple[Progress, float]:
    request = Request(url=location, headers=JSON, is_bare=True)
    try:
        response = await call(request)
    except ReconnectRequired as error:
        # it took no token, so there is none to be refused
        raise ProviderError(
            "Microsoft does not say any more how the work went; look for what it was to make.",
            code="monitor_closed",
            provider_status=401,
            detail=error.detail,
        ) from error
    async with response:
        body = await response.read()
        hint = response.headers.get("retry-after", "")
        if 300 <= response.status < 400 or urls.place(response.url) != urls.place(location):
            return Progress(status=_ENDED_WELL), 0.0
    reply = _parsed(body)
    progress = Progress.model_validate(
        {name: value for name, value in reply.items() if value is not None}
    )
    if progress.status in _FAILED:
        raise error_of(request, response.status, json.dumps(reply).encode())
    return progress, float(hint) if hint.isdigit() else 0.0


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(body)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}
