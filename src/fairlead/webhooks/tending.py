"""Tending: ask vendors to tell of changes, renew that in time, and end what nobody follows.

What is due is a row (`store/subscriptions.py`); any number of processes may tend, each takes
others. Renewing is also how it is found out that a vendor has forgotten a subscription without a
word: so it is done ten times in the life of each, and whenever changes came unannounced.
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import structlog

from fairlead.engine.setup import Door
from fairlead.errors import FairleadError, ReconnectRequired
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.exchange import Send
from fairlead.model.subscription import Subscription, Subscriptions, SubscriptionState, Wish
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings
from fairlead.store import connections, environments, subscriptions
from fairlead.store.database import Database
from fairlead.vault.tokens import hash_token

log = structlog.get_logger(__name__)

#: taken in one go, and of these asked for at once
_MOST, _AT_ONCE = 40, 8
#: seconds that one call may take; below the time for which its claim hides it from others
_CALL_SECONDS = 60.0
#: seconds that all calls may take when a connection ends
_END_SECONDS = 5.0
#: seconds between two looks whether one that is being made is there
_LOOK_SECONDS = 0.05
#: renewed so often in the life of a subscription, give or take a fifth
_RENEWALS = 10
_JITTER = 0.2
#: waits after the first failure, and at most: of what may pass by itself, and of what may not
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)
_REFUSED_WAIT = timedelta(hours=6)


class Tender:
    """Keeps what vendors were asked to tell as it should be."""

    def __init__(
        self,
        db: Database,
        registry: Registry,
        door: Door,
        settings: Settings,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance` returns 0 to 1: so that not all are renewed at the same time."""
        self._db = db
        self._registry = registry
        self._door = door
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._task: asyncio.Task[int] | None = None

    async def look(self) -> None:
        """Begin to do what is due, unless that is still going on; waits for no vendor.

        Raises what the last time came to.
        """
        last, self._task = self._task, None
        if last is not None and not last.done():
            self._task = last
            return
        if last is not None:
            last.result()
        self._task = asyncio.create_task(self.tend(), name="subscriptions")

    async def stop(self) -> None:
        """End; what is cut off comes up again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def tend(self) -> int:
        """Do all that is due; return how many were looked after."""
        tended = 0
        while True:
            async with self._db.glance() as tx:
                is_due = await subscriptions.is_due(tx, self._clock.now())
            if not is_due:
                return tended
            async with self._db.write() as tx:
                due = await subscriptions.claim_due(tx, self._clock.now(), _MOST)
            await asyncio.gather(*(self._tend(each) for each in due))
            tended += len(due)
            if len(due) < _MOST:
                return tended

    async def end(self, connection: Connection) -> set[int]:
        """End a connection's subscriptions, as far as its vendor answers at once; return all.

        What is left ends by itself; until then its notices are counted as unknown.
        """
        hooks = self._hooks(connection)
        if hooks is None:
            return set()
        dealt_with: set[int] = set()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._end_all(connection, hooks, dealt_with)
        except TimeoutError:
            log.warning("subscriptions left", connection_id=connection.connection_id)
        return dealt_with

    async def _end_all(
        self, connection: Connection, hooks: Subscriptions, dealt_with: set[int]
    ) -> None:
        send, since = self._send(connection), self._clock.now()
        async with self._db.read() as tx:
            if not await subscriptions.of_connection(tx, connection.id):
                return
        async with self._db.write() as tx:
            await subscriptions.hold_back(tx, connection.id, since)
        while True:
            async with self._db.read() as tx:
                found = await subscriptions.of_connection(tx, connection.id)
            known = [each.subscription for each in found]
            dealt_with |= {each.id for each in known}
            if not any(_is_being_made(each, since) for each in known):
                break
            # whoever makes one is about to write down what it must be ended by
            await asyncio.sleep(_LOOK_SECONDS)

        async def end_one(one: Subscription) -> None:
            async with self._slots:
                try:
                    await hooks.delete(send, one.address, one.vendor_id or "")
                except FairleadError as error:
                    log.warning("subscription left", address=one.address, code=error.code)

        await asyncio.gather(*(end_one(each) for each in known if each.vendor_id))

    def _hooks(self, connection: Connection) -> Subscriptions | None:
        provider = self._registry.providers.get(connection.provider)
        return provider.subscriptions if provider is not None else None

    def _send(self, connection: Connection) -> Send:
        return self._door.sender(connection, lambda: None)

    async def _tend(self, one: Subscription) -> None:
        async with self._slots:
            async with self._db.read() as tx:
                connection = await connections.by_pk(tx, one.connection_pk)
            hooks = self._hooks(connection) if connection is not None else None
            if connection is None or hooks is None:
                return
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await self._do(one, connection, hooks)
            except FairleadError as error:
                await self._note_failure(one, connection, error)
            except TimeoutError:
                late = FairleadError("The vendor did not answer in time; it is asked again.")
                await self._note_failure(one, connection, late)

    async def _do(self, one: Subscription, connection: Connection, hooks: Subscriptions) -> None:
        send, now = self._send(connection), self._clock.now()
        if one.state is SubscriptionState.ENDING:
            if one.vendor_id is not None:
                await hooks.delete(send, one.address, one.vendor_id)
            async with self._db.write() as tx:
                await subscriptions.ended(tx, one.id)
        elif one.vendor_id is None or (one.expires_at is not None and one.expires_at <= now):
            await self._create(one, connection, hooks, send)
        else:
            agreed = await hooks.renew(send, one.address, one.vendor_id, now)
            async with self._db.write() as tx:
                if agreed is None:
                    await subscriptions.lost(
                        tx, one.id, "The vendor knew it no more; it is made anew.", now
                    )
                    # what changed meanwhile, nobody told
                    await subscriptions.owe(tx, [one.id])
                else:
                    due_at = self._renew_at(now, agreed.expires_at)
                    await subscriptions.renewed(tx, one.id, agreed, now, due_at)
            if agreed is None:
                log.warning("subscription was gone", address=one.address)
                await self._create(one, connection, hooks, send)

    async def _create(
        self, one: Subscription, connection: Connection, hooks: Subscriptions, send: Send
    ) -> None:
        async with self._db.read() as tx:
            environment = await environments.find(tx, connection.environment_id)
        if environment is None or not self._settings.notices_url:
            return
        place = f"{quote(environment.name, safe='')}/{quote(connection.integration_key, safe='')}"
        secret = secrets.token_urlsafe(32)
        wish = Wish(address=one.address, url=f"{self._settings.notices_url}/{place}", secret=secret)
        agreed = await hooks.create(send, wish, self._clock.now())
        now = self._clock.now()
        async with self._db.write() as tx:
            is_kept = await subscriptions.subscribed(
                tx,
                one.id,
                agreed,
                secret_hash=hash_token(secret),
                now=now,
                due_at=self._renew_at(now, agreed.expires_at),
            )
        if not is_kept:
            # its connection was deleted while the vendor was asked
            await hooks.delete(send, one.address, agreed.vendor_id)
            return
        log.info("subscribed", address=one.address, expires_at=agreed.expires_at.isoformat())

    def _renew_at(self, now: datetime, expires_at: datetime) -> datetime:
        share = (1 - _JITTER + 2 * _JITTER * self._chance()) / _RENEWALS
        return now + max(expires_at - now, timedelta()) * share

    async def _note_failure(
        self, one: Subscription, connection: Connection, error: FairleadError
    ) -> None:
        # a connection that has to be renewed makes it due by itself
        is_final = isinstance(error, ReconnectRequired) or not error.retryable
        longest = _REFUSED_WAIT if is_final and one.attempts >= 3 else _LONGEST_WAIT
        wait = min(_FIRST_WAIT * 2 ** min(one.attempts, 12), longest)
        now = self._clock.now()
        state = one.state
        is_over = one.expires_at is None or one.expires_at <= now
        if state is not SubscriptionState.ENDING and is_over:
            state = SubscriptionState.FAILED
        async with self._db.write() as tx:
            if state is SubscriptionState.ENDING and one.attempts >= _RENEWALS:
                # by then nobody can do anything about it; it ends by itself
                await subscriptions.ended(tx, one.id)
            else:
                await subscriptions.failed(tx, one.id, state, error.message, now + wait)
        log.warning(
            "subscription failed",
            connection_id=connection.connection_id,
            address=one.address,
            code=error.code,
            reason=error.message,
            attempts=one.attempts + 1,
        )


def _is_being_made(one: Subscription, since: datetime) -> bool:
    """Say whether somebody took it up, to make it, before it was held back."""
    is_taken = since < one.due_at <= since + subscriptions.HIDDEN_FOR
    return is_taken and one.vendor_id is None and one.state is SubscriptionState.WANTED
