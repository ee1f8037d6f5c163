"""What the record store is held against: the drivers alone, by their best bulk path.

sqlite3: `executemany`, and ids as one JSON array. asyncpg: COPY, and ids and values as arrays. What
is unchanged is found by its hash. Two keys, as every list of records needs them: the id, and the
order of change.
"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

import sqlite3
from typing import Any

import asyncpg
import orjson

from fairlead.store.dialect import _PRAGMAS, _WAL, plain_url

Rows = dict[str, tuple[bytes, bytes]]

_TABLE = """
    CREATE TABLE bare (
        stream {number} NOT NULL, id TEXT NOT NULL, position {number} NOT NULL,
        hash {bytes} NOT NULL, first_seen {number} NOT NULL, last_modified {number} NOT NULL,
        content {bytes} NOT NULL, PRIMARY KEY (stream, id), UNIQUE (stream, position)
    )
"""


class BareSqlite:
    """The sqlite3 module, with the pragmas of the store, on a file of its own."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in (_WAL, *_PRAGMAS):
            self._connection.execute(pragma)
        self._connection.execute(_TABLE.format(number="INTEGER", bytes="BLOB"))
        self._position = 0

    @classmethod
    async def open(cls, url: str) -> "BareSqlite":
        return cls(url.removeprefix("sqlite:///") + ".bare")

    def _next(self) -> int:
        self._position += 1
        return self._position

    def _values(self, rows: Rows) -> list[tuple[Any, ...]]:
        return [(1, id, self._next(), hash, 1, 1, content) for id, (hash, content) in rows.items()]

    async def insert(self, rows: Rows) -> None:
        values = self._values(rows)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self._connection.execute("COMMIT")

    async def update(self, rows: Rows) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        known = dict(
            self._connection.execute(
                "SELECT id, hash FROM bare"
                " WHERE stream = 1 AND id IN (SELECT value FROM json_each(?))",
                (orjson.dumps(list(rows)).decode(),),
            ).fetchall()
        )
        changed = [
            (self._next(), hash, content, id)
            for id, (hash, content) in rows.items()
            if known[id] != hash
        ]
        if changed:
            self._connection.executemany(
                "UPDATE bare SET position = ?, hash = ?, content = ? WHERE stream = 1 AND id = ?",
                changed,
            )
        self._connection.execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()


class BarePostgres:
    """asyncpg, on a table of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._position = 0

    @classmethod
    async def open(cls, url: str) -> "BarePostgres":
        connection = await asyncpg.connect(plain_url(url))
        await connection.execute(_TABLE.format(number="BIGINT", bytes="BYTEA"))
        return cls(connection)

    def _next(self) -> int:
        self._position += 1
        return self._position

    def _values(self, rows: Rows) -> list[tuple[Any, ...]]:
        return [(1, id, self._next(), hash, 1, 1, content) for id, (hash, content) in rows.items()]

    async def insert(self, rows: Rows) -> None:
        values = self._values(rows)
        async with self._connection.transaction():
            await self._connection.copy_records_to_table("bare", records=values)

    async def update(self, rows: Rows) -> None:
        async with self._connection.transaction():
            found = await self._connection.fetch(
                "SELECT id, hash FROM bare WHERE stream = 1 AND id = ANY($1::text[])", list(rows)
            )
            known = dict(found)
            changed = [
                (id, self._next(), hash, content)
                for id, (hash, content) in rows.items()
                if known[id] != hash
            ]
            if changed:
                ids, positions, hashes, contents = zip(*changed, strict=True)
                await self._connection.execute(
                    "UPDATE bare SET position = n.position, hash = n.hash, content = n.content"
                    " FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[])"
                    " AS n (id, position, hash, content) WHERE stream = 1 AND bare.id = n.id",
                    ids,
                    positions,
                    hashes,
                    contents,
                )

    async def close(self) -> None:
        await self._connection.close()
