"""The keys that seal records: found when they are needed, made when the first record is sealed.

Records are sealed when they are written while `FAIRLEAD_ENCRYPT_RECORDS` is on, and read in either
form; so it may be switched at any time. (docs/adr/0016-sealed-records.md)
"""

import secrets
from collections.abc import Iterable

from sqlalchemy import bindparam, select

from fairlead.errors import NotFound, VaultError
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.tables import connections, data_keys, streams
from fairlead.vault import Vault, data_key_row
from fairlead.vault.record_seal import DATA_KEY_BYTES, RecordSeal, is_sealed

#: streams whose keys are held in memory
_MOST = 10_000

_KEY = (
    select(connections.c.environment_id, data_keys.c.envelope)
    .select_from(streams)
    .join(connections, connections.c.id == streams.c.connection_pk)
    .outerjoin(data_keys, data_keys.c.environment_id == connections.c.environment_id)
    .where(streams.c.id == bindparam("stream"))
)


class Form:
    """In which form the records of a stream are written, and how either form is read."""

    __slots__ = ("_reader", "_seals", "_stream_id", "writer")

    def __init__(self, seals: "Seals", stream_id: int, writer: RecordSeal | None) -> None:
        self._seals = seals
        self._stream_id = stream_id
        self._reader = writer
        #: None: they are written as they are
        self.writer = writer

    async def learn(self, tx: Tx, stored: Iterable[bytes]) -> None:
        """Find what opens these contents, or compares with these hashes, before that is done.

        VaultError: they are sealed, and no key opens them.
        """
        if self._reader is None:
            self._reader = await self._seals.reader(tx, self._stream_id, stored)

    def hash(self, digest: bytes) -> bytes:
        """Return a hash as it is written."""
        return digest if self.writer is None else self.writer.hash(digest)

    def content(self, record_id: str, content: bytes) -> bytes:
        """Return content as it is written."""
        return content if self.writer is None else self.writer.seal(record_id, content)

    def is_same_otherwise(self, stored: bytes, digest: bytes) -> bool:
        """Say whether a stored hash is that of the same content, in the form not written now."""
        if self.writer is not None:
            return stored == digest
        return self._reader is not None and stored == self._reader.hash(digest)

    def opened(self, record_id: str, stored: bytes) -> bytes:
        """Return stored content in the open."""
        if not is_sealed(stored):
            return stored
        assert self._reader is not None, "it was learnt"
        return self._reader.open(record_id, stored)


class Seals:
    """Finds the keys of streams; `is_on`: what is written is sealed."""

    def __init__(self, vault: Vault | None = None, *, is_on: bool = False) -> None:
        self._vault = vault
        self.is_on = is_on and vault is not None
        self._known: dict[int, RecordSeal] = {}

    async def form(self, tx: Tx, stream_id: int) -> Form:
        """Return the form in which this transaction writes the stream's records; once in each."""
        writer = await self._seal(tx, stream_id, may_make=True) if self.is_on else None
        return Form(self, stream_id, writer)

    async def reader(self, tx: Tx, stream_id: int, stored: Iterable[bytes]) -> RecordSeal | None:
        """Return what opens these contents; None if none of them is sealed. VaultError as above."""
        if any(map(is_sealed, stored)):
            return await self._seal(tx, stream_id, may_make=False)
        return None

    async def _seal(self, tx: Tx, stream_id: int, *, may_make: bool) -> RecordSeal:
        known = self._known.get(stream_id)
        if known is not None:
            return known
        if self._vault is None:
            raise VaultError("Records are sealed, and there is no key; set FAIRLEAD_ENCRYPTION_KEY")
        row = await tx.first(_KEY, {"stream": stream_id})
        if row is None:
            raise NotFound("The connection was deleted meanwhile")
        name = data_key_row(row.environment_id)
        if row.envelope is not None:
            seal = RecordSeal(self._vault.open(bytes(row.envelope), row=name), stream_id)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[stream_id] = seal
            return seal
        if not may_make:
            raise VaultError("The key that sealed a record is gone; restore it from a backup")
        return await self._make(tx, stream_id, row.environment_id, self._vault)

    async def _make(self, tx: Tx, stream_id: int, environment_id: int, vault: Vault) -> RecordSeal:
        # Not remembered: were this transaction rolled back, no database would have the key.
        envelope = vault.seal(secrets.token_bytes(DATA_KEY_BYTES), row=data_key_row(environment_id))
        await tx.execute(
            dialect.insert(tx, data_keys)
            .values(environment_id=environment_id, envelope=envelope)
            .on_conflict_do_nothing()
        )
        # somebody else's, if they were quicker
        row = await tx.first(_KEY, {"stream": stream_id})
        assert row is not None
        return RecordSeal(
            vault.open(bytes(row.envelope), row=data_key_row(environment_id)), stream_id
        )


#: reads and writes records as they are
PLAIN = Seals()
