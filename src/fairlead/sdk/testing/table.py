"""Table: the records of one connection in memory, kept by the same rules as the real store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.model.content import Lineage, Move, carried, move_of, place_of


@dataclass(slots=True)
class _Row:
    digest: bytes
    content: bytes
    partition: str
    generation: int
    parent: str | None = None
    is_deleted: bool = False


@dataclass(slots=True)
class _Partition:
    generation: int = 0
    is_in_doubt: bool = False
    #: gone with all that lies below them
    roots: set[str] = field(default_factory=set)


#: (model, id) -> hash, content, is it a tombstone?
Snapshot = dict[tuple[str, str], tuple[bytes, bytes, bool]]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one record."""

    model: str
    id: str
    action: Literal["added", "updated", "deleted"]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Return the top-level fields that differ: name -> before, after; None = not there."""
        return {
            name: (self.before.get(name), self.after.get(name))
            for name in sorted({*self.before, *self.after})
            if self.before.get(name) != self.after.get(name)
        }


@dataclass(slots=True)
class Table:
    """Records, tombstones and doubts after any number of batches and runs.

    However many deletions there are, none is held back.
    """

    _rows: dict[tuple[str, str], _Row] = field(default_factory=dict)
    _partitions: dict[tuple[str, str], _Partition] = field(default_factory=dict)

    def put(
        self,
        model: str,
        record_id: str,
        digest: bytes,
        content: bytes,
        *,
        partition: str = "",
        parent: str | None = None,
        is_deleted: bool = False,
    ) -> None:
        """Put in a record as an earlier run left it."""
        self._partitions.setdefault((model, partition), _Partition())
        self._rows[model, record_id] = _Row(digest, content, partition, 0, parent, is_deleted)

    def snapshot(self) -> Snapshot:
        """Return what is there now, to be compared with later."""
        return {key: (row.digest, row.content, row.is_deleted) for key, row in self._rows.items()}

    def changes_since(self, before: Snapshot) -> Iterator[Change]:
        """Yield one change a record that was added, updated or deleted, by model and id."""
        for key, row in sorted(self._rows.items()):
            digest, content, was_deleted = before.get(key, (b"", b"", True))
            if row.is_deleted:
                if not was_deleted:
                    yield Change(*key, "deleted", orjson.loads(content), {})
            elif was_deleted:
                yield Change(*key, "added", {}, orjson.loads(row.content))
            elif digest != row.digest:
                yield Change(*key, "updated", orjson.loads(content), orjson.loads(row.content))

    def apply(self, batch: StoredBatch) -> BatchCounts:
        """Commit one batch and return what it did."""
        partition = self._partitions.setdefault((batch.model, batch.partition), _Partition())
        if batch.restart:
            partition.generation += 1
            partition.is_in_doubt = True
            partition.roots.clear()
        counts = BatchCounts()
        moved = {} if partition.is_in_doubt else self._moved(batch)
        for record_id, (digest, content) in batch.upsert.items():
            counts += self._upsert(batch, record_id, digest, content, partition.generation)
        gone = [*batch.delete, *batch.delete_under]
        counts += self._delete((batch.model, record_id) for record_id in gone)
        if batch.replace:
            counts += self._delete(
                key
                for key, row in self._rows.items()
                if (key[0], row.partition) == (batch.model, batch.partition)
                and key[1].startswith(tuple(batch.replace))
                and key[1] not in batch.upsert
            )
        if moved and batch.lineage is not None:
            counts += self._carry(batch, moved, batch.lineage)
        if partition.is_in_doubt and batch.lineage is not None:
            counts += self._settle_places(batch, partition.generation, batch.lineage)
        partition.roots |= set(batch.delete_under)
        if batch.settled:
            counts += self._delete(self._below(batch, partition.roots))
            partition.roots.clear()
        if batch.settled and partition.is_in_doubt:
            partition.is_in_doubt = False
            counts += self._delete(
                key
                for key, row in self._rows.items()
                if (key[0], row.partition) == (batch.model, batch.partition)
                and row.generation < partition.generation
            )
        return counts

    def sweep(self, model: str, keep: set[str]) -> BatchCounts:
        """Delete the records of partitions that a finished run did not name."""
        return self._delete(
            key for key, row in self._rows.items() if key[0] == model and row.partition not in keep
        )

    def live(self, model: str | None = None) -> dict[str, dict[str, Any]]:
        """Return id -> content of what is there; of one model, or of all."""
        return {
            key[1]: orjson.loads(row.content)
            for key, row in self._rows.items()
            if not row.is_deleted and model in (None, key[0])
        }

    def deleted(self, model: str | None = None) -> set[str]:
        """Return the ids of what was there once."""
        return {
            key[1] for key, row in self._rows.items() if row.is_deleted and model in (None, key[0])
        }

    def _moved(self, batch: StoredBatch) -> dict[str, Move]:
        """Return how those of the batch's records moved that lie elsewhere than they did."""
        moved: dict[str, Move] = {}
        for record_id, (_, content) in batch.upsert.items():
            row = self._rows.get((batch.model, record_id))
            if batch.lineage is None or row is None or row.is_deleted:
                continue
            if (move := move_of(row.content, content, batch.lineage)) is not None:
                moved[record_id] = move
        return moved

    def _carry(
        self, batch: StoredBatch, moved: Mapping[str, Move], lineage: Lineage
    ) -> BatchCounts:
        """Give what lies below what moved its place."""
        if not moved:
            return BatchCounts()
        below: dict[str, list[tuple[str, _Row]]] = {}
        for (model, record_id), row in self._rows.items():
            if model == batch.model and row.parent is not None and not row.is_deleted:
                below.setdefault(row.parent, []).append((record_id, row))
        pending = list(moved.items())
        seen = set(moved)
        done = 0
        while pending:
            parent, above = pending.pop()
            for record_id, row in below.get(parent, ()):
                if record_id in seen:
                    continue
                seen.add(record_id)
                move, told = carried(row.content, above, lineage)
                pending.append((record_id, move))
                if told is not None:
                    row.digest, row.content = told
                    done += 1
        return BatchCounts(updated=done)

    def _settle_places(self, batch: StoredBatch, generation: int, lineage: Lineage) -> BatchCounts:
        """Put right what this full read told of earlier than of the record above it."""
        moved: dict[str, Move] = {}
        done = 0
        for (model, record_id), row in self._rows.items():
            if model != batch.model or row.parent is None or row.parent not in batch.upsert:
                continue
            if row.is_deleted or row.generation != generation:
                continue
            above = place_of(batch.upsert[row.parent][1], lineage)
            if above is None:
                continue
            move, told = carried(row.content, above, lineage)
            if told is not None:
                moved[record_id] = move
                row.digest, row.content = told
                done += 1
        return BatchCounts(updated=done) + self._carry(batch, moved, lineage)

    def _upsert(
        self, batch: StoredBatch, record_id: str, digest: bytes, content: bytes, generation: int
    ) -> BatchCounts:
        key = (batch.model, record_id)
        before = self._rows.get(key)
        parent = batch.parents.get(record_id)
        self._rows[key] = _Row(digest, content, batch.partition, generation, parent)
        if before is None or before.is_deleted:
            return BatchCounts(added=1)
        if before.digest != digest:
            return BatchCounts(updated=1)
        return BatchCounts(unchanged=1)

    def _below(self, batch: StoredBatch, roots: set[str]) -> list[tuple[str, str]]:
        here = {
            key: row
            for key, row in self._rows.items()
            if (key[0], row.partition) == (batch.model, batch.partition) and not row.is_deleted
        }
        above = {root for root in roots if (batch.model, root) not in here}
        below: list[tuple[str, str]] = []
        while found := [key for key, row in here.items() if row.parent in above]:
            below += found
            above = {key[1] for key in found}
            for key in found:
                del here[key]
        return below

    def _delete(self, keys: Any) -> BatchCounts:
        deleted = 0
        for key in list(keys):
            row = self._rows.get(key)
            if row is not None and not row.is_deleted:
                row.is_deleted = True
                deleted += 1
        return BatchCounts(deleted=deleted)
