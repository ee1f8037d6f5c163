"""A Send over real sockets with fixed tokens: for a pack's tests against the emulator."""

from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from fairlead.model.exchange import Request, Response


class HttpResponse:
    """A response over the wire."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.raw_headers = response.raw_headers
        self.url = str(response.url)
        self.method = response.method

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self._response.headers.items()}

    async def stream(self) -> AsyncIterator[bytes]:
        async for piece in self._response.content.iter_any():
            yield piece

    async def read(self) -> bytes:
        return await self._response.read()

    async def json(self) -> Any:
        return await self._response.json(content_type=None)

    async def close(self) -> None:
        self._response.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class Http:
    """A plain Send: the token goes to Graph only, redirects are followed without it.

    Another one, if there is one, goes to SharePoint's own API.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        graph_url: str,
        token: str,
        site_token: str | None = None,
    ) -> None:
        self._session = session
        self._graph = URL(graph_url).origin()
        self._token = token
        self._site_token = site_token
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        url = URL(request.url, encoded=True)
        redirects = 0
        while True:
            headers = dict(request.headers)
            address = url
            if url.origin() == self._graph and not request.is_bare:
                headers["Authorization"] = f"Bearer {self._token}"
            elif url.origin() != self._graph:
                # the emulator's hosts of tenants all live here
                headers["Host"] = f"{url.host}:{url.port}"
                address = url.with_host("127.0.0.1")
                if self._site_token and "/_api/" in url.path:
                    headers["Authorization"] = f"Bearer {self._site_token}"
            response = await self._session.request(
                request.method,
                address,
                headers=headers,
                # aiohttp warns of bytes beyond a megabyte
                data=BytesIO(request.body) if isinstance(request.body, bytes) else request.body,
                allow_redirects=False,
                skip_auto_headers=("Content-Type",),
            )
            redirects += 1
            if response.status not in (301, 302, 303, 307, 308) or redirects > 3:
                answer = HttpResponse(response)
                answer.url = str(url)
                return answer
            url = URL(response.headers["Location"], encoded=True)
            response.release()
