"""Ctx and SyncCtx: what a function is given when it runs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from fairlead.errors import FairleadError

Api = TypeVar("Api")
MetadataT = TypeVar("MetadataT", bound=BaseModel)
CheckpointT = TypeVar("CheckpointT", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)


class Log(Protocol):
    """Write one line to the run's log: an event as a short past-tense phrase, and its facts."""

    def info(self, event: str, **facts: Any) -> Any: ...

    def warning(self, event: str, **facts: Any) -> Any: ...

    def error(self, event: str, **facts: Any) -> Any: ...


class SilentLog:
    """A log that keeps nothing."""

    def info(self, event: str, **facts: Any) -> None: ...

    def warning(self, event: str, **facts: Any) -> None: ...

    def error(self, event: str, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """What a function may know of its connection: never its credentials."""

    connection_id: str
    provider: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    connection_config: Mapping[str, Any] = field(default_factory=dict)


class Records(Protocol):
    """The records that syncs of the connection keep of what an action changes.

    Say in the sync's own words what is so after a change: it is written when the action ends well,
    in one step, and the sync that reads it later finds nothing new in it. Where no sync has read
    the partition, nothing is written; so whatever id or partition is not the sync's is harmless.
    """

    async def keeps(self, model: type[BaseModel], partition: str = "") -> bool:
        """Say whether a sync has read this partition: if not, there is nothing to tell."""
        ...

    async def find(self, model: type[R], record_id: str) -> R | None:
        """Return the live record of an id (variant `base`), None if there is none."""
        ...

    def put(self, record: BaseModel, partition: str = "") -> None:
        """Say that something is there, and what it is like."""
        ...

    def delete(self, model: type[BaseModel], record_id: str, partition: str = "") -> None:
        """Say that something is gone, with all that lies below it."""
        ...


class NoRecords:
    """Records of which there are none."""

    async def keeps(self, model: type[BaseModel], partition: str = "") -> bool:
        del model, partition
        return False

    async def find(self, model: type[R], record_id: str) -> R | None:
        del model, record_id
        return None

    def put(self, record: BaseModel, partition: str = "") -> None: ...

    def delete(self, model: type[BaseModel], record_id: str, partition: str = "") -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ctx(Generic[Api]):
    """What an action is given."""

    #: the vendor's API as this connection
    api: Api
    connection: ConnectionView
    #: what syncs keep of what it changes
    records: Records = field(default_factory=NoRecords)
    log: Log = field(default_factory=SilentLog)


async def none_known(ids: Sequence[str]) -> set[str]:
    """Know no record."""
    del ids
    return set()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A place that a sync left out, and what was in the way."""

    #: what the vendor calls it
    place: str
    reason: FairleadError


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCtx(Generic[Api, MetadataT, CheckpointT]):
    """What a sync is given."""

    #: the vendor's API as this connection
    api: Api
    connection: ConnectionView
    metadata: MetadataT
    #: where the last committed batch left off; advance it in place
    checkpoint: CheckpointT
    variant: str = "base"
    log: Log = field(default_factory=SilentLog)
    #: which of these ids of its first model have a live record
    known: Callable[[Sequence[str]], Awaitable[set[str]]] = none_known
    #: what this run left out; see `skip`
    skipped: list[Skipped] = field(default_factory=list)

    #: how many items this run will bring in all, the last one counts; see `expect`
    expected: list[int] = field(default_factory=list)

    def expect(self, items: int) -> None:
        """Say how many items this run will bring in all, for whoever waits for its end."""
        self.expected[:] = [items]

    def skip(self, place: str, reason: FairleadError) -> None:
        """Note that a place cannot be read now: the run goes on, and ends as partial.

        What is stored of the place stays only if the sync says that it knows it still: yield a
        batch, an empty one if need be, for each of its partitions, and do not settle one that was
        not read to its end.
        """
        self.skipped.append(Skipped(place, reason))
        self.log.warning("place left out", place=place, code=reason.code)
