"""Setup: what every part of the engine is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from fairlead.engine.called_runs import CalledRuns
from fairlead.gateway.needs import Needs
from fairlead.model.clock import Clock, NewId, SteadyClock
from fairlead.model.connection import Connection
from fairlead.model.exchange import OnWait, Send
from fairlead.model.run import Run
from fairlead.observe.watch import Watch
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings
from fairlead.store import runs
from fairlead.store.database import Database, Tx
from fairlead.store.deletions import Breaker
from fairlead.store.dialect import database_time
from fairlead.store.record_seals import Seals
from fairlead.vault.vault import Vault


class Door(Protocol):
    """The way out to vendors (`gateway/send.py`)."""

    def sender(
        self,
        connection: Connection,
        on_request: Callable[[], None],
        needs: Needs | None = None,
        on_wait: OnWait | None = None,
        *,
        is_patient: bool = False,
    ) -> Send:
        """Return what sends requests as this connection.

        `on_request` is called for each, `on_wait` with the seconds that one has to wait, and why.
        MissingScope before anything is sent if the connection's grant lacks what is needed. Whoever
        `is_patient` waits as long as the vendor wants instead of being told that it is throttled.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What every part of the engine is given."""

    settings: Settings
    db: Database
    registry: Registry
    gateway: Door
    vault: Vault
    seals: Seals
    clock: Clock
    new_id: NewId
    #: name of this process in leases
    owner: str
    #: measures leases; the machine's clock may be set meanwhile. None = `clock` does
    steady: SteadyClock | None = None
    #: is told of every run
    watch: Watch = field(default_factory=Watch)
    #: the rows of actions that somebody waits for
    called: CalledRuns = field(init=False)

    def __post_init__(self) -> None:
        called = CalledRuns(self.db, self.clock, self.lease_now, self.new_id, self.owner)
        object.__setattr__(self, "called", called)

    def lease_now(self) -> datetime:
        """Return the instant by which leases are measured: the same one in every process."""
        return (self.steady or self.clock).now()

    async def claim(self, tx: Tx, run_id: str, lease: timedelta | None = None) -> Run | None:
        """Take a run for this process; None if somebody else has it, or it is over."""
        return await runs.claim(
            tx,
            run_id,
            owner=self.owner,
            lease=lease or self.lease,
            now=self.clock.now(),
            lease_now=self.lease_now(),
        )

    async def settle(self) -> None:
        """Go by the database's clock, where it has one, as every other process does."""
        if self.steady is not None:
            async with self.db.read() as tx:
                instant = await database_time(tx)
            if instant is not None:
                self.steady.settle(instant)

    @property
    def breaker(self) -> Breaker:
        """How much one run may delete."""
        return Breaker(self.settings.deletion_share, self.settings.deletion_floor)

    @property
    def lease(self) -> timedelta:
        """How long a run is ours without a sign of life."""
        return timedelta(seconds=self.settings.lease_seconds)
