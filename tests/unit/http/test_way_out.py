"""The operator's proxy: what goes by it, what does not, and that nobody calls it as an API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fairlead.errors import EgressRefused, Unavailable
from fairlead.http.egress import EgressPolicy
from fairlead.http.transport import Transport
from fairlead.model.clock import SystemClock
from fairlead.model.exchange import Request


class Proxy:
    """An HTTP proxy that answers itself, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.server: TestServer | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((str(request.url), request.headers.get("Proxy-Authorization")))
        return web.Response(text="by the proxy")

    @property
    def address(self) -> str:
        assert self.server
        return f"127.0.0.1:{self.server.port}"


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    made.server = TestServer(app)
    await made.server.start_server()
    yield made
    await made.server.close()


async def text(transport: Transport, url: str) -> str:
    async with await transport.send(Request(url=url)) as answer:
        return (await answer.read()).decode()


async def test_the_internet_is_reached_by_it(proxy: Proxy) -> None:
    way = f"http://user:pass@{proxy.address}"
    async with await Transport.open(EgressPolicy(), clock=SystemClock(), proxy=way) as transport:
        # no such name can be resolved here: the proxy does that
        assert await text(transport, "http://api.invalid/v1?x=1") == "by the proxy"
        assert proxy.asked == [("http://api.invalid/v1?x=1", "Basic dXNlcjpwYXNz")]
        for near in ("http://10.1.2.3/", "http://169.254.169.254/", f"http://{proxy.address}/"):
            with pytest.raises(EgressRefused):
                await text(transport, near)
        assert len(proxy.asked) == 1


async def test_what_is_allowed_by_name_is_called_directly(proxy: Proxy) -> None:
    app = web.Application()

    async def near(_request: web.Request) -> web.Response:
        return web.Response(text="near")

    app.router.add_get("/", near)
    async with TestServer(app) as server:
        for allowed in ("127.0.0.0/8", f"127.0.0.1:{server.port}", "localhost"):
            policy = EgressPolicy([allowed])
            host = "localhost" if allowed == "localhost" else "127.0.0.1"
            way = f"http://{proxy.address}"
            async with await Transport.open(policy, clock=SystemClock(), proxy=way) as transport:
                assert await text(transport, f"http://{host}:{server.port}/") == "near"
                with pytest.raises(EgressRefused):
                    await text(transport, f"http://{proxy.address}/")
        policy = EgressPolicy(["127.0.0.0/8"])
        async with await Transport.open(policy, clock=SystemClock(), proxy=way) as transport:
            with pytest.raises(EgressRefused, match="this server's own way out"):
                await text(transport, f"http://{proxy.address}/")
    assert proxy.asked == []


async def test_a_proxy_that_is_named_and_near(proxy: Proxy) -> None:
    way = f"http://{proxy.address.replace('127.0.0.1', 'localhost')}"
    async with await Transport.open(EgressPolicy(), clock=SystemClock(), proxy=way) as transport:
        assert await text(transport, "http://api.invalid/") == "by the proxy"


async def test_a_proxy_that_is_not_there(unused_tcp_port: Any) -> None:
    way = f"http://127.0.0.1:{unused_tcp_port}"
    async with await Transport.open(EgressPolicy(), clock=SystemClock(), proxy=way) as transport:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await text(transport, "http://api.invalid/")
