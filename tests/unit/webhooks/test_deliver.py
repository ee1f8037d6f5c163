"""Delivery: what is sent, what is written down, when it is tried again."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import pytest_asyncio
from pydantic import SecretStr

from fairlead.errors import EgressRefused, Unavailable
from fairlead.model.clock import ManualClock, new_id
from fairlead.model.credentials import NoCredentials
from fairlead.model.environment import Environment
from fairlead.model.event import Event
from fairlead.model.exchange import Request
from fairlead.settings import Settings
from fairlead.store import connections, environments, integrations, outbox
from fairlead.store.database import Database
from fairlead.store.migrate import upgrade
from fairlead.vault.rows import credentials_row
from fairlead.vault.vault import Vault
from fairlead.webhooks import Deliverer

BORN = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://product.example/hooks?token=topsecret"
KEY = "0123456789abcdef"


class Answer:
    """As much of a response as delivery looks at."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class Receivers:
    """Stands for the transport: notes what was sent, answers as it was told."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.status = 200
        self.error: Exception | None = None
        self.slow: dict[str, asyncio.Event] = {}

    async def send(self, request: Request, *, total_timeout: timedelta, **_: Any) -> Answer:
        assert total_timeout == timedelta(seconds=20)
        self.requests.append(request)
        if (gate := self.slow.get(request.url)) is not None:
            await gate.wait()
        if self.error is not None:
            raise self.error
        return Answer(self.status)


class Stage:
    """One database, its environment, and a deliverer with its receivers."""

    def __init__(self, db: Database, environment: Environment) -> None:
        self.db = db
        self.environment = environment
        self.clock = ManualClock(BORN)
        self.receivers = Receivers()

    def deliverer(self, **settings: Any) -> Deliverer:
        given = Settings(**{"webhook_url": URL, "secret_key": SecretStr(KEY), **settings})
        return Deliverer(self.db, self.receivers, given, self.clock, new_id)  # type: ignore[arg-type]

    async def put(self, event_id: str = "e1", connection_pk: int | None = None) -> None:
        event = Event(
            id=event_id,
            environment_id=self.environment.id,
            type="sync",
            connection_pk=connection_pk,
            payload={"type": "sync", "from": "nango", "success": True},
            created_at=self.clock.now(),
        )
        async with self.db.write() as tx:
            await outbox.put(tx, event)

    async def attempts(self, event_id: str = "e1") -> list[tuple[int, int | None, str | None]]:
        async with self.db.read() as tx:
            noted = await outbox.deliveries_of(tx, event_id)
        return [(one.attempt, one.status, one.error) for one in noted]

    async def connection(self, webhook_url: str, key: str = "sp") -> int:
        vault = Vault([bytes(32)])
        async with self.db.write() as tx:
            integration = await integrations.insert(
                tx,
                vault,
                environment_id=self.environment.id,
                unique_key=key,
                provider="sharepoint-online",
                display_name="SharePoint",
                client_id=None,
                client_secret=None,
                scopes=None,
                webhook_secret=None,
                forward_webhooks=True,
                config={},
                custom={},
                now=BORN,
            )
            row = credentials_row(self.environment.id, integration.id, "c1")
            connection, _ = await connections.upsert(
                tx,
                environment_id=self.environment.id,
                integration=integration,
                connection_id="c1",
                end_user=None,
                tags={},
                metadata=None,
                connection_config={},
                webhook_url_override=webhook_url,
                sealed=vault.seal_credentials(NoCredentials(), row=row),
                now=BORN,
            )
        return connection.id


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    await upgrade(url)
    db = await Database.open(url)
    async with db.write() as tx:
        environment = await environments.ensure_environment(tx, name="dev", key_hash="h", now=BORN)
    yield Stage(db, environment)
    await db.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a look at real conditions, bounded
            await asyncio.sleep(0.005)


async def test_an_event_is_posted_once_signed_and_noted(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    assert await deliverer.deliver_due() == 1
    assert await deliverer.deliver_due() == 0

    (request,) = stage.receivers.requests
    body = b'{"from":"nango","success":true,"type":"sync"}'
    assert (request.method, request.url, request.body) == ("POST", URL, body)
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["content-type"] == "application/json"
    expected = hmac.new(KEY.encode(), body, hashlib.sha256)
    assert headers["x-nango-hmac-sha256"] == expected.hexdigest()
    assert headers["x-nango-signature"] == hashlib.sha256(KEY.encode() + body).hexdigest()
    assert headers["webhook-id"] == "e1"
    assert headers["webhook-timestamp"] == str(int(BORN.timestamp()))
    signed = f"e1.{int(BORN.timestamp())}.".encode() + body
    standard = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{standard}"
    assert await stage.attempts() == [(1, 200, None)]


async def test_the_signing_key_wins_over_the_secret_key(stage: Stage) -> None:
    deliverer = stage.deliverer(webhook_signing_key=SecretStr("another key"))
    await stage.put()
    await deliverer.deliver_due()
    (request,) = stage.receivers.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert isinstance(request.body, bytes)
    expected = hmac.new(b"another key", request.body, hashlib.sha256).hexdigest()
    assert headers["x-nango-hmac-sha256"] == expected


async def test_a_refused_event_is_tried_again_later_with_the_same_id(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.status = 503
    assert await deliverer.deliver_due() == 1
    stage.clock.advance(timedelta(seconds=4))
    assert await deliverer.deliver_due() == 0
    stage.clock.advance(timedelta(seconds=1))
    stage.receivers.status = 204
    assert await deliverer.deliver_due() == 1
    assert await stage.attempts() == [(1, 503, "receiver answered 503"), (2, 204, None)]
    first, second = stage.receivers.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("hours", [1, -1], ids=["forth", "back"])
@pytest.mark.parametrize("is_new", [False, True], ids=["same process", "another process"])
async def test_a_clock_that_jumps_delays_no_attempt(
    stage: Stage, hours: int, *, is_new: bool
) -> None:
    deliverer = stage.deliverer()
    await stage.put("e1")
    stage.receivers.status = 503
    assert await deliverer.deliver_due() == 1
    await stage.put("e2")
    stage.clock.advance(timedelta(hours=hours))
    stage.receivers.status = 204
    deliverer = stage.deliverer() if is_new else deliverer
    # what was never tried goes at once, and the other after its five seconds at the latest
    first = await deliverer.deliver_due()
    assert first == (2 if hours > 0 else 1)
    stage.clock.advance(timedelta(seconds=5))
    assert first + await deliverer.deliver_due() == 2
    assert await stage.attempts("e1") == [(1, 503, "receiver answered 503"), (2, 204, None)]
    assert await stage.attempts("e2") == [(1, 204, None)]


async def test_a_redirect_counts_as_refused(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.status = 302
    await deliverer.deliver_due()
    assert await stage.attempts() == [(1, 302, "receiver answered 302")]


async def test_a_network_failure_is_noted_without_secrets_and_tried_again(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.error = Unavailable("no answer; Authorization: Bearer abcdefghijkl")
    await deliverer.deliver_due()
    ((attempt, status, error),) = await stage.attempts()
    assert (attempt, status) == (1, None)
    assert error is not None
    assert "abcdefghijkl" not in error
    async with stage.db.read() as tx:
        (noted,) = await outbox.deliveries_of(tx, "e1")
    assert "topsecret" not in noted.url
    stage.clock.advance(timedelta(seconds=5))
    assert await deliverer.deliver_due() == 1


async def test_an_address_that_may_not_be_called_is_noted(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.error = EgressRefused("product.example may not be called")
    await deliverer.deliver_due()
    assert await stage.attempts() == [(1, None, "product.example may not be called")]


async def test_a_receiver_that_is_gone_is_not_asked_again(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.status = 410
    await deliverer.deliver_due()
    stage.clock.advance(timedelta(days=2))
    assert await deliverer.deliver_due() == 0


async def test_after_a_day_of_failures_an_event_is_given_up(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put()
    stage.receivers.status = 500
    for _ in range(60):
        await deliverer.deliver_due()
        stage.clock.advance(timedelta(hours=1))
    attempts = await stage.attempts()
    assert len(attempts) == 10
    assert {status for _, status, _ in attempts} == {500}


async def test_without_a_url_there_is_nowhere_to_go(stage: Stage) -> None:
    await stage.put()
    assert await stage.deliverer(webhook_url="").deliver_due() == 0
    assert await stage.attempts() == []
    stage.clock.advance(timedelta(hours=1))
    assert await stage.deliverer().deliver_due() == 0, "it must not come up again"


async def test_the_connections_own_url_wins(stage: Stage) -> None:
    pk = await stage.connection("https://tenant.example/hook")
    await stage.put(connection_pk=pk)
    await stage.deliverer().deliver_due()
    assert [request.url for request in stage.receivers.requests] == ["https://tenant.example/hook"]


async def test_a_slow_receiver_does_not_hold_up_another(stage: Stage) -> None:
    gate = stage.receivers.slow["https://slow.example/hook"] = asyncio.Event()
    for number in range(80):
        # each of a connection of its own: those of one come one after the other
        pk = await stage.connection("https://slow.example/hook", f"sp{number}")
        await stage.put(f"slow{number:02d}", pk)
    stage.clock.advance(timedelta(seconds=1))
    await stage.put("quick")
    deliverer = stage.deliverer()
    deliverer.start()
    deliverer.start()
    await until(lambda: any(sent.url == URL for sent in stage.receivers.requests))
    to_slow = [sent for sent in stage.receivers.requests if sent.url != URL]
    assert len(to_slow) == 8, "only its share is under way"

    gate.set()
    await until(lambda: not deliverer._under_way)
    stage.clock.advance(timedelta(seconds=10))
    while await deliverer.deliver_due():
        stage.clock.advance(timedelta(seconds=10))
    await deliverer.stop()
    assert len({sent.headers["webhook-id"] for sent in stage.receivers.requests}) == 81
    assert await stage.attempts("slow79") == [(1, 200, None)], "waiting is no attempt"


async def test_a_burst_goes_as_fast_as_its_receiver_answers(stage: Stage) -> None:
    for number in range(200):
        await stage.put(f"burst{number:03d}")
    deliverer = stage.deliverer()
    while await deliverer.deliver_due():
        pass
    assert len({sent.headers["webhook-id"] for sent in stage.receivers.requests}) == 200
    assert await stage.attempts("burst199") == [(1, 200, None)]


async def test_who_stood_in_line_for_too_long_goes_back_to_the_outbox(stage: Stage) -> None:
    gate = stage.receivers.slow[URL] = asyncio.Event()
    for number in range(9):
        await stage.put(f"e{number}")
    deliverer = stage.deliverer()
    delivering = asyncio.create_task(deliverer.deliver_due())
    await until(lambda: len(stage.receivers.requests) == 8)
    stage.clock.advance(timedelta(seconds=61))
    gate.set()
    await delivering
    assert await stage.attempts("e8") == []
    assert await deliverer.deliver_due() == 1
    assert await stage.attempts("e8") == [(1, 200, None)]


async def test_who_stands_in_line_at_the_stop_is_given_back(stage: Stage) -> None:
    gate = stage.receivers.slow[URL] = asyncio.Event()
    for number in range(9):
        await stage.put(f"e{number}")
    deliverer = stage.deliverer()
    deliverer.start()
    await until(lambda: len(stage.receivers.requests) == 8)
    stopping = asyncio.create_task(deliverer.stop())
    await until(lambda: not deliverer._lines)
    gate.set()
    await stopping
    assert await stage.attempts("e8") == []
    assert await stage.deliverer().deliver_due() == 1


async def test_stop_lets_what_is_under_way_end(stage: Stage) -> None:
    gate = stage.receivers.slow[URL] = asyncio.Event()
    deliverer = stage.deliverer()
    await stage.put()
    deliverer.start()
    await until(lambda: bool(stage.receivers.requests))
    stopping = asyncio.create_task(deliverer.stop())
    gate.set()
    await stopping
    assert await stage.attempts() == [(1, 200, None)]


async def test_what_was_claimed_by_a_process_that_died_comes_again(stage: Stage) -> None:
    await stage.put()
    async with stage.db.write() as tx:
        assert len(await outbox.claim(tx, stage.clock.now(), 10)) == 1
    deliverer = stage.deliverer()
    assert await deliverer.deliver_due() == 0
    stage.clock.advance(timedelta(minutes=2))
    assert await deliverer.deliver_due() == 1
    assert await stage.attempts() == [(2, 200, None)]


async def test_finished_events_are_forgotten_after_a_month(stage: Stage) -> None:
    deliverer = stage.deliverer()
    await stage.put("old")
    await deliverer.deliver_due()
    stage.clock.advance(timedelta(days=29))
    await stage.put("young")
    await deliverer.deliver_due()
    stage.clock.advance(timedelta(days=2))
    await deliverer.deliver_due()
    assert await stage.attempts("old") == []
    assert len(await stage.attempts("young")) == 1
