"""Records by the sqlite3 module: one statement for many, ids as one JSON array.

In another thread each statement is one hop (https://www.sqlite.org/json1.html#jeach).
"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson

from fairlead.store.record_rows import LISTED, Below, Fresh, Known, Place


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

    async def standing(
        self, place: Place, ids: Sequence[str], *, in_doubt: bool
    ) -> dict[str, bytes | None]:
        rows = await self._connection.fetch(
            "SELECT id, CASE WHEN deleted_us IS NULL AND partition_id = ? AND generation >= ?"
            " THEN hash END FROM records"
            " WHERE stream_id = ? AND id IN (SELECT value FROM json_each(?))",
            (
                place.partition_id,
                place.generation if in_doubt else 0,
                place.stream_id,
                orjson.dumps(ids).decode(),
            ),
        )
        return dict(rows)

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
        query = f"{LISTED} WHERE stream_id = ? AND position > ?"  # our own words
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
        # SQLite takes a stream for ten records, and would look at each of them
        rows = await self._connection.fetch(
            "SELECT id, parent, content FROM records INDEXED BY ix_records_below"
            " WHERE stream_id = ? AND deleted_us IS NULL"
            " AND parent IN (SELECT value FROM json_each(?))"
            " AND (? IS NULL OR generation = ?)",
            (stream_id, orjson.dumps(parents).decode(), generation, generation),
        )
        return [Below(*row) for row in rows]

    async def retell(self, place: Place, rows: Sequence[Fresh]) -> None:
        await self._connection.many(
            "UPDATE records SET position = ?, hash = ?, content = ?, last_modified_us = ?,"
            " last_action = 'UPDATED' WHERE stream_id = ? AND id = ?",
            [
                (position, hash, content, place.now_us, place.stream_id, id)
                for id, position, hash, content, _, _ in rows
            ],
        )

    async def recast(self, stream_id: int, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        await self._connection.many(
            "UPDATE records SET hash = ?, content = ? WHERE stream_id = ? AND id = ?",
            [(hash, content, stream_id, id) for id, hash, content in rows],
        )

    async def add(self, place: Place, rows: Sequence[Fresh]) -> None:
        # What all rows share stands in the statement: half as many values to bind to each.
        stream_id, partition_id, generation, now = place
        await self._connection.many(
            "INSERT INTO records (stream_id, partition_id, generation, first_seen_us,"  # noqa: S608
            " last_modified_us, id, position, hash, content, last_action, parent) VALUES"
            f" ({stream_id:d}, {partition_id:d}, {generation:d}, {now:d}, {now:d},"
            " ?, ?, ?, ?, ?, ?)",
            rows,
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
