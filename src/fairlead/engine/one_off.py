"""Run a sync once in this process, whatever else works on the database.

The run has its row, lease and fencing token like every other (`store/runs.py`), so servers and
workers beside it neither repeat nor overtake it.
"""

from fairlead.engine.attempt import Attempt
from fairlead.engine.setup import Setup
from fairlead.engine.sync_run import run_sync
from fairlead.errors import Conflict, InternalError
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunKind, RunTrigger
from fairlead.store import runs


async def run_sync_here(
    setup: Setup, connection: Connection, name: str, variant: str = "base"
) -> Run:
    """Run a sync to its end and return its run, failed ones too.

    NotFound (`unknown_sync`); Conflict if it is queued or running already.
    """
    sync = setup.registry.sync(connection.provider, name)
    now = setup.clock.now()
    async with setup.db.write() as tx:
        queued = await runs.enqueue(
            tx,
            id=setup.new_id(),
            environment_id=connection.environment_id,
            connection_pk=connection.id,
            kind=RunKind.SYNC,
            function=sync.name,
            variant=variant,
            trigger=RunTrigger.CALL,
            now=now,
        )
        if queued is None:
            raise Conflict(
                f"{name} is queued or running already for '{connection.connection_id}'; wait for "
                "it, or cancel it.",
                code="already_running",
            )
        run = await setup.claim(tx, queued.id)
    if run is None:
        raise InternalError("The run of a sync could not be opened.")
    await run_sync(setup, Attempt(setup, run))
    async with setup.db.read() as tx:
        done = await runs.find(tx, run.id)
    if done is None:
        raise Conflict(f"The connection '{connection.connection_id}' was deleted meanwhile.")
    return done
