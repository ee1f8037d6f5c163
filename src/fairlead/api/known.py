"""Connections that were looked up a moment ago, for the proxy: most calls come in series.

What changes through this process is forgotten at once (`edge`); what another process changes is
seen after `_REMEMBERED`. Credentials are not kept here.
"""

from datetime import datetime, timedelta

from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.store import connections
from fairlead.store.database import Database

_REMEMBERED = timedelta(seconds=1)
#: connections remembered at most
_ROOM = 4096


class KnownConnections:
    """Finds connections, from memory where that is fresh."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[tuple[int, str, str], tuple[Connection, datetime]] = {}

    async def find(self, environment_id: int, key: str, connection_id: str) -> Connection | None:
        """Return the connection; None if there is none."""
        wanted = (environment_id, key, connection_id)
        now = self._clock.now()
        known = self._known.get(wanted)
        if known is not None and known[1] > now:
            return known[0]
        async with self._db.read() as tx:
            found = await connections.find(tx, environment_id, key, connection_id)
        if found is not None:
            if len(self._known) >= _ROOM:
                self._known.clear()
            self._known[wanted] = (found, now + _REMEMBERED)
        return found

    def forget(self) -> None:
        """Forget all: something was changed."""
        self._known.clear()
