"""What the store does with many records at once, whatever the database.

The caller holds the stream's lock, so nothing changes between looking and writing.
"""

# named as the columns are, and nothing here needs the builtins

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

#: rows of one trip to the driver
CHUNK = 1000


class Known(NamedTuple):
    """What is compared of a stored record."""

    id: str
    hash: bytes
    partition_id: int
    generation: int
    is_deleted: bool


#: a record to write (new, changed, or restored): id, position, hash, content, ADDED or UPDATED, and
#: the id of the record it lies below
Fresh = tuple[str, int, bytes, bytes, str, str | None]


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


#: the columns of a list, in the order of `record_lists.Listed`
LISTED = (
    "SELECT id, content, first_seen_us, last_modified_us, deleted_us, pruned_us, last_action,"
    " position, partition_id FROM records"
)


class RecordRows(Protocol):
    """Look at and write many records of one stream."""

    async def standing(
        self, place: Place, ids: Sequence[str], *, in_doubt: bool
    ) -> dict[str, bytes | None]:
        """Return id -> hash of those that are stored.

        None: it does not stand as it should in this place, whatever its content; look at it.
        """
        ...

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
