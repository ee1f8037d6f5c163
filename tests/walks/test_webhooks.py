"""An event's whole way: outbox, delivery loop, transport, receiver."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fairlead.app import Running, running
from fairlead.model.clock import new_id
from fairlead.model.event import Delivery, Event
from fairlead.settings import Settings, load_settings
from fairlead.store import environments, outbox
from fairlead.vault.tokens import hash_token

SECRET_KEY = "s3cr3t-key-of-the-tests"


class Receiver:
    """The product's webhook endpoint."""

    def __init__(self) -> None:
        self.url = ""
        self.received: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        await self.received.put((headers, await request.read()))
        return web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


def settings(folder: Path, **given: Any) -> Settings:
    return load_settings(
        database_url=f"sqlite:///{folder}/fairlead.sqlite",
        encryption_key=base64.b64encode(bytes(32)).decode(),
        secret_key=SECRET_KEY,
        **given,
    )


async def announce(server: Running) -> Event:
    """Write an event as a transaction of the platform does."""
    services = server.services
    async with services.db.write() as tx:
        found = await environments.find_by_key_hash(tx, hash_token(SECRET_KEY))
        assert found is not None
        event = Event(
            id=new_id(),
            environment_id=found[0].id,
            type="sync",
            connection_pk=None,
            payload={"type": "sync", "from": "nango", "model": "Datei ä"},
            created_at=services.clock.now(),
        )
        await outbox.put(tx, event)
    return event


async def first_attempt(server: Running, event: Event) -> Delivery:
    async with asyncio.timeout(20):
        while True:
            async with server.services.db.read() as tx:
                if attempts := await outbox.deliveries_of(tx, event.id):
                    return attempts[0]
            await asyncio.sleep(0.02)


async def test_an_event_reaches_the_product_signed(tmp_path: Path, receiver: Receiver) -> None:
    given = settings(tmp_path, webhook_url=receiver.url, egress_allow=("127.0.0.1",))
    async with running(given) as server:
        event = await announce(server)
        headers, body = await asyncio.wait_for(receiver.received.get(), 20)
        attempt = await first_attempt(server, event)
    assert body.decode() == '{"from":"nango","model":"Datei ä","type":"sync"}'
    key = SECRET_KEY.encode()
    assert headers["content-type"] == "application/json"
    expected = hmac.new(key, body, hashlib.sha256).hexdigest()
    assert headers["x-nango-hmac-sha256"] == expected
    assert headers["webhook-id"] == event.id
    signed = f"{event.id}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert (attempt.attempt, attempt.status, attempt.error) == (1, 204, None)
    assert isinstance(attempt.created_at, datetime)


async def test_a_private_address_is_not_called_unless_allowed(
    tmp_path: Path, receiver: Receiver
) -> None:
    given = settings(tmp_path, webhook_url=receiver.url)
    async with running(given) as server:
        attempt = await first_attempt(server, await announce(server))
    assert attempt.status is None
    assert attempt.error is not None
    assert "FAIRLEAD_EGRESS_ALLOW" in attempt.error
    assert receiver.received.empty()
