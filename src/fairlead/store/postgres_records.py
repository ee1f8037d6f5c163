"""Records by asyncpg: ids as one array, new rows by COPY, changed ones by a join with unnest.

`= ANY` of an array: a list of a thousand parameters is ten times slower.
"""

# named as the columns are, and nothing here needs the builtins

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

from collections.abc import Sequence
from typing import Any

from fairlead.store.record_rows import LISTED, Below, Fresh, Known, Place


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


class PostgresRows:
    """Records by asyncpg."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def standing(
        self, place: Place, ids: Sequence[str], *, in_doubt: bool
    ) -> dict[str, bytes | None]:
        rows = await self._connection.fetch(
            "SELECT id, CASE WHEN deleted_us IS NULL AND partition_id = $3 AND generation >= $4"
            " THEN hash END FROM records WHERE stream_id = $1 AND id = ANY($2::text[])",
            place.stream_id,
            ids,
            place.partition_id,
            place.generation if in_doubt else 0,
        )
        return dict(rows)

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
        query = f"{LISTED} WHERE stream_id = $1 AND position > $2"  # our own words
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
            *list(zip(*rows, strict=True))[:4],
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
