"""Queries about notices: many of them in one transaction, and what they make due.

A notice only says "look": it makes `follows.notices` grow, and whoever starts the run that looks
sets `follows.served` to what it saw. So a notice that comes between the two is owed another run.
"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select, text, update

from fairlead.model.notice import Notice, NoticeKind, Verdict
from fairlead.model.subscription import SubscriptionState
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.subscription_tables import follows, notice_counts, subscriptions
from fairlead.store.tables import connections, integrations
from fairlead.vault.tokens import hash_token, same_token

#: how long vendors go on to deliver what they said; a subscription that ended before that much ago
#: is told of by nobody but a forger
LATE = timedelta(hours=6)
#: ids in one statement
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """A notice that came in, not believed yet."""

    integration_id: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class Owed:
    """A sync that notices want to run."""

    connection_pk: int
    environment_id: int
    sync_name: str
    variant: str


@dataclass(frozen=True, slots=True)
class Believed:
    """A notice whose subscription is ours, and whose connection that concerns."""

    arrived: Arrived
    connection_pk: int
    connection_id: str
    environment_id: int


async def take(
    tx: Tx, arrived: Sequence[Arrived], malformed: Mapping[int, int], now: datetime
) -> list[Believed]:
    """Judge notices and note what they say; return those that were believed.

    `malformed`: integration -> how many webhooks made no sense. Every verdict is counted.
    """
    there = await _hold(tx, {*malformed, *(each.integration_id for each in arrived)})
    arrived = [each for each in arrived if each.integration_id in there]
    ids = {each.notice.vendor_id for each in arrived}
    known = await _known(tx, sorted(ids))
    counts: Counter[tuple[int, Verdict]] = Counter(
        {(one, Verdict.MALFORMED): n for one, n in malformed.items() if one in there}
    )
    told: Counter[int] = Counter()
    kinds: dict[int, set[NoticeKind]] = {}
    believed = []
    for each in arrived:
        row = known.get((each.integration_id, each.notice.vendor_id))
        verdict = _judge(row, each.notice, now)
        counts[each.integration_id, verdict] += 1
        if verdict is Verdict.ACCEPTED and row is not None:
            told[row.id] += 1
            kinds.setdefault(row.id, set()).add(each.notice.kind)
            believed.append(
                Believed(each, row.connection_pk, row.connection_id, row.environment_id)
            )
    if told:
        await _note(tx, told, kinds, now)
    await _count(tx, counts, now)
    return believed


async def _hold(tx: Tx, ids: set[int]) -> set[int]:
    """Return those of the integrations that are there, and stay until the transaction ends."""
    rows = await tx.all(
        select(integrations.c.id)
        .where(integrations.c.id.in_(sorted(ids)))
        .order_by(integrations.c.id)
        .with_for_update(read=True, key_share=True)
    )
    return {row.id for row in rows}


async def _known(tx: Tx, ids: Sequence[str]) -> dict[tuple[int, str], Row[Any]]:
    found: dict[tuple[int, str], Row[Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = await tx.all(
            select(
                subscriptions.c.id,
                subscriptions.c.vendor_id,
                subscriptions.c.secret_hash,
                subscriptions.c.state,
                subscriptions.c.connection_pk,
                connections.c.integration_id,
                connections.c.connection_id,
                connections.c.environment_id,
            )
            .join(connections, connections.c.id == subscriptions.c.connection_pk)
            .where(subscriptions.c.vendor_id.in_(ids[start : start + _CHUNK]))
        )
        found |= {(row.integration_id, row.vendor_id): row for row in rows}
    return found


def _judge(row: Row[Any] | None, notice: Notice, now: datetime) -> Verdict:
    if row is None or row.secret_hash is None:
        return Verdict.UNKNOWN
    # compared before anything else is looked at, in constant time
    if not same_token(hash_token(notice.secret), row.secret_hash):
        return Verdict.FORGED
    if row.state == SubscriptionState.ENDING.value:
        return Verdict.UNKNOWN
    if notice.expires_at is not None and notice.expires_at < now - LATE:
        return Verdict.REPLAYED
    return Verdict.ACCEPTED


async def _note(
    tx: Tx, told: Mapping[int, int], kinds: Mapping[int, set[NoticeKind]], now: datetime
) -> None:
    # always in the same order, so that two processes never wait for each other
    rows = [{"one": id, "more": told[id]} for id in sorted(told)]
    await tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id == bindparam("one"))
        .values(
            notices=subscriptions.c.notices + bindparam("more"), last_notice_at=now, silences=0
        ),
        rows,
    )
    changing = [row for row in rows if kinds[row["one"]] - {NoticeKind.REAUTHORIZE}]
    if changing:
        await tx.execute(
            update(follows)
            .where(follows.c.subscription_id == bindparam("one"))
            .values(notices=follows.c.notices + bindparam("more")),
            changing,
        )
    for id in sorted(told):
        if NoticeKind.REMOVED in kinds[id]:
            await tx.execute(
                update(subscriptions)
                .where(subscriptions.c.id == id)
                .values(
                    vendor_id=None,
                    secret_hash=None,
                    expires_at=None,
                    state=SubscriptionState.WANTED.value,
                    reason="The vendor ended it.",
                    due_at=now,
                )
            )
        elif NoticeKind.REAUTHORIZE in kinds[id]:
            await tx.execute(
                update(subscriptions).where(subscriptions.c.id == id).values(due_at=now)
            )


async def _count(tx: Tx, counts: Mapping[tuple[int, Verdict], int], now: datetime) -> None:
    for integration_id, verdict in sorted(counts):
        statement = dialect.insert(tx, notice_counts).values(
            integration_id=integration_id,
            verdict=verdict.value,
            count=counts[integration_id, verdict],
            last_at=now,
        )
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["integration_id", "verdict"],
                set_={
                    "count": notice_counts.c.count + statement.excluded.count,
                    "last_at": statement.excluded.last_at,
                },
            )
        )


async def counts_of(tx: Tx, integration_id: int) -> dict[str, int]:
    """Return how many notices of an integration had which verdict."""
    rows = await tx.all(
        select(notice_counts.c.verdict, notice_counts.c.count.label("total")).where(
            notice_counts.c.integration_id == integration_id
        )
    )
    known = {row.verdict: row.total for row in rows}
    return {verdict.value: known.get(verdict.value, 0) for verdict in Verdict}


async def owed(tx: Tx, limit: int) -> list[Owed]:
    """Return syncs that notices want to run."""
    rows = await tx.all(
        select(
            subscriptions.c.connection_pk,
            connections.c.environment_id,
            follows.c.sync_name,
            follows.c.variant,
        )
        .distinct()
        .join(subscriptions, subscriptions.c.id == follows.c.subscription_id)
        .join(connections, connections.c.id == subscriptions.c.connection_pk)
        # spelt as in the index
        .where(text("follows.notices > follows.served"))
        .limit(limit)
    )
    return [Owed(**columns_of(row)) for row in rows]


async def seen(tx: Tx, owed: Owed) -> dict[int, int]:
    """Return what a sync was told by now: subscription -> notices."""
    rows = await tx.all(
        select(follows.c.subscription_id, follows.c.notices)
        .join(subscriptions, subscriptions.c.id == follows.c.subscription_id)
        .where(
            subscriptions.c.connection_pk == owed.connection_pk,
            follows.c.sync_name == owed.sync_name,
            follows.c.variant == owed.variant,
        )
    )
    return {row.subscription_id: row.notices for row in rows}


async def serve(tx: Tx, owed: Owed, seen: Mapping[int, int]) -> None:
    """Note that a run is about to look, which covers the notices that were seen before."""
    if not seen:
        # served or ended meanwhile
        return
    await tx.execute(
        update(follows)
        .where(
            follows.c.subscription_id == bindparam("one"),
            follows.c.sync_name == owed.sync_name,
            follows.c.variant == owed.variant,
            follows.c.served < bindparam("most"),
        )
        .values(served=bindparam("most")),
        [{"one": id, "most": seen[id]} for id in sorted(seen)],
    )
