"""Follow: which places the vendor shall tell about, as a sync's run found them.

A sync's `follows` turns the partitions of its run into addresses; what the vendor is asked then is
`webhooks/tending.py`'s.
"""

from datetime import timedelta

import structlog

from fairlead.engine.setup import Setup
from fairlead.model.connection import Connection
from fairlead.model.function import Sync
from fairlead.model.realtime import Realtime
from fairlead.model.run import Run, RunTrigger
from fairlead.model.subscription import SubscriptionState
from fairlead.store import integrations, subscriptions
from fairlead.store.database import Tx

log = structlog.get_logger(__name__)

#: runs in succession that found what nobody had told: from then on it is an alarm
SILENCES = 2
#: vendors take up to five minutes to tell
QUIET = timedelta(minutes=10)


async def follow(
    tx: Tx, setup: Setup, connection: Connection, sync: Sync, done: Run, *, partitions: set[str]
) -> None:
    """Follow what a run found: no more and no less, and nothing unless the integration wants it."""
    if sync.follows is None:
        return
    provider = setup.registry.provider(connection.provider)
    config = await integrations.config_of(tx, connection.integration_id)
    addresses: set[str] = set()
    if (
        provider.subscriptions is not None
        and setup.settings.notices_url
        and Realtime.of(config).subscribes
    ):
        addresses = {
            address for name in partitions if name and (address := sync.follows(name)) is not None
        }
    now = setup.clock.now()
    await subscriptions.follow(
        tx,
        connection.id,
        sync_name=done.function,
        variant=done.variant,
        addresses=addresses,
        now=now,
    )
    if addresses and done.trigger is RunTrigger.SCHEDULE:
        await _listen(tx, setup, connection, done)


async def _listen(tx: Tx, setup: Setup, connection: Connection, done: Run) -> None:
    """See whether a run found at its slot what notices should have told before."""
    if not any(each.added or each.updated or each.deleted for each in done.counts.values()):
        return
    quiet = [
        each
        for each in await subscriptions.of_follower(tx, connection.id, done.function, done.variant)
        if each.state is SubscriptionState.ACTIVE
        and (each.last_notice_at or each.created_at) < done.created_at - QUIET
    ]
    if not quiet:
        return
    await subscriptions.silent(tx, [each.id for each in quiet], setup.clock.now())
    if any(each.silences + 1 >= SILENCES for each in quiet):
        log.warning(
            "changes came without notice",
            run_id=done.id,
            connection_id=connection.connection_id,
            addresses=[each.address for each in quiet],
        )
