"""One request and the head of its answer, on the parts of aiohttp that its session is made of.

`ClientSession.request` sees to cookies, redirects, traces, middleware and credentials in URLs, for
every call anew: a third of what a small call costs. Nothing here has any of them, so the pool, the
request and the response are put together as the session does it
([client reference](https://docs.aiohttp.org/en/stable/client_reference.html)).
"""

import asyncio
from collections.abc import Sequence

from aiohttp import (
    BaseConnector,
    ClientConnectorError,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)
from aiohttp.helpers import TimerNoop
from yarl import URL

from fairlead.http.retry import IDEMPOTENT

#: pre-authenticated links of some vendors are long
LONGEST_HEADER_BYTES = 65_536
_NO_TIMER = TimerNoop()
#: of the other methods, the library would invent a type for the body
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


async def exchange(
    session: ClientSession,
    method: str,
    url: URL,
    headers: Sequence[tuple[str, str]],
    body: bytes | None,
    *,
    limits: ClientTimeout,
    decompress: bool,
) -> ClientResponse:
    """Send a request and return its answer, body unread; only Host is added to `headers`.

    `limits.total` is not kept: who wants that takes the session. A kept connection that turns out
    to be closed is replaced once, for methods that may be repeated. Raises what the session does.
    """
    connector = session.connector
    assert connector is not None
    may_repeat = method in IDEMPOTENT
    while True:
        request = ClientRequest(
            method,
            url,
            headers=headers,
            skip_auto_headers=None if method in _WITHOUT_BODY else ("Content-Type",),
            data=body,
            loop=asyncio.get_running_loop(),
            response_class=ClientResponse,
            timer=_NO_TIMER,
            session=session,
        )
        try:
            return await _exchanged(connector, request, limits, decompress=decompress)
        except (ClientOSError, ServerDisconnectedError) as error:
            if not may_repeat or isinstance(error, ClientConnectorError):
                raise
            may_repeat = False
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise ClientOSError(*error.args) from error


async def _exchanged(
    connector: BaseConnector, request: ClientRequest, limits: ClientTimeout, *, decompress: bool
) -> ClientResponse:
    try:
        connection = await connector.connect(request, [], limits)
    except TimeoutError as error:
        raise ConnectionTimeoutError(f"Connection timeout to {request.host}") from error
    protocol = connection.protocol
    assert protocol is not None
    try:
        protocol.set_response_params(
            timer=_NO_TIMER,
            skip_payload=request.method == "HEAD",
            read_until_eof=True,
            auto_decompress=decompress,
            read_timeout=limits.sock_read,
            max_line_size=LONGEST_HEADER_BYTES,
            max_field_size=LONGEST_HEADER_BYTES,
        )
        answer = await request.send(connection)
        try:
            return await answer.start(connection)
        except BaseException:
            answer.close()
            raise
    except BaseException:
        connection.close()
        raise
