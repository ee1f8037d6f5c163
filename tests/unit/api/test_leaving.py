"""A caller who goes away during a proxied call ends it: waits, and the vendor's work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from fairlead.app import build_app

PATIENCE_SECONDS = 30


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


@dataclass
class Call:
    """One proxied call, as an ASGI server makes it."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    is_read: bool = False
    task: asyncio.Task[None] | None = None

    async def receive(self) -> dict[str, Any]:
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": b"x"}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def ended(self) -> None:
        assert self.task
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.task


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


def call(world: Any, method: str = "GET", path: str = "/proxy/x", **headers: str) -> Call:
    app, made = build_app(world.services), Call()
    named = {"authorization": world.client.headers["authorization"], "connection-id": "c1"}
    named |= {"provider-config-key": "acme"} | headers
    if method == "POST":
        named["content-length"] = "1"
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    made.task = asyncio.create_task(app(scope, made.receive, made.send))
    return made


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_during_a_wait_that_the_vendor_asked_for(world: Any, method: str) -> None:
    world.vendor.answers = [(429, {"Retry-After": "120"}, b"")] * 5
    made = call(world, method, retries="5")
    await until(lambda: len(world.vendor.calls) == 1)
    made.left.set()
    await made.ended()
    # nobody is answered, nothing is asked again
    assert made.sent == []
    assert len(world.vendor.calls) == 1
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "caller watch"]


@asynccontextmanager
async def slow_vendor(world: Any) -> AsyncIterator[list[str]]:
    """A vendor at the connection's address that never answers; it notes who comes and goes."""
    seen = []

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append("came")
        await reader.read()
        seen.append("gone")
        writer.close()

    place = urlsplit(world.vendor.url)
    async with await asyncio.start_server(wait, place.hostname, place.port):
        yield seen


async def test_while_the_vendor_thinks(world: Any) -> None:
    await world.vendor.close()
    async with slow_vendor(world) as seen:
        made = call(world)
        await until(lambda: seen == ["came"])
        made.left.set()
        await made.ended()
        await until(lambda: seen == ["came", "gone"])
    assert made.sent == []


async def test_whoever_stays_is_answered(world: Any) -> None:
    world.vendor.answers = [(429, {"Retry-After": "1"}, b"")]
    made = call(world, retries="1")
    await made.ended()
    assert made.sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in made.sent[1:])


async def test_a_server_that_stops_is_not_taken_for_a_caller_that_left(world: Any) -> None:
    world.vendor.answers = [(429, {"Retry-After": "120"}, b"")]
    made = call(world, retries="1")
    await until(lambda: len(world.vendor.calls) == 1)
    assert made.task
    made.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await made.task
