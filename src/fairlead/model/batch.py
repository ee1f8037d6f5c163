"""Batch: one atomic step of a sync: upserts, deletes, and where to resume.

Everything in a batch is committed in one transaction, or nothing of it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from fairlead.model.content import Lineage

R = TypeVar("R", bound=BaseModel)


# no slots: with them, `Batch[Thing](...)` is a TypeError on Python 3.11
# (https://github.com/python/cpython/issues/90562)
@dataclass(frozen=True, kw_only=True)
class Batch(Generic[R]):
    """One atomic step of a sync.

    `restart` is set on the first batch of a full read of `partition`: records of the partition
    that were stored before are in doubt from then on. `settled` says that the partition is caught
    up: doubtful records that were not seen again are swept (deleted). An id that occurs twice in
    one batch keeps its last appearance; a delete beats an upsert only if listed in `delete`.

    `delete_under` names what is gone together with everything that lies below it (a folder, say):
    each is deleted at once, the rest when the partition is settled, in one statement, and what was
    moved elsewhere or came back by then is spared. What lies below what, the record says
    (`Record.parent_record_id`).

    A sync with partitions yields at least one batch for each chosen partition in every run: when a
    run ends well, the records of those that it did not yield are swept.
    """

    upsert: Sequence[R] = ()
    #: record ids
    delete: Sequence[str] = ()
    #: beginnings of ids: what begins so in this partition is as `upsert` says and nothing else;
    #: other records that begin so are deleted (the permissions of an item, say)
    replace: Sequence[str] = ()
    #: ids of records that are gone with all that lies below them
    delete_under: Sequence[str] = ()
    #: where a killed run resumes; stored with the batch. None = unchanged
    checkpoint: BaseModel | None = None
    #: name of the sub-feed the records belong to (a drive, a list); "" = the whole sync
    partition: str = ""
    restart: bool = False
    settled: bool = False
    #: model class of the records if the sync has several; default: the sync's first
    model: str | None = None


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What one batch, or one run, did to the records; unchanged ones are counted too."""

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    #: deletions held back: too many at once
    held: int = 0

    def __add__(self, other: "BatchCounts") -> "BatchCounts":
        return BatchCounts(
            self.added + other.added,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.unchanged + other.unchanged,
            self.held + other.held,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A batch as the store takes it: validated, serialised, hashed."""

    model: str
    variant: str = "base"
    partition: str = ""
    #: id -> (content hash, canonical JSON bytes); order = order of appearance
    upsert: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    delete: Sequence[str] = ()
    #: beginnings of ids whose other records are deleted
    replace: Sequence[str] = ()
    delete_under: Sequence[str] = ()
    #: id -> id of the record it lies below, for those that lie below one
    parents: Mapping[str, str] = field(default_factory=dict)
    #: how places follow from those above; None: they do not
    lineage: Lineage | None = None
    #: content -> its revision at the vendor, which grows; None: it does not tell
    revision: Callable[[bytes], int | None] | None = None
    #: JSON bytes of the checkpoint, None = unchanged
    checkpoint: bytes | None = None
    restart: bool = False
    settled: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
