"""Journal: takes note of operations beside the work, and writes them down in batches.

Whoever notes something appends to a list and goes on. Everything else (removing secrets, sealing,
SQL) happens half a second later, once for all that came together meanwhile. What does not fit is
counted and dropped: no call is ever slower because somebody may want to read about it.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import structlog

from fairlead.http.redact import redact, redact_headers, redact_json, redact_url
from fairlead.model.clock import Clock
from fairlead.model.operation import Message, Operation
from fairlead.store import operations
from fairlead.store.database import Database
from fairlead.store.operations import Sealed
from fairlead.vault import Vault, message_row

log = structlog.get_logger(__name__)

#: what is noted and not yet written, at most
MOST_WAITING = 10_000
#: seconds from the first note to its writing
DELAY_SECONDS = 0.5
#: notes of one transaction
_BATCH = 1000
#: rows purged in one transaction
_PURGE_LIMIT = 1000
#: an operation whose run is gone, and that is still open after this, is given up
_LOST_AFTER = timedelta(days=1)
#: bytes of the detail of one message, as JSON
_LARGEST_DETAIL = 32_768

#: made when it is written, so that noting it costs nothing
Note = Operation | Message | Callable[[], Sequence[Operation | Message]]


class Journal:
    """Notes of this process, on their way into the database."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, *, days: int) -> None:
        """`days`: how long they are kept; 0 = nothing is noted."""
        self._db = db
        self._vault = vault
        self._clock = clock
        self._days = days
        self._waiting: deque[Note] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self.is_on = days > 0
        #: notes that were not kept: too many at once, or the database was away
        self.dropped = 0
        #: what else wants to see operations that are over, as they are written
        self.listeners: list[Callable[[Sequence[Operation], Sequence[Message]], None]] = []

    def note(self, note: Note) -> None:
        """Take note; it is written soon, or dropped if there is too much."""
        if not self.is_on:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(note)
        if self._timer is None and self._flushing is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_SECONDS, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._write(), name="journal")
            self._flushing.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._flushing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("journal not written", reason=type(error).__name__)
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_SECONDS, self._begin)

    async def flush(self) -> None:
        """Write what was noted until now."""
        if self._flushing is not None:
            await asyncio.wait({self._flushing})
        await self._write()

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            # searching for secrets takes a while, and others must not wait for that
            found, steps = await asyncio.to_thread(self._made, batch)
            if not await operations.keep(self._db, found, steps):
                self.dropped += len(batch)
                log.warning("operations not kept", notes=len(batch), dropped=self.dropped)

    def _made(self, batch: Sequence[Note]) -> tuple[list[Operation], list[Sealed]]:
        found: list[Operation] = []
        steps: list[Message] = []
        for note in batch:
            for each in note() if callable(note) else (note,):
                if isinstance(each, Operation):
                    found.append(_clean(each))
                else:
                    steps.append(_clean_message(each))
        for listener in self.listeners:
            listener(found, steps)
        return found, [Sealed(each, self._envelope(each)) for each in steps]

    def _envelope(self, message: Message) -> bytes | None:
        if not message.detail:
            return None
        plain = orjson.dumps(message.detail, default=str, option=orjson.OPT_NON_STR_KEYS)
        if len(plain) > _LARGEST_DETAIL:
            plain = orjson.dumps({"left_out_bytes": len(plain)})
        return self._vault.seal(zlib.compress(plain), row=message_row(message.operation_id))

    def opened(self, sealed: Sealed) -> Message:
        """Return a stored message with its detail; VaultError if it does not open."""
        if sealed.envelope is None:
            return sealed.message
        plain = self._vault.open(sealed.envelope, row=message_row(sealed.message.operation_id))
        return replace(sealed.message, detail=orjson.loads(zlib.decompress(plain)))

    async def look(self) -> None:
        """Forget what is older than it is kept, and end what was left open; once an hour."""
        now = self._clock.now()
        keep_from = now - timedelta(days=self._days)
        for work in (
            partial(operations.settle, before=now - _LOST_AFTER, limit=_PURGE_LIMIT),
            partial(operations.purge, before=keep_from, limit=_PURGE_LIMIT),
        ):
            while await self._db.transact(work) >= _PURGE_LIMIT:
                pass

    def expires_at(self, created_at: datetime) -> datetime:
        """Return when something of that age is forgotten."""
        return created_at + timedelta(days=self._days)

    async def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.flush()


def _clean(operation: Operation) -> Operation:
    return replace(
        operation,
        title=redact(operation.title),
        meta=redact_json(dict(operation.meta)),
        error=operation.error and redact_json(dict(operation.error)),
    )


def _clean_message(message: Message) -> Message:
    detail = {name: _clean_part(name, part) for name, part in message.detail.items()}
    return replace(message, text=redact(message.text), detail=detail)


def _clean_part(name: str, part: Any) -> Any:
    if name not in {"request", "response"} or not isinstance(part, Mapping):
        return redact_json(part)
    cleaned = dict(part)
    if "url" in cleaned:
        cleaned["url"] = redact_url(cleaned["url"])
    if "headers" in cleaned:
        cleaned["headers"] = redact_headers(cleaned["headers"])
    if "body" in cleaned:
        cleaned["body"] = _body(cleaned["body"])
    return cleaned


def _body(body: Any) -> Any:
    """Return a body as it may be shown: JSON values, a text, or how long it is."""
    if not isinstance(body, bytes):
        return redact_json(body)
    try:
        return redact_json(orjson.loads(body))
    except orjson.JSONDecodeError:
        pass
    try:
        return redact(body.decode())
    except UnicodeDecodeError:
        return {"left_out_bytes": len(body)}
