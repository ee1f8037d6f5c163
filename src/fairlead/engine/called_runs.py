"""Called runs: the rows of actions that somebody waits for, many in one transaction.

Nobody goes on before the transaction is committed that holds their row. Calls at the same time
share it, so a busy process commits once for many of them.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from fairlead.engine.together import Together
from fairlead.errors import CallerError, InternalError
from fairlead.model.clock import Clock, NewId
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunState
from fairlead.store import called_runs, connections
from fairlead.store.database import Database, Tx

#: looks at a connection that is changed each time in between
_LOOKS = 5


class CalledRuns:
    """Opens and ends them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        lease_now: Callable[[], datetime],
        new_id: NewId,
        owner: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._lease_now = lease_now
        self._new_id = new_id
        self._owner = owner
        #: True: it was opened
        self._writing: Together[called_runs.Change, bool] = Together(self._write)

    async def open(
        self, connection: Connection, action: str, raw: object, lease: timedelta
    ) -> tuple[Run, Connection]:
        """Return a run that is this process's, and its connection as it is now.

        CallerError (`unknown_connection`): it is gone. Who leaves meanwhile leaves a cancelled run.
        """
        for _ in range(_LOOKS):
            opened = called_runs.opened(
                connection,
                id=self._new_id(),
                function=action,
                owner=self._owner,
                lease_until=self._lease_now() + lease,
                input=raw,
                now=self._clock.now(),
            )
            try:
                is_open = await self._writing.ask(opened)
            except asyncio.CancelledError:
                self._end(opened.run, RunState.CANCELLED)
                raise
            if is_open:
                return opened.run, connection
            async with self._db.glance() as tx:
                found = await connections.find(
                    tx,
                    connection.environment_id,
                    connection.integration_key,
                    connection.connection_id,
                )
            if found is None:
                raise CallerError(
                    f"There is no connection '{connection.connection_id}' of "
                    f"'{connection.integration_key}'.",
                    code="unknown_connection",
                )
            connection = found
        raise InternalError("The run of an action could not be opened.")

    async def end(self, run: Run, state: RunState, *, output: Any, requests: int) -> None:
        """End a run, if it is still this process's; it is done even if the caller leaves."""
        await self._end(run, state, output=output, requests=requests)

    def _end(
        self, run: Run, state: RunState, *, output: Any = None, requests: int = 0
    ) -> "asyncio.Future[bool]":
        now = self._clock.now()
        ended = called_runs.ended(run, state, output=output, requests=requests, now=now)
        return self._writing.ask(ended)

    async def idle(self) -> None:
        """Return when all is written."""
        await self._writing.idle()

    async def _write(self, changes: Sequence[called_runs.Change]) -> list[bool]:
        async def work(tx: Tx) -> list[bool]:
            made = await called_runs.write(tx, changes)
            return [
                isinstance(change, called_runs.Opened) and change.run.id in made
                for change in changes
            ]

        return await self._db.transact(work)
