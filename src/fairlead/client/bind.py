"""Turns a request builder into a method: one that waits, and one to be awaited.

A builder is written once, `(...) -> Call[T]`; on the blocking client it becomes `(...) -> T`, on
the other `(...) -> Awaitable[T]`. A builder of pages becomes an iterator over all of them. What
`help()` and editors show is the builder's own signature and docstring.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from fairlead.client.call import Call, Page
from fairlead.client.forward import Forward
from fairlead.client.tables import arrow_table, data_frame

P = ParamSpec("P")
T = TypeVar("T")
Self = TypeVar("Self")


class Sender(Protocol):
    """Sends a call and waits."""

    def send(self, call: Call[T]) -> T:
        """Return what the answer says."""

    def forward(self, request: Forward) -> Any:
        """Return an answer whose body is yet to be read."""


class AsyncSender(Protocol):
    """Sends a call without keeping others waiting."""

    def send(self, call: Call[T]) -> Awaitable[T]:
        """Return what the answer says."""

    def forward(self, request: Forward) -> Awaitable[Any]:
        """Return an answer whose body is yet to be read."""


class Namespace:
    """A group of methods of the blocking client."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender


class AsyncNamespace:
    """A group of methods of the other client."""

    def __init__(self, sender: AsyncSender) -> None:
        self.sender = sender


class Blocking(Generic[P, T]):
    """A method that waits for its answer."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "Blocking[P, T]": ...
    @overload
    def __get__(self, instance: Namespace, owner: Any) -> Callable[P, T]: ...
    def __get__(self, instance: Namespace | None, owner: Any) -> "Blocking[P, T] | Callable[P, T]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return sender.send(self.build(*args, **kwargs))

        return method


class Awaited(Generic[P, T]):
    """A method to be awaited."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "Awaited[P, T]": ...
    @overload
    def __get__(self, instance: AsyncNamespace, owner: Any) -> Callable[P, Awaitable[T]]: ...
    def __get__(
        self, instance: AsyncNamespace | None, owner: Any
    ) -> "Awaited[P, T] | Callable[P, Awaitable[T]]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        def method(*args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
            return sender.send(self.build(*args, **kwargs))

        return method


class Paged(Generic[T]):
    """All items of a list; asks for the next page when it is needed.

    It can be gone through more than once: each time from the first page.
    """

    def __init__(self, sender: Sender, first: Call[Page[T]]) -> None:
        self._sender = sender
        self._first = first

    def pages(self) -> Iterator[list[T]]:
        """Go through the list page by page."""
        call: Call[Page[T]] | None = self._first
        while call is not None:
            page = self._sender.send(call)
            yield page.items
            call = page.following

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    def to_arrow(self) -> Any:
        """Read all into a `pyarrow.Table`; needs the extra `fairlead[arrow]`."""
        return arrow_table(list(self))

    def to_pandas(self) -> Any:
        """Read all into a `pandas.DataFrame`; needs the extra `fairlead[pandas]`."""
        return data_frame(list(self))


class AsyncPaged(Generic[T]):
    """All items of a list; asks for the next page when it is needed.

    It can be gone through more than once: each time from the first page.
    """

    def __init__(self, sender: AsyncSender, first: Call[Page[T]]) -> None:
        self._sender = sender
        self._first = first

    async def pages(self) -> AsyncIterator[list[T]]:
        """Go through the list page by page."""
        call: Call[Page[T]] | None = self._first
        while call is not None:
            page = await self._sender.send(call)
            yield page.items
            call = page.following

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page:
                yield item

    async def all(self) -> list[T]:
        """Read all."""
        return [item async for item in self]

    async def to_arrow(self) -> Any:
        """Read all into a `pyarrow.Table`; needs the extra `fairlead[arrow]`."""
        return arrow_table(await self.all())

    async def to_pandas(self) -> Any:
        """Read all into a `pandas.DataFrame`; needs the extra `fairlead[pandas]`."""
        return data_frame(await self.all())


class BlockingPages(Generic[P, T]):
    """A method that returns an iterator."""

    def __init__(self, build: Callable[P, Call[Page[T]]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "BlockingPages[P, T]": ...
    @overload
    def __get__(self, instance: Namespace, owner: Any) -> Callable[P, Paged[T]]: ...
    def __get__(
        self, instance: Namespace | None, owner: Any
    ) -> "BlockingPages[P, T] | Callable[P, Paged[T]]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        def method(*args: P.args, **kwargs: P.kwargs) -> Paged[T]:
            return Paged(sender, self.build(*args, **kwargs))

        return method


class AwaitedPages(Generic[P, T]):
    """A method that returns an asynchronous iterator."""

    def __init__(self, build: Callable[P, Call[Page[T]]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "AwaitedPages[P, T]": ...
    @overload
    def __get__(self, instance: AsyncNamespace, owner: Any) -> Callable[P, AsyncPaged[T]]: ...
    def __get__(
        self, instance: AsyncNamespace | None, owner: Any
    ) -> "AwaitedPages[P, T] | Callable[P, AsyncPaged[T]]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        def method(*args: P.args, **kwargs: P.kwargs) -> AsyncPaged[T]:
            return AsyncPaged(sender, self.build(*args, **kwargs))

        return method
