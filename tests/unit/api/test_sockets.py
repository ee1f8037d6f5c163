"""The websocket at `/`: greeted, told how a trip ended, forgotten."""

import asyncio
import json
from typing import Any

import pytest

from fairlead.app import build_app


class Socket:
    """One end of a websocket, without a network."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.coming.put_nowait({"type": "websocket.connect"})

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.put_nowait(message)

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.sent.get(), 5)

    async def told(self) -> dict[str, Any]:
        message = await self.next()
        assert message["type"] == "websocket.send"
        return dict(json.loads(message["text"]))


@pytest.fixture
async def popup(world: Any) -> Any:
    """A page that listens, and the browser of its popup, on the same application."""
    await world.integration()
    app = world.browser._transport.app
    socket = Socket()
    scope = {"type": "websocket", "path": "/", "headers": []}
    serving = asyncio.create_task(app(scope, socket.coming.get, socket.send))
    assert (await socket.next())["type"] == "websocket.accept"
    greeting = await socket.told()
    assert greeting["message_type"] == "connection_ack"
    yield socket, greeting["ws_client_id"]
    socket.coming.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(serving, 5)


async def test_success(world: Any, popup: Any) -> None:
    socket, client_id = popup
    state = await world.depart(ws_client_id=client_id)
    await world.land(state, code="good")
    [made] = (await world.client.get("/connections")).json()["connections"]
    assert await socket.told() == {
        "message_type": "success",
        "provider_config_key": "acme",
        "connection_id": made["connection_id"],
        "is_pending": False,
    }


async def test_failures(world: Any, popup: Any) -> None:
    socket, client_id = popup
    await world.land(await world.depart(ws_client_id=client_id), error="access_denied")
    told = await socket.told()
    assert (told["message_type"], told["error_type"]) == ("error", "access_denied")
    assert "Try again" in told["error_desc"]
    await world.browser.get(f"/oauth/connect/acme?ws_client_id={client_id}")
    assert (await socket.told())["error_type"] == "missing_connect_session_token"


async def test_a_page_that_left_is_no_trouble(world: Any) -> None:
    await world.integration()
    state = await world.depart(ws_client_id="gone")
    assert (await world.land(state, code="good")).status_code == 200


async def test_no_socket_elsewhere(world: Any) -> None:
    socket = Socket()
    scope = {"type": "websocket", "path": "/other", "headers": []}
    await build_app(world.services)(scope, socket.coming.get, socket.send)
    assert (await socket.next())["type"] == "websocket.close"


async def test_a_page_of_somebody_else_is_told_why_not(world: Any) -> None:
    app = build_app(world.services)
    for origin, kind in (
        ("https://evil.example", "error"),
        ("null", "error"),
        ("http://fairlead.test", "connection_ack"),
    ):
        socket = Socket()
        headers = [(b"origin", origin.encode())]
        scope = {"type": "websocket", "path": "/", "headers": headers}
        serving = asyncio.create_task(app(scope, socket.coming.get, socket.send))
        assert (await socket.next())["type"] == "websocket.accept"
        told = await socket.told()
        assert told["message_type"] == kind, origin
        if kind == "error":
            assert told["error_type"] == "origin_not_allowed"
            assert "FAIRLEAD_CONNECT_ORIGINS" in told["error_desc"]
            assert await socket.next() == {"type": "websocket.close", "code": 1008}
        else:
            socket.coming.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(serving, 5)


async def test_a_page_that_left_before_it_was_refused(world: Any) -> None:
    socket = Socket()
    await socket.coming.get()
    socket.coming.put_nowait({"type": "websocket.disconnect"})
    scope = {"type": "websocket", "path": "/", "headers": [(b"origin", b"null")]}
    await build_app(world.services)(scope, socket.coming.get, socket.send)
    assert socket.sent.empty()
