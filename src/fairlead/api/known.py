"""Connections that were looked up a moment ago, for the proxy: most calls come in series.

What changes through this process is forgotten at once (`edge`); what another process changes is
seen after `_REMEMBERED`. Credentials are not kept here.
"""

import asyncio
from datetime import datetime, timedelta

from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.store import connections
from fairlead.store.database import Database

_REMEMBERED = timedelta(seconds=1)
#: connections remembered at most
_ROOM = 4096


#: environment, integration's key, connection's id
_Wanted = tuple[int, str, str]


class KnownConnections:
    """Finds connections, from memory where that is fresh."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[_Wanted, tuple[Connection, datetime]] = {}
        self._asked: dict[_Wanted, asyncio.Task[Connection | None]] = {}

    def at_hand(self, wanted: _Wanted) -> Connection | None:
        """Return a connection that was found a moment ago, None if it must be looked for."""
        known = self._known.get(wanted)
        return known[0] if known is not None and known[1] > self._clock.now() else None

    async def find(self, environment_id: int, key: str, connection_id: str) -> Connection | None:
        """Return the connection; None if there is none. Callers at the same time ask once."""
        wanted = (environment_id, key, connection_id)
        if (known := self.at_hand(wanted)) is not None:
            return known
        asked = self._asked.get(wanted)
        if asked is None:
            asked = self._asked[wanted] = asyncio.create_task(self._ask(wanted))
        # One caller that goes away must not take the answer from the others.
        return await asyncio.shield(asked)

    async def _ask(self, wanted: _Wanted) -> Connection | None:
        until = self._clock.now() + _REMEMBERED
        this = asyncio.current_task()
        try:
            async with self._db.glance() as tx:
                found = await connections.find(tx, *wanted)
            # Not after `forget`: what was read may be what was changed.
            if found is not None and self._asked.get(wanted) is this:
                if len(self._known) >= _ROOM:
                    self._known.clear()
                self._known[wanted] = (found, until)
            return found
        finally:
            if self._asked.get(wanted) is this:
                del self._asked[wanted]

    def forget(self) -> None:
        """Forget all, and what is being asked: something was changed."""
        self._known.clear()
        self._asked.clear()
