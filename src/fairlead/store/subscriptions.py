"""Queries about subscriptions: what syncs follow, and what is to be done at the vendor.

Notices are in `notices.py`. `claim_due` hides what it returns for a while instead of locking it, so
that what a process had taken that died comes up again.
"""

# ruff: noqa: A001, A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, select, update

from fairlead.model.subscription import Followed, Subscribed, Subscription, SubscriptionState
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.subscription_tables import follows, subscriptions
from fairlead.store.tables import connections

#: longer than any call about a subscription may take
HIDDEN_FOR = timedelta(minutes=2)
#: longer than a connection takes to end
HELD_FOR = timedelta(hours=1)
_COLUMNS = [column for column in subscriptions.c if column.name != "secret_hash"]


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(**columns_of(row))


async def follow(
    tx: Tx,
    connection_pk: int,
    *,
    sync_name: str,
    variant: str,
    addresses: Iterable[str],
    now: datetime,
) -> bool:
    """Let a sync follow these places and no others; return whether anything is to be done for it.

    What nobody follows any more is to be ended.
    """
    wanted = set(addresses)
    rows = await tx.all(
        select(subscriptions.c.id, subscriptions.c.address)
        .join(follows, follows.c.subscription_id == subscriptions.c.id)
        .where(
            subscriptions.c.connection_pk == connection_pk,
            follows.c.sync_name == sync_name,
            follows.c.variant == variant,
        )
    )
    known = {row.address: row.id for row in rows}
    for address in sorted(wanted - known.keys()):
        id = await _ensure(tx, connection_pk, address, now)
        if id is not None:
            await tx.execute(
                dialect.insert(tx, follows)
                .values(
                    subscription_id=id,
                    sync_name=sync_name,
                    variant=variant,
                    notices=0,
                    served=0,
                )
                .on_conflict_do_nothing()
            )
    left = [known[address] for address in sorted(known.keys() - wanted)]
    if left:
        await tx.execute(
            delete(follows).where(
                follows.c.subscription_id.in_(left),
                follows.c.sync_name == sync_name,
                follows.c.variant == variant,
            )
        )
        await _end_unfollowed(tx, connection_pk, now)
    return wanted != known.keys()


async def _ensure(tx: Tx, connection_pk: int, address: str, now: datetime) -> int | None:
    await tx.execute(
        dialect.insert(tx, subscriptions)
        .values(
            connection_pk=connection_pk,
            address=address,
            state=SubscriptionState.WANTED.value,
            notices=0,
            silences=0,
            attempts=0,
            due_at=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["connection_pk", "address"])
    )
    one = await tx.first(
        select(subscriptions.c.id, subscriptions.c.state, subscriptions.c.vendor_id)
        .where(subscriptions.c.connection_pk == connection_pk, subscriptions.c.address == address)
        .with_for_update()
    )
    if one is None:
        return None
    if one.state == SubscriptionState.ENDING.value:
        # perhaps ended at the vendor already: renewing tells
        state = SubscriptionState.ACTIVE if one.vendor_id else SubscriptionState.WANTED
        await _change(tx, one.id, state=state.value, due_at=now, attempts=0)
    return int(one.id)


async def _end_unfollowed(tx: Tx, connection_pk: int, now: datetime) -> None:
    await tx.execute(
        update(subscriptions)
        .where(
            subscriptions.c.connection_pk == connection_pk,
            ~exists().where(follows.c.subscription_id == subscriptions.c.id),
        )
        .values(state=SubscriptionState.ENDING.value, due_at=now, attempts=0)
    )


async def is_due(tx: Tx, now: datetime) -> bool:
    """Say whether any is to be looked after."""
    return bool(await tx.scalar(select(exists().where(subscriptions.c.due_at <= now))))


async def claim_due(tx: Tx, now: datetime, limit: int) -> list[Subscription]:
    """Return those that are to be looked after, hidden from others meanwhile."""
    rows = await tx.all(
        select(*_COLUMNS)
        .where(subscriptions.c.due_at <= now)
        .order_by(subscriptions.c.due_at, subscriptions.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if rows:
        await tx.execute(
            update(subscriptions)
            .where(subscriptions.c.id.in_([row.id for row in rows]))
            .values(due_at=now + HIDDEN_FOR)
        )
    return [_subscription(row) for row in rows]


async def subscribed(
    tx: Tx, id: int, agreed: Subscribed, *, secret_hash: str, now: datetime, due_at: datetime
) -> bool:
    """Note a new subscription, and that a run is owed to what changed before; False: it is gone.

    One that nobody wants any more by now is to be ended at once.
    """
    row = await tx.first(
        select(subscriptions.c.state).where(subscriptions.c.id == id).with_for_update()
    )
    if row is None:
        return False
    is_ending = row.state == SubscriptionState.ENDING.value
    await _change(
        tx,
        id,
        vendor_id=agreed.vendor_id,
        secret_hash=secret_hash,
        state=row.state if is_ending else SubscriptionState.ACTIVE.value,
        reason=None,
        expires_at=agreed.expires_at,
        renewed_at=now,
        silences=0,
        attempts=0,
        due_at=now if is_ending else due_at,
    )
    await owe(tx, [id])
    return True


async def owe(tx: Tx, ids: list[int]) -> None:
    """Let the syncs that these wake run once, whatever they were told."""
    await tx.execute(
        update(follows)
        .where(follows.c.subscription_id.in_(ids))
        .values(notices=follows.c.notices + 1)
    )


async def renewed(tx: Tx, id: int, agreed: Subscribed, now: datetime, due_at: datetime) -> None:
    """Note a longer life."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state != SubscriptionState.ENDING.value)
        .values(
            vendor_id=agreed.vendor_id,
            state=SubscriptionState.ACTIVE.value,
            reason=None,
            expires_at=agreed.expires_at,
            renewed_at=now,
            attempts=0,
            due_at=due_at,
        )
    )


async def lost(tx: Tx, id: int, reason: str, due_at: datetime) -> None:
    """Note that the vendor has it no more: it is made anew."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id == id, subscriptions.c.state != SubscriptionState.ENDING.value)
        .values(
            vendor_id=None,
            secret_hash=None,
            state=SubscriptionState.WANTED.value,
            reason=reason,
            expires_at=None,
            due_at=due_at,
        )
    )


async def failed(tx: Tx, id: int, state: SubscriptionState, reason: str, due_at: datetime) -> None:
    """Note a call that failed, and when to try again."""
    await _change(
        tx,
        id,
        state=state.value,
        reason=reason,
        due_at=due_at,
        attempts=subscriptions.c.attempts + 1,
    )


async def ended(tx: Tx, id: int) -> None:
    """Forget one that was ended at the vendor, unless it is wanted again."""
    await tx.execute(
        delete(subscriptions).where(
            subscriptions.c.id == id, subscriptions.c.state == SubscriptionState.ENDING.value
        )
    )


async def retry(tx: Tx, connection_pk: int, now: datetime) -> None:
    """Let what failed be tried again now: the connection was renewed."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.connection_pk == connection_pk, subscriptions.c.attempts > 0)
        .values(due_at=now)
    )


async def hold_back(tx: Tx, connection_pk: int, now: datetime) -> None:
    """Let nobody take up what is due for this connection: it is about to end."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.connection_pk == connection_pk, subscriptions.c.due_at <= now)
        .values(due_at=now + HELD_FOR)
    )


async def are_left(tx: Tx, connection_pk: int, dealt_with: Collection[int]) -> bool:
    """Say whether the connection has any but these; it gets no more until the transaction ends."""
    await tx.execute(
        select(connections.c.id).where(connections.c.id == connection_pk).with_for_update()
    )
    rows = await tx.all(
        select(subscriptions.c.id).where(subscriptions.c.connection_pk == connection_pk)
    )
    return any(row.id not in dealt_with for row in rows)


async def silent(tx: Tx, ids: list[int], now: datetime) -> None:
    """Note changes of which no notice told: ask the vendor whether it still knows these."""
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id.in_(ids))
        .values(silences=subscriptions.c.silences + 1, due_at=now)
    )


async def of_follower(
    tx: Tx, connection_pk: int, sync_name: str, variant: str
) -> list[Subscription]:
    """Return what wakes a sync."""
    rows = await tx.all(
        select(*_COLUMNS)
        .join(follows, follows.c.subscription_id == subscriptions.c.id)
        .where(
            subscriptions.c.connection_pk == connection_pk,
            follows.c.sync_name == sync_name,
            follows.c.variant == variant,
        )
    )
    return [_subscription(row) for row in rows]


async def of_connection(tx: Tx, connection_pk: int) -> list[Followed]:
    """Return the connection's subscriptions with whom they wake, by address."""
    rows = await tx.all(
        select(*_COLUMNS)
        .where(subscriptions.c.connection_pk == connection_pk)
        .order_by(subscriptions.c.address)
    )
    wakes = await tx.all(
        select(follows.c.subscription_id, follows.c.sync_name, follows.c.variant)
        .where(follows.c.subscription_id.in_([row.id for row in rows]))
        .order_by(follows.c.sync_name, follows.c.variant)
    )
    return [
        Followed(
            subscription=_subscription(row),
            followers=tuple(
                (one.sync_name, one.variant) for one in wakes if one.subscription_id == row.id
            ),
        )
        for row in rows
    ]


async def _change(tx: Tx, id: int, **values: Any) -> None:
    await tx.execute(update(subscriptions).where(subscriptions.c.id == id).values(**values))
