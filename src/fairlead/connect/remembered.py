"""What a process remembers of connections for a short while, bounded in number."""

from collections import OrderedDict
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 10_000


class Remembered(Generic[T]):
    """One value a connection, each until its own moment; beyond a bound the oldest goes."""

    def __init__(self) -> None:
        self._values: OrderedDict[int, tuple[T, datetime]] = OrderedDict()

    def put(self, pk: int, value: T, until: datetime) -> None:
        self._values[pk] = value, until
        self._values.move_to_end(pk)
        if len(self._values) > _MOST:
            self._values.popitem(last=False)

    def get(self, pk: int, now: datetime) -> T | None:
        value, until = self._values.get(pk, (None, now))
        if now < until:
            return value
        self._values.pop(pk, None)
        return None

    def forget(self, pk: int) -> None:
        self._values.pop(pk, None)
