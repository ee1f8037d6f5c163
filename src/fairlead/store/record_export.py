"""Export: every live record of a model as lines of JSON, CSV or Parquet, a page at a time."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol

import orjson

from fairlead.model.column import Column
from fairlead.store.database import Database
from fairlead.store.record_lists import Listed, list_rows
from fairlead.store.record_parquet import ParquetWriter
from fairlead.store.record_seals import PLAIN, Seals

Format = Literal["jsonl", "csv", "parquet"]

#: records held in memory at once
_PAGE = 1000


class Writer(Protocol):
    """Writes records in one form; called in a thread."""

    def begin(self) -> bytes:
        """Return what comes before the records."""
        ...

    def add(self, rows: Sequence[Listed]) -> bytes:
        """Return what is ready to be sent after these records."""
        ...

    def end(self) -> bytes:
        """Return what comes after them."""
        ...


class _Lines:
    """A record a line, as it is stored: canonical JSON."""

    def begin(self) -> bytes:
        return b""

    def add(self, rows: Sequence[Listed]) -> bytes:
        return b"\n".join([*(row.content for row in rows), b""])

    def end(self) -> bytes:
        return b""


class _Csv:
    """RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180); what is no text or number is JSON."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [column.name for column in columns]

    def begin(self) -> bytes:
        return self._written([self._names])

    def add(self, rows: Sequence[Listed]) -> bytes:
        parsed = (orjson.loads(row.content) for row in rows)
        return self._written([[_cell(each.get(name)) for name in self._names] for each in parsed])

    def end(self) -> bytes:
        return b""

    @staticmethod
    def _written(rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def writer_of(form: Format, columns: Sequence[Column]) -> Writer:
    """Return what writes records in that form; OperatorError if a library for it is missing."""
    if form == "parquet":
        return ParquetWriter(columns)
    return _Csv(columns) if form == "csv" else _Lines()


async def export(
    db: Database,
    *,
    connection_pk: int,
    model: str,
    variant: str,
    writer: Writer,
    seals: Seals = PLAIN,
) -> AsyncIterator[bytes]:
    """Yield the live records in the order of their last change, as bytes of the writer's form.

    Memory does not grow with them. A record that changes meanwhile may come twice: its later
    appearance counts.
    """
    if begun := writer.begin():
        yield begun
    after = 0
    while True:
        async with db.read() as tx:
            page = await list_rows(
                tx,
                connection_pk=connection_pk,
                model=model,
                variant=variant,
                after=after,
                limit=_PAGE,
                is_live=True,
                seals=seals,
            )
        # a thousand records take too long for the loop that serves everybody
        if page and (piece := await asyncio.to_thread(writer.add, page)):
            yield piece
        if len(page) < _PAGE:
            break
        after = page[-1].position
    if ended := await asyncio.to_thread(writer.end):
        yield ended
