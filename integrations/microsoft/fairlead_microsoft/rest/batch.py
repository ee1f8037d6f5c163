"""Read many things in few exchanges: a `$batch` of up to 100 requests as one MIME message.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/make-batch-requests-with-the-rest-apis. All
are of one site, and the answers come in the order of the requests, each with a status of its own.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fairlead.errors import (
    FairleadError,
    InvalidInput,
    ProviderError,
    ReconnectRequired,
    Throttled,
    Unavailable,
)
from fairlead.model.exchange import Request, Response
from fairlead.model.provider import Reply
from fairlead_microsoft.errors import classify
from fairlead_microsoft.rest.reading import plain

#: requests of one exchange
MOST_CALLS = 100
#: times that one is sent which the vendor does not serve right now
_MOST_ATTEMPTS = 3
#: seconds before one is sent again that does not say how long to wait
_PAUSE = 1.0
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_BARE = "application/json;odata=nometadata"

Sleep = Callable[[float], Awaitable[object]]
Call = Callable[[Request], Awaitable[Response]]


async def read_many(
    call: Call,
    addresses: Sequence[str],
    new_id: Callable[[], UUID],
    *,
    sleep: Sleep = asyncio.sleep,
) -> list[Any]:
    """Read addresses of one site and return what came of each, in order.

    That is its JSON, plain, or the error that it means: one that fails takes no other along.
    Throttled and ReconnectRequired are raised, because they concern all of them.
    """
    apis = {address.partition("/_api/")[0] for address in addresses}
    if len(apis) > 1:
        raise InvalidInput("The requests of a batch must be of one site.")
    answers: dict[int, Any] = {}
    for start in range(0, len(addresses), MOST_CALLS):
        waiting = list(range(start, min(start + MOST_CALLS, len(addresses))))
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            replies = await _exchange(call, [addresses[n] for n in waiting], new_id())
            answers |= dict(zip(waiting, replies, strict=True))
            waiting = [n for n in waiting if isinstance(answers[n], (Throttled, Unavailable))]
            if not waiting or attempt == _MOST_ATTEMPTS:
                break
            await sleep(max(getattr(answers[n], "retry_after", None) or _PAUSE for n in waiting))
    for answer in answers.values():
        if isinstance(answer, (Throttled, ReconnectRequired)):
            raise answer
    return [answers[number] for number in range(len(addresses))]


async def _exchange(call: Call, addresses: Sequence[str], mark: UUID) -> list[Any]:
    boundary = f"batch_{mark}"
    lines: list[str] = []
    for address in addresses:
        lines += [
            f"--{boundary}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            "",
            f"GET {address} HTTP/1.1",
            f"Accept: {_BARE}",
            "",
            "",
        ]
    lines += [f"--{boundary}--", ""]
    api = f"{addresses[0].partition('/_api/')[0]}/_api"
    request = Request(
        method="POST",
        url=f"{api}/$batch",
        headers={
            "Accept": "multipart/mixed",
            "Content-Type": f"multipart/mixed; boundary={boundary}",
        },
        body="\r\n".join(lines).encode(),
    )
    response = await call(request)
    async with response:
        body = await response.read()
    found = _BOUNDARY.search(response.headers.get("content-type", ""))
    parts = _parts(body, found[1]) if found else []
    if len(parts) != len(addresses):
        raise ProviderError(
            "SharePoint answered a batch in an unexpected shape; please report it.",
            code="unexpected_reply",
            provider_status=response.status,
        )
    return [
        _outcome(part, address.partition("?")[0])
        for part, address in zip(parts, addresses, strict=True)
    ]


def _parts(body: bytes, boundary: str) -> list[bytes]:
    mark = b"--" + boundary.encode()
    return [part for part in body.split(mark)[1:] if not part.startswith(b"--")]


def _outcome(part: bytes, url: str) -> Any | FairleadError:
    """Return what a part tells: after its own headers a status, headers, and a body."""
    _, _, inner = _cut(part.lstrip(b"\r\n"))
    head, headers, body = _cut(inner)
    status = _STATUS.match(head)
    if status is None:
        raise ProviderError(
            "SharePoint answered a part of a batch in an unexpected shape; please report it.",
            code="unexpected_reply",
        )
    code = int(status[1])
    content = body.strip()
    if code >= 400:
        return classify(Reply(code, headers, content, url, "GET"))
    try:
        return plain(json.loads(content)) if content else None
    except ValueError as error:
        raise ProviderError(
            "SharePoint answered a part of a batch with something that is not JSON; try again "
            "later.",
            code="unexpected_reply",
        ) from error


def _cut(raw: bytes) -> tuple[bytes, Mapping[str, str], bytes]:
    """Return the first line, the headers (lower case), and what follows the empty line."""
    found = _EMPTY_LINE.search(raw)
    head, rest = (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")
    first, *lines = head.split(b"\n")
    headers = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return first.strip(), headers, rest
