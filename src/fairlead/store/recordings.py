"""Queries about what failed runs asked and were answered; it goes with its run."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from fairlead.model.run import Run
from fairlead.store.database import Tx
from fairlead.store.tables import run_recordings, runs

#: recordings kept of one function on one connection, the newest
KEPT = 5


async def put(tx: Tx, run: Run, envelope: bytes, now: datetime) -> None:
    """Keep the recording of a run that failed, and drop the oldest of its function's."""
    await tx.execute(
        insert(run_recordings).values(run_id=run.id, envelope=envelope, created_at=now)
    )
    others = await tx.all(
        select(run_recordings.c.run_id)
        .join(runs, runs.c.id == run_recordings.c.run_id)
        .where(
            runs.c.connection_pk == run.connection_pk,
            runs.c.function == run.function,
            runs.c.variant == run.variant,
        )
        .order_by(run_recordings.c.created_at.desc(), run_recordings.c.run_id.desc())
    )
    if old := [row.run_id for row in others[KEPT:]]:
        await tx.execute(delete(run_recordings).where(run_recordings.c.run_id.in_(old)))


async def find(tx: Tx, run_id: str) -> bytes | None:
    """Return the sealed recording of a run, None if there is none."""
    row = await tx.first(select(run_recordings.c.envelope).where(run_recordings.c.run_id == run_id))
    return row and bytes(row.envelope)
