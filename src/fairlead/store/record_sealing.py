"""Bring the records that are there into the form that is written now: sealed, or as they are.

Nothing about a record changes but how its content is kept: no position, no time. It may be stopped
at any time, and begun again.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import LargeBinary, func, literal, select

from fairlead.store import dialect, streams
from fairlead.store.database import Database, Tx
from fairlead.store.dialect_records import record_rows
from fairlead.store.pruning import all_streams
from fairlead.store.record_rows import CHUNK
from fairlead.store.record_seals import Seals
from fairlead.store.tables import records
from fairlead.vault.record_seal import MARK, is_sealed


async def recast(
    db: Database, seals: Seals, *, on_progress: Callable[[int], None] = lambda _done: None
) -> int:
    """Seal every record that is not, or open every one that is, as `seals` say; return how many.

    An opened record keeps the hash of its sealed form until a sync sees it again. What was pruned
    stays as it is: nothing is left of it.
    """
    done = 0
    async with db.read() as tx:
        keys = await all_streams(tx)
    for key in keys:
        last: str | None = ""
        while last is not None:
            step, last = await db.transact(partial(_step, key=key, seals=seals, after=last))
            done += step
            if step:
                on_progress(done)
    return done


async def _step(
    tx: Tx, key: tuple[int, str, str], seals: Seals, after: str
) -> tuple[int, str | None]:
    """Rewrite the next records in the order of their ids; return how many, and the last of them."""
    await dialect.hold_connection(tx, key[0])
    stream = await streams.find(tx, *key)
    if stream is None:
        return 0, None
    first = func.substr(records.c.content, 1, 1)
    mark = literal(MARK, LargeBinary)
    rows = await tx.all(
        select(records.c.id, records.c.hash, records.c.content)
        .where(
            records.c.stream_id == stream.id,
            records.c.id > after,
            records.c.pruned_us.is_(None),
            first != mark if seals.is_on else first == mark,
        )
        .order_by(records.c.id)
        .limit(CHUNK)
    )
    if not rows:
        return 0, None
    form = await seals.form(tx, stream.id)
    await form.learn(tx, (row.content for row in rows))
    fresh = [
        (
            row.id,
            row.hash if is_sealed(row.hash) else form.hash(row.hash),
            form.content(row.id, form.opened(row.id, row.content)),
        )
        for row in rows
    ]
    await (await record_rows(tx)).recast(stream.id, fresh)
    return len(fresh), rows[-1].id
