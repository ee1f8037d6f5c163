"""Writes of one turn of the loop leave together, in order, and none is lost."""

import asyncio
from typing import Any

import pytest
import uvicorn

from fairlead.api.gathered import MOST_BYTES, GatheredTransport, GatheringProtocol


class _Below:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.told.append(("write", bytes(data)))

    def writelines(self, parts: list[bytes]) -> None:
        self.told.append(("write", b"".join(parts)))

    def close(self) -> None:
        self.told.append(("close", None))

    def abort(self) -> None:
        self.told.append(("abort", None))

    def is_closing(self) -> bool:
        return any(name in {"close", "abort"} for name, _ in self.told)

    def get_extra_info(self, name: str) -> str:
        return f"its {name}"


@pytest.fixture
def below() -> _Below:
    return _Below()


@pytest.fixture
async def gathered(below: _Below) -> GatheredTransport:
    return GatheredTransport(below, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_one_piece_at_the_end_of_the_turn(below: _Below, gathered: Any) -> None:
    for part in (b"head", b"", b"body"):
        gathered.write(part)
    assert below.told == []
    await asyncio.sleep(0)
    assert below.told == [("write", b"headbody")]
    gathered.write(b"more")
    await asyncio.sleep(0)
    assert below.told[1:] == [("write", b"more")]


async def test_much_does_not_pile_up(below: _Below, gathered: Any) -> None:
    gathered.write(b"head")
    gathered.write(b"x" * MOST_BYTES)
    assert below.told == [("write", b"head" + b"x" * MOST_BYTES)]
    await asyncio.sleep(0)
    assert len(below.told) == 1


async def test_closing_sends_what_is_held(below: _Below, gathered: Any) -> None:
    gathered.write(b"last")
    assert not gathered.is_closing()
    gathered.close()
    assert below.told == [("write", b"last"), ("close", None)]
    assert gathered.is_closing()
    await asyncio.sleep(0)
    assert len(below.told) == 2


async def test_aborting_does_not(below: _Below, gathered: Any) -> None:
    gathered.write(b"lost")
    gathered.abort()
    await asyncio.sleep(0)
    assert below.told == [("abort", None)]


async def test_all_else_is_the_transport_below(gathered: Any) -> None:
    assert gathered.get_extra_info("peername") == "its peername"


async def test_an_answer_is_one_piece_on_the_wire() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        await send({"type": "http.response.body", "body": b"cd"})

    config = uvicorn.Config(app, lifespan="off", log_config=None, http=GatheringProtocol)
    server = uvicorn.Server(config)
    config.load()
    below = _Below()
    below.get_extra_info = lambda name, default=None: default  # type: ignore[assignment]
    protocol = GatheringProtocol(config, server.server_state, {})
    protocol.connection_made(below)  # type: ignore[arg-type]
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(asyncio.gather(*server.server_state.tasks), 10)
    await asyncio.sleep(0)
    ((_, wire),) = below.told
    assert wire.startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.endswith(b"\r\n\r\nabcd")
    protocol.connection_lost(None)
