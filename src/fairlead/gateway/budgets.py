"""Budgets: this process's share of what vendors allow their apps (`model/budget.py`).

A request takes its units from a small hand in memory. An empty hand is filled from the purse that
all processes share, in one transaction, and whatever is not used goes back within a second. Calls
that somebody waits for take first and are settled afterwards, once a second, while there is enough.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from math import inf

import structlog

from fairlead.errors import Throttled
from fairlead.model.budget import (
    HAND,
    Allowance,
    Priority,
    Purse,
    Settlement,
    Told,
    Toll,
    Want,
)
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.store import budgets, integrations
from fairlead.store.database import Database, DatabaseDown, Tx

log = structlog.get_logger(__name__)

#: how old what is known of the others' pauses may be
LOOK = timedelta(seconds=0.25)
#: between two attempts to get units: at least
SHORTEST_WAIT_SECONDS = 0.25
#: seconds for which units are taken in advance
AHEAD_SECONDS = 0.5
#: units that are taken in advance while nothing is held back
AHEAD_UNITS = 50
#: how long an integration's app is remembered
KNOWN = timedelta(minutes=5)
#: budgets that nobody used for so long are forgotten
UNUSED = timedelta(days=7)
_MOST = 10_000

Sleep = Callable[[float], Awaitable[object]]


class Budgets:
    """What this process knows of its apps' allowances."""

    def __init__(self, db: Database, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self.db = db
        self.clock = clock
        self.sleep = sleep
        self._shares: dict[tuple[int, str, str], Share] = {}

    def share(
        self, allowance: Allowance, connection: Connection, credentials: Credentials | None
    ) -> "Share | None":
        """Return the share that a connection's requests are paid from, None = nobody counts."""
        account = connection.connection_config.get(allowance.account)
        if not isinstance(account, str) or not account:
            return None
        own_app = getattr(credentials, "own_app", None)
        own: str = getattr(own_app or credentials, "client_id", "")
        key = connection.integration_id, own, account
        share = self._shares.get(key)
        if share is None:
            if len(self._shares) >= _MOST:
                self._shares = {k: one for k, one in self._shares.items() if one.is_busy}
            share = self._shares[key] = Share(self, allowance, *key)
        return share

    async def look(self) -> None:
        """Forget, in the database, what nobody used for long."""
        async with self.db.write() as tx:
            await budgets.forget(tx, self.clock.now() - UNUSED)

    async def close(self) -> None:
        """Give back what is in hand."""
        for share in self._shares.values():
            await share.close()


class Share:
    """This process's share of one app's allowance at one account."""

    def __init__(
        self, book: Budgets, allowance: Allowance, integration_id: int, app: str, account: str
    ) -> None:
        self.allowance = allowance
        self._book = book
        self._integration_id = integration_id
        self._app = app
        self._account = account
        self._key = ""
        self._key_until: datetime | None = None
        self._hand: dict[Priority, int] = {}
        self._hand_until: datetime | None = None
        #: spent beyond what was given
        self._owed = 0
        #: units that requests wait for
        self._awaited = dict.fromkeys(Priority, 0)
        self._told: Told | None = None
        self._paused_until: datetime | None = None
        self._purse: Purse | None = None
        self._looked_at: datetime | None = None
        self._turn = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Is there anything that the others must still be told?"""
        return bool(self._owed or self._hand or self._keeper or any(self._awaited.values()))

    def owe(self, units: int) -> None:
        """Spend units at once, to be settled within a second."""
        self._owed += units
        self._keep()

    def may_owe(self, units: int) -> bool:
        """Say whether so many units are there for certain, as far as is known here."""
        now = self._book.clock.now()
        if self._pause_left(now) > 0 or self._purse is None:
            return False
        purse = self._purse.at(now, self.allowance)
        return purse.limit is None or self._owed + units <= purse.level

    async def take(
        self, toll: Toll, on_wait: Callable[[float], None], longest_seconds: float = inf
    ) -> None:
        """Wait until the units of a request may be spent, and spend them.

        `on_wait` is told the seconds of each wait. Throttled: that takes longer than the longest.
        """
        self._awaited[toll.priority] += toll.units
        try:
            while True:
                await self.look()
                if self._spend(toll):
                    return
                async with self._turn:
                    if self._spend(toll):
                        return
                    purse = await self._settle(self._want(toll))
                    if self._spend(toll):
                        return
                now = self._book.clock.now()
                seconds = purse.wait(toll.priority, toll.units, now, self.allowance)
                seconds = max(seconds, SHORTEST_WAIT_SECONDS)
                if seconds > longest_seconds:
                    raise Throttled(
                        "The vendor asks for fewer calls; the caller must wait.",
                        retry_after=seconds,
                    )
                longest_seconds -= seconds
                on_wait(seconds)
                await self._book.sleep(seconds)
        finally:
            self._awaited[toll.priority] -= toll.units

    async def refused(self, seconds: float) -> None:
        """Tell everybody that the vendor wants no request for so long."""
        now = self._book.clock.now()
        until = now + min(timedelta(seconds=min(seconds, 86_400)), timedelta(days=1))
        self._paused_until = max(until, self._paused_until or until)
        async with self._turn:
            await self._settle({}, paused_until=until)

    def heard(self, told: Told) -> None:
        """Note what an answer told of the limit; the others know within a second."""
        before = self._told
        if before is not None and before.until > self._book.clock.now():
            told = replace(told, left=min(told.left, before.left))
        self._told = told
        self._keep()

    async def close(self) -> None:
        """Give back what is in hand."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None
        if self.is_busy:
            with suppress(DatabaseDown):
                async with self._turn:
                    await self._settle({})

    def _want(self, toll: Toll) -> dict[Priority, Want]:
        ahead = float(AHEAD_UNITS)
        if self._purse is not None and self._purse.limit is not None:
            ahead = self._purse.rate(self.allowance) * AHEAD_SECONDS
        others = self._awaited[toll.priority] - toll.units
        return {toll.priority: Want(toll.units, others + int(ahead))}

    def _spend(self, toll: Toll) -> bool:
        """Take units from the hand: those of its priority, then those of lower ones."""
        now = self._book.clock.now()
        if self._pause_left(now) > 0 or self._hand_until is None or self._hand_until <= now:
            return False
        usable = [one for one in Priority if one >= toll.priority]
        if sum(self._hand.get(one, 0) for one in usable) < toll.units:
            return False
        left = toll.units
        for one in usable:
            taken = min(left, self._hand.get(one, 0))
            left -= taken
            self._hand[one] = self._hand.get(one, 0) - taken
        return True

    async def look(self) -> None:
        """Hear of a pause that another process began, unless that was done just now."""
        now = self._book.clock.now()
        if self._looked_at is None or now - self._looked_at < LOOK:
            return
        self._looked_at = now
        async with self._book.db.glance() as tx:
            until = await budgets.paused_until(tx, self._key)
        if until is not None and until > now:
            self._paused_until = max(until, self._paused_until or until)

    async def _settle(
        self, wanted: dict[Priority, Want], paused_until: datetime | None = None
    ) -> Purse:
        """Settle what was spent, give back what is in hand and take what is wanted.

        Only whoever has the turn may call it.
        """
        now = self._book.clock.now()
        owed, in_hand, told = self._owed, sum(self._hand.values()), self._told
        self._hand, self._owed, self._told = {}, 0, None
        settlement = Settlement(
            wanted=wanted, spent=owed - in_hand, paused_until=paused_until, told=told
        )
        work = partial(self._write, settlement=settlement, now=now)
        try:
            purse, given = await self._book.db.transact(work)
        except BaseException:
            # cancelled, or no database: if it was written all the same, less is spent than could be
            self._owed += owed
            raise
        self._purse, self._paused_until = purse, purse.paused_until
        self._looked_at = now
        self._hand = {priority: units for priority, units in given.items() if units}
        self._hand_until = now + HAND
        if self._hand:
            self._keep()
        return purse

    async def _write(
        self, tx: Tx, *, settlement: Settlement, now: datetime
    ) -> tuple[Purse, dict[Priority, int]]:
        if self._key_until is None or self._key_until <= now:
            app = self._app or await integrations.app_of(tx, self._integration_id)
            whole = f"{self.allowance.name}\n{app}\n{self._account.lower()}"
            self._key = sha256(whole.encode()).hexdigest()
            self._key_until = now + KNOWN
        return await budgets.settle(tx, self._key, self.allowance, settlement, now)

    def _pause_left(self, now: datetime) -> float:
        until = self._paused_until
        return 0.0 if until is None else max(0.0, (until - now).total_seconds())

    def _keep(self) -> None:
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._kept(), name="budget")

    async def _kept(self) -> None:
        """Settle once a second while there is anything to settle."""
        try:
            while self._owed or self._hand or self._told:
                await self._book.sleep(HAND.total_seconds())
                try:
                    async with self._turn:
                        await self._settle({})
                except DatabaseDown:
                    log.warning("budget not settled", integration_id=self._integration_id)
        finally:
            self._keeper = None
