"""Exports: all records of a model as one stream, to be saved, or read into a table."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Generic, ParamSpec, Self, overload

from fairlead.client.bind import AsyncNamespace, Namespace
from fairlead.client.blocking import ProxyReply
from fairlead.client.calls.records import ExportCall
from fairlead.client.forward import CHUNK
from fairlead.client.nonblocking import AsyncProxyReply
from fairlead.client.shapes import ExportFormat
from fairlead.client.tables import read_arrow, read_pandas

P = ParamSpec("P")


class Export:
    """An export under way; read it to its end, or use it in a `with`."""

    def __init__(self, reply: ProxyReply, form: ExportFormat) -> None:
        self._reply = reply
        self.format = form

    def iter_bytes(self, size_bytes: int = CHUNK) -> Iterator[bytes]:
        """Go through it as it arrives; Unreachable if it breaks off before its end."""
        return self._reply.iter_bytes(size_bytes)

    def save(self, path: Path | str) -> int:
        """Write it to a file; return how many bytes that is."""
        with Path(path).open("wb") as file:
            return sum(file.write(piece) for piece in self.iter_bytes())

    def read(self) -> bytes:
        """Read it whole."""
        return self._reply.read()

    def to_arrow(self) -> Any:
        """Read it whole, into a `pyarrow.Table`; needs the extra `fairlead[arrow]`."""
        return read_arrow(self.read, self.format)

    def to_pandas(self) -> Any:
        """Read it whole, into a `pandas.DataFrame`; needs the extra `fairlead[pandas]`."""
        return read_pandas(self.read, self.format)

    def close(self) -> None:
        """Leave the rest unread."""
        self._reply.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncExport:
    """An export under way; read it to its end, or use it in an `async with`."""

    def __init__(self, reply: AsyncProxyReply, form: ExportFormat) -> None:
        self._reply = reply
        self.format = form

    def iter_bytes(self, size_bytes: int = CHUNK) -> AsyncIterator[bytes]:
        """Go through it as it arrives; Unreachable if it breaks off before its end."""
        return self._reply.iter_bytes(size_bytes)

    async def save(self, path: Path | str) -> int:
        """Write it to a file; return how many bytes that is."""
        written = 0
        # a local file: each write is shorter than asking another thread for it
        with Path(path).open("wb") as file:  # noqa: ASYNC230
            async for piece in self.iter_bytes():
                written += file.write(piece)
        return written

    async def read(self) -> bytes:
        """Read it whole."""
        return await self._reply.read()

    async def to_arrow(self) -> Any:
        """Read it whole, into a `pyarrow.Table`; needs the extra `fairlead[arrow]`."""
        body = await self.read()
        return read_arrow(lambda: body, self.format)

    async def to_pandas(self) -> Any:
        """Read it whole, into a `pandas.DataFrame`; needs the extra `fairlead[pandas]`."""
        body = await self.read()
        return read_pandas(lambda: body, self.format)

    def close(self) -> None:
        """Leave the rest unread."""
        self._reply.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class BlockingExport(Generic[P]):
    """A method that begins an export."""

    def __init__(self, build: Callable[P, ExportCall]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "BlockingExport[P]": ...
    @overload
    def __get__(self, instance: Namespace, owner: Any) -> Callable[P, Export]: ...
    def __get__(
        self, instance: Namespace | None, owner: Any
    ) -> "BlockingExport[P] | Callable[P, Export]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        def method(*args: P.args, **kwargs: P.kwargs) -> Export:
            call = self.build(*args, **kwargs)
            return Export(sender.forward(call.request), call.form)

        return method


class AwaitedExport(Generic[P]):
    """A method that begins an export, to be awaited."""

    def __init__(self, build: Callable[P, ExportCall]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, instance: None, owner: Any) -> "AwaitedExport[P]": ...
    @overload
    def __get__(
        self, instance: AsyncNamespace, owner: Any
    ) -> Callable[P, Awaitable[AsyncExport]]: ...
    def __get__(
        self, instance: AsyncNamespace | None, owner: Any
    ) -> "AwaitedExport[P] | Callable[P, Awaitable[AsyncExport]]":
        if instance is None:
            return self
        sender = instance.sender

        @wraps(self.build)
        async def method(*args: P.args, **kwargs: P.kwargs) -> AsyncExport:
            call = self.build(*args, **kwargs)
            return AsyncExport(await sender.forward(call.request), call.form)

        return method
