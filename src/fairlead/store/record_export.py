"""Export: every live record of a model as lines of JSON or CSV, a page at a time."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import orjson

from fairlead.model.record import Record
from fairlead.store.database import Database
from fairlead.store.record_lists import list_records
from fairlead.store.record_seals import PLAIN, Seals

Format = Literal["jsonl", "csv"]

#: records held in memory at once
_PAGE = 1000


async def export(
    db: Database,
    *,
    connection_pk: int,
    model: str,
    variant: str,
    form: Format,
    columns: Sequence[str],
    seals: Seals = PLAIN,
) -> AsyncIterator[bytes]:
    """Yield the live records in the order of their last change, as bytes of the form.

    Of CSV `columns` are the fields, in their order; what is no text or number is JSON. A record
    that changes meanwhile may come twice: its later appearance counts.
    """
    if form == "csv":
        yield _lines([columns])
    after = 0
    while True:
        async with db.read() as tx:
            page = await list_records(
                tx,
                connection_pk=connection_pk,
                model=model,
                variant=variant,
                after=after,
                limit=_PAGE,
                seals=seals,
            )
        live = [record.content for record in page if record.deleted_at is None]
        if live and form == "csv":
            yield _lines([[_cell(each.get(name)) for name in columns] for each in live])
        elif live:
            yield b"".join(orjson.dumps(each) + b"\n" for each in live)
        if len(page) < _PAGE:
            return
        after = _last(page)


def _last(page: Sequence[Record]) -> int:
    return page[-1].position


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
