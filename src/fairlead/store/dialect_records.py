"""The records' half of dialect.py: each driver's best path for many rows, in the open transaction.

SQLite: one hop to the driver's thread per statement, ids as one JSON array
(https://www.sqlite.org/json1.html#jeach). PostgreSQL: ids as one array (`= ANY`; a list of a
thousand parameters is ten times slower), new rows by COPY, changed ones by a join with unnest.
The caller holds the stream's lock, so nothing changes between looking and writing.
"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from fairlead.store.database import Tx

#: rows of one trip to the driver
CHUNK = 1000


class Known(NamedTuple):
    """What is compared of a stored record."""

    id: str
    hash: bytes
    partition_id: int
    generation: int
    is_deleted: bool


class Fresh(NamedTuple):
    """A record to write: new, changed, or restored."""

    id: str
    position: int
    hash: bytes
    content: bytes
    #: ADDED or UPDATED
    action: str
    #: id of the record it lies below
    parent: str | None = None


class Below(NamedTuple):
    """A live record that lies below another one."""

    id: str
    parent: str
    content: bytes


class Place(NamedTuple):
    """Where and when rows are written."""

    stream_id: int
    partition_id: int
    generation: int
    now_us: int


def _inserted(place: Place, rows: Sequence[Fresh]) -> list[tuple[Any, ...]]:
    """Return the values of rows to insert, in the order of their columns in `add`."""
    stream_id, partition_id, generation, now = place
    return [
        (
            stream_id,
            id,
            position,
            partition_id,
            generation,
            hash,
            now,
            now,
            action,
            content,
            parent,
        )
        for id, position, hash, content, action, parent in rows
    ]


#: the columns of a list, in the order of `record_lists.Listed`
_LISTED = (
    "SELECT id, content, first_seen_us, last_modified_us, deleted_us, pruned_us, last_action,"
    " position, partition_id FROM records"
)


class RecordRows(Protocol):
    """Look at and write many records of one stream."""

    async def known(self, stream_id: int, ids: Sequence[str]) -> list[Known]:
        """Return those that are stored, tombstones too."""
        ...

    async def page(  # the parts of one query
        self,
        stream_id: int,
        after: int,
        limit: int,
        *,
        actions: Sequence[str],
        ids: Sequence[str],
        is_live: bool,
    ) -> list[Any]:
        """Return rows in the order of their positions; `actions` and `ids`: empty = any."""
        ...

    async def beginning(
        self, stream_id: int, partition_id: int, prefixes: Sequence[str]
    ) -> list[str]:
        """Return the ids of a partition's live records that begin with one of the prefixes."""
        ...

    async def contents(self, stream_id: int, ids: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return (id, content) of those that have a live record."""
        ...

    async def below(
        self, stream_id: int, parents: Sequence[str], *, generation: int | None = None
    ) -> list[Below]:
        """Return the live records right below one of these; only those seen in a `generation`."""
        ...

    async def retell(self, place: Place, rows: Sequence[Fresh]) -> None:
        """Give live rows other content; whether they were seen stays as it was."""
        ...

    async def recast(self, stream_id: int, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Write (id, hash, content) in another form; nothing about the record changed."""
        ...

    async def add(self, place: Place, rows: Sequence[Fresh]) -> None:
        """Insert rows that are not stored."""
        ...

    async def rewrite(self, place: Place, rows: Sequence[Fresh]) -> None:
        """Update rows that are stored; a tombstone comes back to life."""
        ...

    async def stamp(self, place: Place, ids: Sequence[str]) -> None:
        """Note that unchanged rows were seen in this partition and generation."""
        ...

    async def bury(self, place: Place, rows: Sequence[tuple[str, int]]) -> None:
        """Make tombstones of (id, new position); content stays."""
        ...


class _Threaded:
    """aiosqlite's connection: one hop to its thread per statement."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.many = connection.executemany
        self.run = connection.execute
        self.fetch = connection.execute_fetchall


class _Direct:
    """The sqlite3 module's own connection, in the thread that holds the transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, rows)

    async def run(self, statement: str, values: Sequence[Any]) -> None:
        self._connection.execute(statement, values)

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[Any]:
        rows: list[Any] = self._connection.execute(statement, values).fetchall()
        return rows


class SqliteRows:
    """Records by the sqlite3 module."""

    def __init__(self, connection: Any) -> None:
        is_plain = isinstance(connection, sqlite3.Connection)
        self._connection = _Direct(connection) if is_plain else _Threaded(connection)

    async def known(self, stream_id: int, ids: Sequence[str]) -> list[Known]:
        rows = await self._connection.fetch(
            "SELECT id, hash, partition_id, generation, deleted_us IS NOT NULL FROM records"
            " WHERE stream_id = ? AND id IN (SELECT value FROM json_each(?))",
            (stream_id, orjson.dumps(ids).decode()),
        )
        return [Known(*row) for row in rows]

    async def page(
        self,
        stream_id: int,
        after: int,
        limit: int,
        *,
        actions: Sequence[str],
        ids: Sequence[str],
        is_live: bool,
    ) -> list[Any]:
        query = f"{_LISTED} WHERE stream_id = ? AND position > ?"  # our own words
        values: list[Any] = [stream_id, after]
        if actions:
            query += " AND last_action IN (SELECT value FROM json_each(?))"
            values.append(orjson.dumps(actions).decode())
        if ids:
            query += " AND id IN (SELECT value FROM json_each(?))"
            values.append(orjson.dumps(ids).decode())
        if is_live:
            query += " AND deleted_us IS NULL"
        values.append(limit)
        return await self._connection.fetch(f"{query} ORDER BY position LIMIT ?", values)

    async def beginning(
        self, stream_id: int, partition_id: int, prefixes: Sequence[str]
    ) -> list[str]:
        # ids are compared as bytes, and no character comes after the last one
        rows = await self._connection.fetch(
            "SELECT DISTINCT records.id FROM json_each(?) AS begin JOIN records"
            " ON records.stream_id = ? AND records.id >= begin.value"
            " AND records.id < begin.value || char(1114111)"
            " WHERE records.partition_id = ? AND records.deleted_us IS NULL",
            (orjson.dumps(prefixes).decode(), stream_id, partition_id),
        )
        return [row[0] for row in rows]

    async def contents(self, stream_id: int, ids: Sequence[str]) -> list[tuple[str, bytes]]:
        rows = await self._connection.fetch(
            "SELECT id, content FROM records WHERE stream_id = ? AND deleted_us IS NULL"
            " AND id IN (SELECT value FROM json_each(?))",
            (stream_id, orjson.dumps(ids).decode()),
        )
        return [(row[0], row[1]) for row in rows]

    async def below(
        self, stream_id: int, parents: Sequence[str], *, generation: int | None = None
    ) -> list[Below]:
        rows = await self._connection.fetch(
            "SELECT id, parent, content FROM records WHERE stream_id = ? AND deleted_us IS NULL"
            " AND parent IS NOT NULL AND parent IN (SELECT value FROM json_each(?))"
            " AND (? IS NULL OR generation = ?)",
            (stream_id, orjson.dumps(parents).decode(), generation, generation),
        )
        return [Below(*row) for row in rows]

    async def retell(self, place: Place, rows: Sequence[Fresh]) -> None:
        await self._connection.many(
            "UPDATE records SET position = ?, hash = ?, content = ?, last_modified_us = ?,"
            " last_action = 'UPDATED' WHERE stream_id = ? AND id = ?",
            [
                (row.position, row.hash, row.content, place.now_us, place.stream_id, row.id)
                for row in rows
            ],
        )

    async def recast(self, stream_id: int, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        await self._connection.many(
            "UPDATE records SET hash = ?, content = ? WHERE stream_id = ? AND id = ?",
            [(hash, content, stream_id, id) for id, hash, content in rows],
        )

    async def add(self, place: Place, rows: Sequence[Fresh]) -> None:
        await self._connection.many(
            "INSERT INTO records (stream_id, id, position, partition_id, generation, hash,"
            " first_seen_us, last_modified_us, last_action, content, parent)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _inserted(place, rows),
        )

    async def rewrite(self, place: Place, rows: Sequence[Fresh]) -> None:
        stream_id, partition_id, generation, now = place
        await self._connection.many(
            "UPDATE records SET position = ?, partition_id = ?, generation = ?, hash = ?,"
            " last_modified_us = ?, deleted_us = NULL, pruned_us = NULL, last_action = ?,"
            " content = ?, parent = ? WHERE stream_id = ? AND id = ?",
            [
                (
                    position,
                    partition_id,
                    generation,
                    hash,
                    now,
                    action,
                    content,
                    parent,
                    stream_id,
                    id,
                )
                for id, position, hash, content, action, parent in rows
            ],
        )

    async def stamp(self, place: Place, ids: Sequence[str]) -> None:
        await self._connection.run(
            "UPDATE records SET partition_id = ?, generation = ?"
            " WHERE stream_id = ? AND id IN (SELECT value FROM json_each(?))",
            (place.partition_id, place.generation, place.stream_id, orjson.dumps(ids).decode()),
        )

    async def bury(self, place: Place, rows: Sequence[tuple[str, int]]) -> None:
        now = place.now_us
        await self._connection.many(
            "UPDATE records SET position = ?, last_modified_us = ?, deleted_us = ?,"
            " last_action = 'DELETED' WHERE stream_id = ? AND id = ?",
            [(position, now, now, place.stream_id, id) for id, position in rows],
        )


class PostgresRows:
    """Records by asyncpg."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def known(self, stream_id: int, ids: Sequence[str]) -> list[Known]:
        rows = await self._connection.fetch(
            "SELECT id, hash, partition_id, generation, deleted_us IS NOT NULL FROM records"
            " WHERE stream_id = $1 AND id = ANY($2::text[])",
            stream_id,
            ids,
        )
        return [Known(*row) for row in rows]

    async def page(
        self,
        stream_id: int,
        after: int,
        limit: int,
        *,
        actions: Sequence[str],
        ids: Sequence[str],
        is_live: bool,
    ) -> list[Any]:
        query = f"{_LISTED} WHERE stream_id = $1 AND position > $2"  # our own words
        values: list[Any] = [stream_id, after]
        if actions:
            values.append(actions)
            query += f" AND last_action = ANY(${len(values)}::text[])"
        if ids:
            values.append(list(ids))
            query += f" AND id = ANY(${len(values)}::text[])"
        if is_live:
            query += " AND deleted_us IS NULL"
        values.append(limit)
        rows: list[Any] = await self._connection.fetch(
            f"{query} ORDER BY position LIMIT ${len(values)}", *values
        )
        return rows

    async def beginning(
        self, stream_id: int, partition_id: int, prefixes: Sequence[str]
    ) -> list[str]:
        # An index in the order of a language cannot find beginnings: one pass a length of prefix,
        # in which each id costs a look into a hash table.
        found: list[str] = []
        for length in sorted({len(prefix) for prefix in prefixes}):
            rows = await self._connection.fetch(
                "SELECT id FROM records WHERE stream_id = $1 AND partition_id = $2"
                " AND deleted_us IS NULL AND left(id, $3) = ANY($4::text[])",
                stream_id,
                partition_id,
                length,
                [prefix for prefix in prefixes if len(prefix) == length],
            )
            found += [row[0] for row in rows]
        return found

    async def contents(self, stream_id: int, ids: Sequence[str]) -> list[tuple[str, bytes]]:
        rows = await self._connection.fetch(
            "SELECT id, content FROM records WHERE stream_id = $1 AND deleted_us IS NULL"
            " AND id = ANY($2::text[])",
            stream_id,
            ids,
        )
        return [(row[0], row[1]) for row in rows]

    async def below(
        self, stream_id: int, parents: Sequence[str], *, generation: int | None = None
    ) -> list[Below]:
        rows = await self._connection.fetch(
            "SELECT id, parent, content FROM records WHERE stream_id = $1 AND deleted_us IS NULL"
            " AND parent IS NOT NULL AND parent = ANY($2::text[])"
            " AND ($3::bigint IS NULL OR generation = $3)",
            stream_id,
            parents,
            generation,
        )
        return [Below(*row) for row in rows]

    async def retell(self, place: Place, rows: Sequence[Fresh]) -> None:
        await self._connection.execute(
            "UPDATE records SET position = fresh.position, hash = fresh.hash,"
            " content = fresh.content, last_modified_us = $2, last_action = 'UPDATED'"
            " FROM unnest($3::text[], $4::bigint[], $5::bytea[], $6::bytea[])"
            " AS fresh (id, position, hash, content)"
            " WHERE records.stream_id = $1 AND records.id = fresh.id",
            place.stream_id,
            place.now_us,
            [row.id for row in rows],
            [row.position for row in rows],
            [row.hash for row in rows],
            [row.content for row in rows],
        )

    async def recast(self, stream_id: int, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        ids, hashes, contents = zip(*rows, strict=True)
        await self._connection.execute(
            "UPDATE records SET hash = fresh.hash, content = fresh.content"
            " FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS fresh (id, hash, content)"
            " WHERE records.stream_id = $1 AND records.id = fresh.id",
            stream_id,
            ids,
            hashes,
            contents,
        )

    async def add(self, place: Place, rows: Sequence[Fresh]) -> None:
        await self._connection.copy_records_to_table(
            "records",
            columns=(
                "stream_id",
                "id",
                "position",
                "partition_id",
                "generation",
                "hash",
                "first_seen_us",
                "last_modified_us",
                "last_action",
                "content",
                "parent",
            ),
            records=_inserted(place, rows),
        )

    async def rewrite(self, place: Place, rows: Sequence[Fresh]) -> None:
        ids, positions, hashes, contents, actions, parents = zip(*rows, strict=True)
        await self._connection.execute(
            "UPDATE records SET position = fresh.position, partition_id = $2, generation = $3,"
            " hash = fresh.hash, last_modified_us = $4, deleted_us = NULL, pruned_us = NULL,"
            " last_action = fresh.action, content = fresh.content, parent = fresh.parent"
            " FROM unnest($5::text[], $6::bigint[], $7::bytea[], $8::bytea[], $9::text[],"
            " $10::text[]) AS fresh (id, position, hash, content, action, parent)"
            " WHERE records.stream_id = $1 AND records.id = fresh.id",
            *place,
            ids,
            positions,
            hashes,
            contents,
            actions,
            parents,
        )

    async def stamp(self, place: Place, ids: Sequence[str]) -> None:
        await self._connection.execute(
            "UPDATE records SET partition_id = $2, generation = $3"
            " WHERE stream_id = $1 AND id = ANY($4::text[])",
            place.stream_id,
            place.partition_id,
            place.generation,
            ids,
        )

    async def bury(self, place: Place, rows: Sequence[tuple[str, int]]) -> None:
        ids, positions = zip(*rows, strict=True)
        await self._connection.execute(
            "UPDATE records SET position = gone.position, last_modified_us = $2, deleted_us = $2,"
            " last_action = 'DELETED'"
            " FROM unnest($3::text[], $4::bigint[]) AS gone (id, position)"
            " WHERE records.stream_id = $1 AND records.id = gone.id",
            place.stream_id,
            place.now_us,
            ids,
            positions,
        )


async def record_rows(tx: Tx) -> RecordRows:
    """Return the driver's path for records in this transaction."""
    connection = await tx.driver()
    return SqliteRows(connection) if tx.dialect == "sqlite" else PostgresRows(connection)
