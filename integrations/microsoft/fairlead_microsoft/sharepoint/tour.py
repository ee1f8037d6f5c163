"""Tour: go from place to place (sites, lists, drives), past those that are closed.

A place that answers 403, 404, 423 or 5xx is left out with its reason, and what is stored of it
stays; the rest goes on. If no place could be read at all, that is the run's own failure.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, TypeVar

from fairlead.errors import FairleadError, Rejected, Unavailable
from fairlead.sdk import Batch, Record, SyncCtx

R = TypeVar("R", bound=Record)

#: of one place alone: no access, not there, locked
_CLOSED = frozenset({403, 404, 423})
NOT_THERE = 404


def is_local(error: object) -> bool:
    """Say whether an error concerns the place that was asked for, and no other."""
    if isinstance(error, Rejected):
        return error.provider_status in _CLOSED
    return isinstance(error, Unavailable)


def is_not_there(error: object) -> bool:
    """Say whether an error is that there is no such place, or none that may be seen."""
    return isinstance(error, Rejected) and error.provider_status == NOT_THERE


class Tour:
    """One run's way through its places."""

    def __init__(self, ctx: SyncCtx[Any, Any, Any]) -> None:
        self._ctx = ctx
        self._read = 0
        self._first: FairleadError | None = None

    async def visit(
        self, place: str, partitions: Iterable[str], batches: AsyncGenerator[Batch[R], None]
    ) -> AsyncGenerator[Batch[R], None]:
        """Yield the batches of a place; should it be closed, what keeps its partitions."""
        async with aclosing(batches) as read:
            try:
                async for batch in read:
                    yield batch
            except (Rejected, Unavailable) as error:
                self.leave_out(place, error)
            else:
                self.note_read()
                return
        for batch in kept(partitions):
            yield batch

    def note_read(self) -> None:
        """Note that a place could be read."""
        self._read += 1

    def leave_out(self, place: str, error: FairleadError) -> None:
        """Note that a place is closed; an error that concerns other places, too, is raised."""
        if not is_local(error):
            raise error
        self._first = self._first or error
        self._ctx.skip(place, error)

    def end(self) -> None:
        """Raise what was in the way if no place could be read."""
        if self._first is not None and not self._read:
            raise self._first


def kept(partitions: Iterable[str]) -> list[Batch[Any]]:
    """Return batches that say of partitions that they are known still, and nothing else."""
    return [Batch(partition=partition) for partition in dict.fromkeys(partitions)]
