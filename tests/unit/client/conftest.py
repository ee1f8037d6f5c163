"""A server that answers what a test tells it to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """What was asked, and what shall be answered."""

    url: str = ""
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    #: next answers: (status, headers, body), or a function; then always the last
    answers: list[tuple[int, dict[str, str], bytes] | Answer] = field(default_factory=list)

    def says(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, body))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            return await answer(request)
        status, headers, body = answer
        return web.Response(status=status, headers=headers, body=body)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{rest:.*}", made.serve)
    async with TestServer(app) as listening:
        made.url = str(listening.make_url("")).rstrip("/")
        yield made


@pytest.fixture
def client(make_client: Any, server: Server) -> Any:
    return make_client(server.url)
