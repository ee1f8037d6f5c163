"""Read many things in few exchanges: up to 20 calls travel as one.

https://learn.microsoft.com/graph/json-batching: answers come in any order, each with a status of
its own; each call is throttled by itself, and only those that were are sent again, after the
longest wait that any of them names.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fairlead.errors import FairleadError, ProviderError, Throttled, Unavailable
from fairlead.model.exchange import Request, Response
from fairlead.model.provider import Reply
from fairlead_microsoft.errors import classify
from fairlead_microsoft.graph.urls import VERSION

#: calls of one exchange
MOST_CALLS = 20
#: times that a call is sent which the vendor does not serve right now
_MOST_ATTEMPTS = 3
#: seconds before one is sent again that does not say how long to wait
_PAUSE = 1.0

#: waits so many seconds
Sleep = Callable[[float], Awaitable[object]]
Call = Callable[[Request], Awaitable[Response]]


async def read_many(
    call: Call,
    root: str,
    paths: Sequence[str],
    *,
    sleep: Sleep = asyncio.sleep,
) -> list[Any]:
    """Read paths (below `/v1.0`, with their queries) and return what came of each, in order.

    That is its JSON, or the error that it means: one that fails takes no other along. Throttled is
    raised, because it concerns all of them.
    """
    answers: dict[int, Any] = {}
    for start in range(0, len(paths), MOST_CALLS):
        waiting = list(range(start, min(start + MOST_CALLS, len(paths))))
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            replies = await _exchange(call, root, {n: paths[n] for n in waiting})
            answers |= replies
            waiting = [n for n in waiting if isinstance(answers[n], (Throttled, Unavailable))]
            if not waiting or attempt == _MOST_ATTEMPTS:
                break
            await sleep(max(_wait(answers[n]) for n in waiting))
        for number in waiting:
            if isinstance(answers[number], Throttled):
                raise answers[number]
    return [answers[number] for number in range(len(paths))]


def _wait(error: Throttled | Unavailable) -> float:
    return getattr(error, "retry_after", None) or _PAUSE


async def _exchange(call: Call, root: str, paths: Mapping[int, str]) -> dict[int, Any]:
    asked = [
        {"id": str(number), "method": "GET", "url": path.removeprefix(VERSION)}
        for number, path in paths.items()
    ]
    request = Request(
        method="POST",
        url=f"{root}{VERSION}/$batch",
        headers={"Accept": "application/json", "Content-Type": "application/json"},
        body=json.dumps({"requests": asked}).encode(),
    )
    response = await call(request)
    async with response:
        try:
            said = await response.json()
            told = {int(one["id"]): one for one in said["responses"]}
            return {
                number: _outcome(told[number], f"{root}{path.partition('?')[0]}")
                for number, path in paths.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderError(
                "Microsoft Graph answered a batch in an unexpected shape; please report it.",
                code="unexpected_reply",
                provider_status=response.status,
            ) from error


def _outcome(answer: Mapping[str, Any], url: str) -> Any | FairleadError:
    status, body = int(answer["status"]), answer.get("body")
    if status < 400:
        return body
    given = answer.get("headers") or {}
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    return classify(Reply(status, headers, json.dumps(body).encode(), url, "GET"))
