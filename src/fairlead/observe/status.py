"""How an integration stands: healthy, degraded or failing, why, and how fresh its syncs are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from fairlead.store import operations, standing
from fairlead.store.database import Tx
from fairlead.store.operations import Tally
from fairlead.store.standing import LastError, SyncFreshness

#: how far back operations are counted
RECENT = timedelta(hours=1)
#: share of operations, or of connections, that fail: from here on it is degraded, or failing
_DEGRADED_SHARE = 0.05
_FAILING_SHARE = 0.5
#: so many operations say something
_ENOUGH = 5


class Health(IntEnum):
    """How well something is; the larger the worse."""

    HEALTHY = 0
    DEGRADED = 1
    FAILING = 2


@dataclass(slots=True)
class Standing:
    """How one integration stands."""

    integration: str
    connections: int
    faulty: dict[str, int]
    last_error: LastError | None
    syncs: Sequence[SyncFreshness]
    recent: Sequence[Tally]
    health: Health = Health.HEALTHY
    #: one sentence each
    reasons: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Say how well it is, from all that is known."""
        self._note(self.faulty.get("any", 0), self.connections, "connections have errors")
        for tally in self.recent:
            whole = tally.succeeded + tally.failed
            if whole >= _ENOUGH:
                what = f"{tally.type.value} operations of the last hour failed"
                self._note(tally.failed, whole, what, least=_DEGRADED_SHARE)
        for each in self.syncs:
            self._note(
                each.stale,
                each.connections - each.paused,
                f"connections wait for {each.sync} for more than "
                f"{standing.STALE_INTERVALS} intervals",
            )

    def _note(self, bad: int, whole: int, what: str, *, least: float = 0.0) -> None:
        if not bad or not whole or bad / whole < least:
            return
        is_most = bad / whole >= _FAILING_SHARE
        self.health = max(self.health, Health.FAILING if is_most else Health.DEGRADED)
        self.reasons.append(f"{bad} of {whole} {what}.")


async def standings(
    tx: Tx, environment_id: int, now: datetime, only: str | None = None
) -> list[Standing]:
    """Return how each integration of an environment stands, or the one of that key."""
    counts = await standing.connections_of(tx, environment_id)
    faulty = await standing.faulty_of(tx, environment_id)
    errors = await standing.last_errors_of(tx, environment_id)
    fresh = await standing.freshness_of(tx, environment_id, now)
    recent = await operations.tally(tx, environment_id, now - RECENT)
    found = [
        Standing(
            integration=key,
            connections=number,
            faulty=faulty.get(key, {}),
            last_error=errors.get(key),
            syncs=fresh.get(key, ()),
            recent=[each for each in recent if each.integration == key],
        )
        for key, number in counts.items()
        if only in (None, key)
    ]
    for each in found:
        each.judge()
    return found
