"""A Send into a world in this process, under the real names of its hosts, with one token."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import orjson

from fairlead.model.exchange import Request, Response
from m365sim.app import by_host
from m365sim.world import World


class DirectAnswer:
    """An answer that is whole."""

    def __init__(self, request: Request) -> None:
        self.status = 0
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.url, self.method = request.url, request.method

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.decode().lower(): value.decode("latin-1") for name, value in self.raw_headers}

    async def stream(self) -> AsyncIterator[bytes]:
        yield self.body

    async def read(self) -> bytes:
        return self.body

    async def json(self) -> Any:
        return orjson.loads(self.body)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class DirectSend:
    """Sends requests to a world: `tokens` by the host that they are for, or one for all."""

    def __init__(self, world: World, token: str, graph_token: str = "") -> None:
        self._app = by_host(world)
        self._token, self._graph_token = token, graph_token
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        parts = urlsplit(request.url)
        is_graph = parts.netloc.startswith("graph.")
        token = self._graph_token if is_graph else self._token
        named = {
            "host": parts.netloc,
            "authorization": f"Bearer {token}",
            **{name.lower(): value for name, value in request.headers.items()},
        }
        scope = {
            "type": "http",
            "method": request.method.upper(),
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in named.items()],
        }
        body = request.body if isinstance(request.body, bytes) else b""
        answer = DirectAnswer(request)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.raw_headers = list(message.get("headers", ()))
            else:
                answer.body += message.get("body", b"")

        await self._app(scope, receive, send)
        return answer
