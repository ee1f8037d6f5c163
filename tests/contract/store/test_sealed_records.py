"""Records whose content is sealed: nothing of it lies in the open, and everything works as before."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from store_world import MODEL, NOW, World, make_connection, make_world, stored

from fairlead.errors import VaultError
from fairlead.model.batch import StoredBatch
from fairlead.model.content import Lineage, hashed
from fairlead.store import records, tables
from fairlead.store.database import Database
from fairlead.store.record_export import export, writer_of
from fairlead.store.record_sealing import recast
from fairlead.store.record_seals import Seals
from fairlead.store.sealed import reseal
from fairlead.vault import Vault

WORD = "very-confidential"
LINEAGE = Lineage("path", "name")


def seal(world: World, *, is_on: bool = True, key: bytes = b"k" * 32) -> None:
    world.seals = Seals(Vault([key]), is_on=is_on)


def contents(sqlite_url: str) -> list[bytes]:
    """Return the bytes of the file and of those beside it."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    return [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]


async def dump(world: World) -> bytes:
    """Return every value of every row."""
    seen = b""
    async with world.db.read() as tx:
        for table in tables.metadata.sorted_tables:
            for row in await tx.all(text(f"SELECT * FROM {table.name}")):
                for value in row:
                    seen += value if isinstance(value, bytes) else str(value).encode()
    return seen


async def test_nothing_of_the_content_lies_in_the_open(world: World) -> None:
    seal(world)
    assert await world.put({"a": WORD, "b": 1}) == (2, 0, 0, 0)
    assert await world.put({"a": 1, "b": WORD, "c": WORD}, delete=["c"]) == (0, 2, 0, 0)
    assert await world.put(delete=["b"]) == (0, 0, 1, 0)
    dumped = await dump(world)
    assert MODEL.encode() in dumped
    assert WORD.encode() not in dumped
    assert b'"value"' not in dumped
    assert [(r.id, r.content["value"]) for r in await world.list()] == [("a", 1), ("b", WORD)]


async def test_not_in_the_file_either(sqlite_url: str) -> None:
    db = await Database.open(sqlite_url)
    world = await make_world(db)
    seal(world)
    await world.put({f"id-in-the-open-{n}": WORD for n in range(100)})
    files = contents(sqlite_url)
    await db.close()
    files += contents(sqlite_url)
    assert any(b"id-in-the-open-99" in file for file in files)
    assert not [file for file in files if WORD.encode() in file]


async def test_unchanged_costs_nothing_and_deleted_ones_come_back(world: World) -> None:
    seal(world)
    await world.put({"a": 1, "b": 2})
    before = await world.list()
    assert await world.put({"a": 1, "b": 2}) == (0, 0, 0, 2)
    # another process, which has no key in memory yet
    seal(world)
    assert await world.put({"a": 1, "b": 2}) == (0, 0, 0, 2)
    assert await world.list() == before
    await world.put(delete=["a"])
    assert await world.put({"a": 1}) == (1, 0, 0, 0)


async def test_equal_content_of_two_connections_looks_different(world: World) -> None:
    seal(world)
    await world.put({"a": 1})
    async with world.db.write() as tx:
        other = await make_connection(tx, world.environment, world.integration, "c2")
    second = World(world.db, world.vault, world.environment, world.integration, other)
    seal(second)
    await second.put({"a": 1})
    async with world.db.read() as tx:
        rows = await tx.all(text("SELECT hash, content FROM records"))
    assert len({bytes(row.hash) for row in rows}) == 2
    assert len({bytes(row.content) for row in rows}) == 2
    # and a row that was copied from one to the other does not open
    async with world.db.write() as tx:
        await tx.execute(update(tables.records).values(content=bytes(rows[0].content)))
    moved = second if await hash_of(world) == bytes(rows[0].hash) else world
    with pytest.raises(VaultError, match="moved"):
        await moved.list()


async def hash_of(world: World) -> bytes:
    async with world.db.read() as tx:
        (row,) = await tx.all(
            select(tables.records.c.hash)
            .join(tables.streams, tables.streams.c.id == tables.records.c.stream_id)
            .where(tables.streams.c.connection_pk == world.pk)
        )
    return bytes(row.hash)


async def test_switched_on_later_and_off_again(world: World) -> None:
    await world.put({"a": WORD, "b": 2, "c": 3})
    before = await world.list()
    seal(world)
    # seen again, unchanged: sealed without counting as a change; the others wait
    assert await world.put({"a": WORD}) == (0, 0, 0, 1)
    assert WORD.encode() not in await dump(world)
    assert b'"value":2' in await dump(world)
    assert await world.list() == before
    assert await world.put({"b": 22}) == (0, 1, 0, 0)
    seal(world, is_on=False)
    assert await world.put({"a": WORD, "b": 22, "c": 3}) == (0, 0, 0, 3)
    assert WORD.encode() in await dump(world)
    assert {r.id: r.content["value"] for r in await world.list()} == {"a": WORD, "b": 22, "c": 3}
    # open again, so that no key is needed
    world.seals = Seals()
    assert await world.live() == {"a": WORD, "b": 22, "c": 3}


async def test_all_at_once_and_back(world: World) -> None:
    values = {f"r{n:04}": WORD for n in range(2345)}
    await world.put(values)
    await world.put(delete=["r0001"])
    before = await world.list()
    seal(world)
    told: list[int] = []
    assert await recast(world.db, world.seals, on_progress=told.append) == 2345
    assert told == [1000, 2000, 2345]
    assert await recast(world.db, world.seals) == 0
    assert WORD.encode() not in await dump(world)
    assert await world.list() == before
    del values["r0001"]
    assert await world.put(values) == (0, 0, 0, 2344)
    seal(world, is_on=False)
    assert await recast(world.db, world.seals) == 2345
    assert await world.put(values) == (0, 0, 0, 2344)
    seal(world)
    assert await recast(world.db, world.seals) == 2345
    assert await world.put(values) == (0, 0, 0, 2344)
    assert await world.list() == before


async def test_the_encryption_key_is_changed(world: World) -> None:
    seal(world)
    await world.put({"a": WORD})
    async with world.db.write() as tx:
        # the world's own has no envelope of a vault
        await tx.execute(
            update(tables.connections).values(envelope=Vault([b"k" * 32]).seal(b"", row=""))
        )
    await reseal(world.db, Vault([b"n" * 32, b"k" * 32]))
    seal(world, key=b"n" * 32)
    assert await world.live() == {"a": WORD}
    assert await world.put({"a": WORD}) == (0, 0, 0, 1)
    seal(world)
    with pytest.raises(VaultError):
        await world.list()


async def test_without_a_key_it_says_so(world: World) -> None:
    seal(world)
    await world.put({"a": WORD})
    world.seals = Seals()
    with pytest.raises(VaultError, match="FAIRLEAD_ENCRYPTION_KEY"):
        await world.list()
    with pytest.raises(VaultError):
        await world.put({"a": WORD})
    async with world.db.write() as tx:
        await tx.execute(tables.data_keys.delete())
    seal(world, is_on=False)
    with pytest.raises(VaultError, match="restore"):
        await world.list()


async def test_a_key_of_a_batch_that_was_undone_is_not_used_again(world: World) -> None:
    seal(world)
    await world.start()

    class Cut(Exception):
        pass

    with pytest.raises(Cut):
        async with world.db.write() as tx:
            await world.commit_in(tx, stored({"a": WORD}))
            raise Cut
    await world.put({"a": WORD})
    seal(world)
    assert await world.live() == {"a": WORD}


async def test_moves_are_carried(world: World) -> None:
    seal(world)

    def items(**paths: str) -> dict[str, tuple[bytes, bytes]]:
        return {
            name: hashed({"id": name, "name": path.rpartition("/")[2], "path": path}, frozenset())
            for name, path in paths.items()
        }

    first = items(top="/top", sub="/top/sub", leaf="/top/sub/leaf")
    parents = {"sub": "top", "leaf": "sub"}
    lying = partial(StoredBatch, model=MODEL, parents=parents, lineage=LINEAGE)
    await world.commit(lying(upsert=first))
    assert (await world.commit(lying(upsert=items(top="/up")))).updated == 3
    paths = {r.id: r.content["path"] for r in await world.list()}
    assert paths == {"top": "/up", "sub": "/up/sub", "leaf": "/up/sub/leaf"}
    assert b"/up/sub" not in await dump(world)
    again = items(top="/up", sub="/up/sub", leaf="/up/sub/leaf")
    assert (await world.commit(lying(upsert=again))).unchanged == 3


async def test_cascades_replacements_and_exports(world: World) -> None:
    seal(world)
    await world.put({"d": 1, "d/a": 1, "d/b": 2, "e": 3}, parents={"d/a": "d", "d/b": "d"})
    assert await world.put({"d/b": 2}, replace=["d/"]) == (0, 0, 1, 1)
    assert await world.put(delete=["d"], delete_under=["d"], settled=True) == (0, 0, 2, 0)
    lines: list[Any] = [
        piece
        async for piece in export(
            world.db,
            connection_pk=world.pk,
            model=MODEL,
            variant="base",
            writer=writer_of("jsonl", []),
            seals=world.seals,
        )
    ]
    assert b"".join(lines) == b'{"id":"e","value":3}\n'
    async with world.db.write() as tx:
        await records.delete_stream(tx, world.pk, MODEL, now=NOW)
    assert await world.list() == []
