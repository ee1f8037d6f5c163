"""Hand runs on from a process that can work no more, so that another goes on at once.

Their leases would run out by themselves; this spares the wait, and says whose fault it was.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fairlead.engine.async_action import fail_action
from fairlead.engine.attempt import Attempt
from fairlead.engine.setup import Setup
from fairlead.engine.sync_run import fail_run
from fairlead.errors import FairleadError, FunctionTimedOut, LeaseLost
from fairlead.model.run import RunKind
from fairlead.store import runs
from fairlead.store.database import Database


async def hand_on(
    setup: Setup, attempts: Sequence[Attempt], task: "asyncio.Task[Any]", function: str
) -> None:
    """Fail the run whose function does not return, and release all others.

    Runs in a loop of its own, on connections of its own: those of the process are stuck.
    """
    error = FunctionTimedOut(
        f"{function} blocked the process and could not be interrupted; the process was ended. Run "
        "what blocks in a thread. FAIRLEAD_STALL_SECONDS sets the limit.",
        code="function_blocked",
    )
    db = await Database.open(setup.settings.database_url, setup.vault)
    try:
        here = replace(setup, db=db)
        for attempt in attempts:
            if attempt.task is task:
                await fail(here, attempt, error)
            else:
                await give_back(here, attempt)
    finally:
        await db.close()


async def fail(setup: Setup, attempt: Attempt, error: FairleadError) -> None:
    """End a run as failed, whatever it runs."""
    ending = fail_action if attempt.run.kind is RunKind.ACTION else fail_run
    await ending(setup, attempt, error)


async def give_back(setup: Setup, attempt: Attempt) -> None:
    """Let another process go on with a run."""
    if attempt.run.kind is RunKind.ACTION:
        # it may have acted: it is closed, or repeated, when its lease is over
        return
    with contextlib.suppress(LeaseLost):
        async with setup.db.write() as tx:
            await runs.release(tx, attempt.run.id, attempt.token)
