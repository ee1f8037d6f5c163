"""One call of Graph: sent, judged, read.

https://learn.microsoft.com/graph/errors. What came as a success may hold an error all the same:
https://learn.microsoft.com/graph/api/driveitem-invite (207).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar, cast

from fairlead.errors import FairleadError, ProviderError
from fairlead.model.exchange import Request, Response, Send
from fairlead.model.provider import Reply
from fairlead_microsoft.clouds import GLOBAL, Cloud
from fairlead_microsoft.errors import classify
from fairlead_microsoft.graph import urls

#: bytes of an error's answer that are read
_LONGEST_ERROR = 65_536
JSON = {"Accept": "application/json"}
#: of an error that came inside a success, code in lower case -> status it stands for
_STATUS_OF = {
    "accessdenied": 403,
    "activitylimitreached": 429,
    "generalexception": 500,
    "invalidrequest": 400,
    "itemnotfound": 404,
    "namealreadyexists": 409,
    "notallowed": 403,
    "notsupported": 400,
    "resourcelocked": 423,
    "resourcemodified": 412,
    "servicenotavailable": 503,
    "unauthenticated": 403,
}

T = TypeVar("T")
#: waits so many seconds
Sleep = Callable[[float], Awaitable[object]]


class Caller:
    """Calls of Graph as one connection; every error is one of `fairlead_microsoft.errors`."""

    def __init__(
        self,
        send: Send,
        connection_config: Mapping[str, Any] | None = None,
        *,
        cloud: Cloud = GLOBAL,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._send = send
        self._config = connection_config or {}
        self._sleep = sleep
        self._cloud = cloud
        self._root = cloud.graph_url
        self._origin = urls.origin(cloud.graph_url)
        self._dialects: dict[object, Any] = {}

    def dialect(self, kind: Callable[..., T]) -> T:
        """Return another API of the same connection, made once: `dialect(Rest)`."""
        if kind not in self._dialects:
            self._dialects[kind] = kind(
                self._send, self._config, cloud=self._cloud, sleep=self._sleep
            )
        return cast("T", self._dialects[kind])

    def path(self, *segments: str) -> str:
        """Return the path of a resource, each segment quoted: `path("drives", drive_id)`."""
        return urls.path(*segments)

    def url(self, path: str, **params: str | int | None) -> str:
        """Return the address of a resource in this connection's cloud."""
        return urls.with_query(f"{self._root}{path}", params)

    def owns(self, url: str) -> bool:
        """Say whether a URL is one of this cloud's Graph."""
        return urls.origin(url) == self._origin

    async def _call(self, request: Request) -> Response:
        """Send, and return the answer unless it is an error."""
        response = await self._send(request)
        if response.status < HTTPStatus.BAD_REQUEST:
            return response
        body, headers = await refusal(response)
        raise error_of(request, response.status, body, headers)

    async def _json(self, request: Request) -> Any:
        """Send, and return the JSON of the answer; None for an empty one."""
        response = await self._call(request)
        async with response:
            body = await response.read()
        if not body:
            return None
        try:
            reply = json.loads(body)
        except ValueError as error:
            raise ProviderError(
                "Microsoft Graph answered with something that is not JSON; try again later.",
                code="unexpected_reply",
                provider_status=response.status,
            ) from error
        if isinstance(reply, dict) and isinstance(reply.get("error"), dict) and "id" not in reply:
            raise error_of(request, response.status, body[:_LONGEST_ERROR])
        return reply


async def refusal(response: Response) -> tuple[bytes, dict[str, str]]:
    """Return the first 64 KiB of an error's answer, and its headers in lower case; it is closed."""
    async with response:
        body = b""
        async for chunk in response.stream():
            body += chunk
            if len(body) >= _LONGEST_ERROR:
                break
    return body[:_LONGEST_ERROR], {name.lower(): value for name, value in response.headers.items()}


def error_of(
    request: Request, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> FairleadError:
    """Return the error that an answer means; of the request's address, the query is left out.

    One inside a success is told as if the call itself had been refused so.
    """
    if status < HTTPStatus.BAD_REQUEST:
        said = json.loads(body).get("error") or {}
        status = _STATUS_OF.get(str(said.get("code")).lower(), status)
    url = request.url.partition("?")[0]
    return classify(Reply(status, headers or {}, body, url, request.method))
