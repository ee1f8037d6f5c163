"""Deliver outgoing events: claim from the outbox, sign, post, and write down each attempt.

An event was written in the transaction that caused it, so delivery is at least once; a receiver
tells a repeat by `webhook-id`. Bodies follow the HTTP contract, section 6; signatures are the
contract's two and those of https://www.standardwebhooks.com.
"""

import asyncio
from collections import Counter, defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from fairlead import __version__
from fairlead.errors import FairleadError
from fairlead.http.redact import redact, redact_url
from fairlead.http.transport import Transport
from fairlead.model.clock import Clock, NewId
from fairlead.model.event import Delivery, Event
from fairlead.model.exchange import Request
from fairlead.model.operation import OperationState
from fairlead.observe.alert_targets import EVENT_TYPE, target_of_event
from fairlead.observe.watch import Watch
from fairlead.settings import Settings
from fairlead.store import connections, outbox
from fairlead.store.database import Database, Tx
from fairlead.vault.signing import webhook_signatures
from fairlead.webhooks.backoff import WAITS, next_attempt_at
from fairlead.webhooks.body import webhook_body
from fairlead.webhooks.standard import standard_signature

log = structlog.get_logger(__name__)

#: what a receiver may take to answer
TIMEOUT = timedelta(seconds=20)
#: seconds between two looks at the outbox when it was empty
IDLE_SECONDS = 1.0
#: attempts under way at once, and of these to one receiver: a slow one holds only its own share
MAX_UNDER_WAY = 64
MAX_PER_RECEIVER = 8
#: events of one receiver that wait here for a free attempt
MAX_LINE = 500
#: how long one may stand there: well below the time for which its claim hides it from others
LINE_WAIT = timedelta(seconds=60)
#: how long an event waits in the outbox whose receiver's line is full, so that others have a turn
BUSY_WAIT = timedelta(seconds=5)
#: seconds that attempts under way are given to end when the process stops
DRAIN_SECONDS = 5.0
#: how long the tale of a finished event is kept, and how often older ones are looked for
KEPT_FOR = timedelta(days=30)
PURGE_EVERY = timedelta(hours=1)
#: a clock that is set back by more has events pulled back
CLOCK_SLACK = timedelta(seconds=5)
_ALERTS = f"{EVENT_TYPE}:"
#: the receiver wants no more of it
GONE = 410


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event of ours to deliver, for a while."""

    event: Event
    attempt: int
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to."""

    status: int | None
    error: str | None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Deliverer:
    """Announces events to the product's webhook URL, or to the connection's own."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        transport: Transport,
        settings: Settings,
        clock: Clock,
        new_id: NewId,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch or Watch()
        self._db = db
        self._transport = transport
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._loop: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._per_receiver: Counter[str] = Counter()
        self._lines: defaultdict[str, deque[Claimed]] = defaultdict(deque)
        self._purge_at = clock.now()
        self._looked_at: datetime | None = None
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Begin to deliver in the background; a second call does nothing."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._run(), name="webhooks")

    async def stop(self) -> None:
        """End: attempts under way get a few seconds, the rest comes again later."""
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
            self._loop = None
        await self._give_back()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _give_back(self) -> None:
        """Let another process have what stands in line."""
        waiting = [one for line in self._lines.values() for one in line]
        self._lines.clear()
        if waiting:
            async with self._db.write() as tx:
                for one in waiting:
                    await outbox.postpone(tx, one.event.id, self._clock.now(), None)

    async def deliver_due(self) -> int:
        """Take what is due now, wait until each attempt is over, and return how many there were."""
        _, started = await self._begin()
        await asyncio.gather(*started)
        return len(started)

    async def _run(self) -> None:
        while True:
            try:
                claimed, _ = await self._begin()
            except Exception:
                # The database may be away for a while; events wait in it, so nothing is lost.
                log.exception("outbox was not readable")
                claimed = 0
            if len(self._under_way) >= MAX_UNDER_WAY:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            elif not claimed:
                # an attempt that ended may have made room for the connection's next event
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._ended.wait()
            self._ended.clear()

    async def _begin(self) -> tuple[int, list[asyncio.Task[None]]]:
        """Claim what is due and start its attempts; return how many were claimed, and the tasks.

        An event whose receiver has its share of attempts goes to the end of the receiver's line.
        """
        room = MAX_UNDER_WAY - len(self._under_way)
        if room <= 0:
            return 0, []
        now = self._clock.now()
        await self._purge(now)
        taken = Counter(self._per_receiver)
        waiting = Counter({url: len(line) for url, line in self._lines.items()})
        starting, lining = [], []
        # at the start, too: the clock may have been set while nobody delivered
        went_back = self._looked_at is None or now < self._looked_at - CLOCK_SLACK
        async with self._db.write() as tx:
            if went_back:
                await self._pull_back(tx, now)
            claimed = await outbox.claim(tx, now, room)
            for event, attempt in claimed:
                url = await self._address(tx, event)
                one = Claimed(event, attempt, url, now)
                if not url:
                    await outbox.dead(tx, event.id, None)
                elif taken[url] < MAX_PER_RECEIVER:
                    taken[url] += 1
                    starting.append(one)
                elif waiting[url] < MAX_LINE:
                    waiting[url] += 1
                    lining.append(one)
                else:
                    await outbox.postpone(tx, event.id, now + BUSY_WAIT, None)
        self._looked_at = now
        # Only now: the claim must be committed before anything is sent.
        started = [self._spawn(one) for one in starting]
        for one in lining:
            if self._per_receiver[one.url]:
                self._lines[one.url].append(one)
            else:
                # Those before it ended while we committed.
                started.append(self._spawn(one))
        return len(claimed), started

    async def _pull_back(self, tx: Tx, now: datetime) -> None:
        """Let nothing wait for the moment that a clock, ahead then and right now, has given it."""
        pulled = await outbox.pull_back(tx, now, (timedelta(), *WAITS))
        if pulled:
            log.warning("the clock went back; events are pulled back", events=pulled)
        self._purge_at = min(self._purge_at, now + PURGE_EVERY)

    async def _address(self, tx: Tx, event: Event) -> str:
        """Return where an event is to go, empty = nowhere."""
        if event.type.startswith(_ALERTS):
            target = target_of_event(self._settings, event.type)
            return target.url if target else ""
        if event.connection_pk is not None:
            connection = await connections.by_pk(tx, event.connection_pk)
            if connection is not None and connection.webhook_url_override:
                return connection.webhook_url_override
        return self._settings.webhook_url

    async def _purge(self, now: datetime) -> None:
        """Forget what was delivered or given up long ago, now and then."""
        if now < self._purge_at:
            return
        async with self._db.write() as tx:
            await outbox.purge(tx, now - KEPT_FOR)
        self._purge_at = now + PURGE_EVERY

    def _spawn(self, one: Claimed) -> asyncio.Task[None]:
        self._per_receiver[one.url] += 1
        task = asyncio.create_task(self._serve(one))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _serve(self, one: Claimed) -> None:
        """Make one attempt, then those that wait in the receiver's line."""
        url = one.url
        try:
            await self._attempt(one)
            while line := self._lines.get(url):
                await self._attempt(line.popleft())
        finally:
            self._per_receiver[url] -= 1
            if not self._per_receiver[url]:
                # Cut short: what still stands in line comes again when its claim is over.
                del self._per_receiver[url]
                self._lines.pop(url, None)

    async def _attempt(self, one: Claimed) -> None:
        """Make one attempt and write down what came of it."""
        event, attempt, url = one.event, one.attempt, one.url
        try:
            if self._clock.now() - one.at > LINE_WAIT:
                async with self._db.write() as tx:
                    await outbox.postpone(tx, event.id, self._clock.now(), None)
                return
            began = perf_counter()
            outcome = await self._post(event, url)
            await self._settle(event, attempt, url, outcome, perf_counter() - began)
            self._ended.set()
        except Exception:
            # The claim runs out by itself, and the event comes again.
            log.exception("delivery was not recorded", event_id=event.id, attempt=attempt)

    async def _post(self, event: Event, url: str) -> Outcome:
        body = webhook_body(event.payload)
        headers = {
            "content-type": "application/json",
            "user-agent": f"fairlead/{__version__}",
            **self._signatures(event, body),
        }
        request = Request(method="POST", url=url, headers=headers, body=body)
        try:
            # No redirects: a 302 would turn the POST into a GET and the event would be lost.
            async with await self._transport.send(request, total_timeout=TIMEOUT) as response:
                status = response.status
        except FairleadError as error:
            return Outcome(None, redact(error.message))
        return Outcome(status, None if 200 <= status < 300 else f"receiver answered {status}")

    def _signatures(self, event: Event, body: bytes) -> dict[str, str]:
        target = target_of_event(self._settings, event.type)
        if target is not None and target.is_slack:
            # nobody there knows our key
            return {}
        secret = self._settings.webhook_signing_key or self._settings.secret_key
        if secret is None:
            return {}
        key = secret.get_secret_value()
        standard = standard_signature(key, event.id, self._clock.now(), body)
        return {**webhook_signatures(key, body), **standard}

    async def _settle(
        self, event: Event, attempt: int, url: str, outcome: Outcome, seconds: float
    ) -> None:
        now = self._clock.now()
        target = target_of_event(self._settings, event.type)
        # of an alert's, whoever has the whole address may write there
        url = redact_url(url) if target is None else target.shown
        delivery = Delivery(
            id=self._new_id(),
            event_id=event.id,
            attempt=attempt,
            url=url,
            status=outcome.status,
            error=outcome.error,
            created_at=now,
        )
        again_at = next_attempt_at(attempt, created_at=event.created_at, now=now)
        said = {"event_id": event.id, "attempt": attempt, "url": url}
        state = OperationState.WAITING
        async with self._db.write() as tx:
            if outcome.accepted:
                state = OperationState.SUCCESS
                await outbox.delivered(tx, event.id, delivery)
            elif outcome.status == GONE or again_at is None:
                state = OperationState.FAILED
                await outbox.dead(tx, event.id, delivery)
                log.warning("event given up", error=outcome.error, **said)
            else:
                await outbox.postpone(tx, event.id, again_at, delivery)
                log.info("delivery failed", error=outcome.error, again_at=str(again_at), **said)
        self._watch.delivered(
            event,
            state=state,
            attempt=attempt,
            url=url,
            status=outcome.status,
            error=outcome.error,
            seconds=seconds,
        )
