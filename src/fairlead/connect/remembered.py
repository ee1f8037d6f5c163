"""What a process remembers of connections for a short while, bounded in number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 10_000


class Remembered(Generic[T]):
    """One value a key (a connection), each until its moment; beyond a bound the oldest goes."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, tuple[T, datetime]] = OrderedDict()

    def put(self, key: Hashable, value: T, until: datetime) -> None:
        self._values[key] = value, until
        self._values.move_to_end(key)
        if len(self._values) > _MOST:
            self._values.popitem(last=False)

    def get(self, key: Hashable, now: datetime) -> T | None:
        value, until = self._values.get(key, (None, now))
        if now < until:
            return value
        self._values.pop(key, None)
        return None

    def forget(self, key: Hashable) -> None:
        self._values.pop(key, None)

    def forget_all(self, is_meant: Callable[[Hashable], bool]) -> None:
        for key in [key for key in self._values if is_meant(key)]:
            del self._values[key]
