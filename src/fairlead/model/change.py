"""Change: what became of one record, by its difference from what was told of it before."""

from enum import StrEnum

from fairlead.model.frozen import Frozen


class ChangeKind(StrEnum):
    """What happened to a record."""

    ADDED = "added"
    UPDATED = "updated"
    DELETED = "deleted"
    #: it lies below another record now
    MOVED = "moved"
    RENAMED = "renamed"
    #: who may have it changed: the record says so of another one, `of`
    SHARED = "shared"


class Change(Frozen):
    """One record that is not as it was told of last."""

    #: of the record
    id: str
    kinds: tuple[ChangeKind, ...]
    #: position of the record; the inside of the wire's cursor
    position: int
    #: what is shared: the id of its record
    of: str | None = None
