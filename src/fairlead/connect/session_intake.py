"""Keep new connect sessions: those that arrive while the database is busy share one commit."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession
from fairlead.store import Database, connect_sessions

#: after its end; a trip that began in a session's last minute still needs it
KEPT_FOR = timedelta(hours=1)
_PURGE_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class _Batch:
    sessions: list[ConnectSession] = field(default_factory=list)
    writing: asyncio.Task[None] | None = None


class SessionIntake:
    """Writes sessions, many at a time where many come."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        #: by environment, so that one that is gone fails nobody else: what is not yet being written
        self._gathering: dict[int, _Batch] = {}
        self._purged_at: datetime | None = None

    async def keep(self, session: ConnectSession) -> None:
        """Return once the session is committed."""
        environment_id = session.environment_id
        batch = self._gathering.get(environment_id)
        if batch is None:
            batch = self._gathering[environment_id] = _Batch()
            batch.writing = asyncio.create_task(self._write(environment_id, batch))
        batch.sessions.append(session)
        assert batch.writing is not None
        # one caller that goes away must not take the commit from the others
        await asyncio.shield(batch.writing)

    async def _write(self, environment_id: int, batch: _Batch) -> None:
        try:
            async with self._db.write() as tx:
                # from here on others gather anew
                del self._gathering[environment_id]
                now = self._clock.now()
                if self._purged_at is None or now - self._purged_at >= _PURGE_EVERY:
                    self._purged_at = now
                    await connect_sessions.purge_expired(tx, now - KEPT_FOR)
                await connect_sessions.insert_all(tx, batch.sessions)
        finally:
            if self._gathering.get(environment_id) is batch:
                del self._gathering[environment_id]
