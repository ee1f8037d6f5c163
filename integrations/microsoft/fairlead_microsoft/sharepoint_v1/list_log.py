"""A list as rows and as a log: its rows by number, those that are named, and what happened to it.

Rows are read in the order of their numbers, a range at a time, and those that are named by a CAML
query on the number: both are answered from an index, so they work above the list view threshold of
5,000 rows (https://support.microsoft.com/office/b8588dae-9387-48c2-9248-c24122f07c59,
https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from fairlead.errors import Rejected, Unavailable
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.rest.changes import (
    ChangeType,
    Marked,
    change_query,
    changes_of,
    row_changes_of,
)
from fairlead_microsoft.rest.reading import entries_of
from fairlead_microsoft.sharepoint_v1.shapes.entities import ListEntity
from fairlead_microsoft.sharepoint_v1.shapes.row import Question, Row, number_of

#: rows that one answer brings
PAGE = 500
#: numbers that one query names, and how far apart they may be: a range of the index
_NAMED = 100
_SPAN = 4_000
#: how a row is marked -> what happened
_MARKS = {"Restore": ChangeType.RESTORE, "Rename": ChangeType.RENAME}


class StaleToken(Exception):
    """The log does not reach back to a token: everything must be read afresh."""


class By(Enum):
    """By which of two calls a list's log is read."""

    CHANGES = "GetChanges"
    ROWS = "GetListItemChangesSinceToken"


@dataclass(slots=True)
class Happened:
    """What happened to one row, all in all."""

    item_id: int
    unique_id: str | None = None
    types: set[ChangeType] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some of what happened, by row."""

    happened: Mapping[int, Happened]
    #: where to go on
    token: str
    is_end: bool


@dataclass(frozen=True, slots=True)
class ListLog:
    """One list of one web."""

    api: Rest
    web: Web
    list_id: str
    question: Question
    by: By = By.CHANGES

    async def present(self) -> str:
        """Return the token of the log's end."""
        url = self.web.list(self.list_id)
        found = await self.api.get(ListEntity, url, select="Id,CurrentChangeToken")
        if not found.token:
            raise Unavailable("SharePoint gave no change token of a list; try again later.")
        return found.token

    async def rows(self, after: int) -> AsyncIterator[list[Row]]:
        """Yield the rows whose numbers are higher, in order, a page at a time."""
        question, url = self.question, self.web.list(self.list_id, "items")
        while True:
            reply = await self.api.get_json(
                url,
                select=question.select,
                expand=question.expand,
                filter=f"Id gt {after}",
                orderby="Id",
                top=PAGE,
            )
            rows = entries_of(reply)
            if not rows:
                return
            yield rows
            after = number_of(rows[-1])

    async def named(self, item_ids: Sequence[int]) -> dict[int, Row]:
        """Return the rows of some numbers, of those that are there."""
        found: dict[int, Row] = {}
        for some in _ranges(sorted(set(item_ids))):
            url = self.web.list(self.list_id, "getitems")
            body = {"query": {"ViewXml": _view_of(some)}}
            reply = await self.api.ask(
                url, body, select=self.question.select, expand=self.question.expand
            )
            found |= {number_of(row): row for row in entries_of(reply)}
        return found

    async def log(self, since: str) -> LogPage:
        """Return what happened after a token; StaleToken if that is too old, or none."""
        try:
            return await (self._by_changes if self.by is By.CHANGES else self._by_rows)(since)
        except Rejected as error:
            if is_stale(error):
                raise StaleToken from error
            raise

    async def _by_changes(self, since: str) -> LogPage:
        url = self.web.list(self.list_id, "getchanges")
        found = changes_of(await self.api.ask(url, change_query(["Item"], since)))
        happened: dict[int, Happened] = {}
        for change in found.changes:
            if change.item_id is None:
                continue
            one = happened.setdefault(change.item_id, Happened(change.item_id))
            one.types.add(change.type)
            one.unique_id = change.unique_id or one.unique_id
        return LogPage(happened, found.token or since, is_end=found.token is None)

    async def _by_rows(self, since: str) -> LogPage:
        url = self.web.list(self.list_id, "getlistitemchangessincetoken")
        query = {
            "ViewFields": '<ViewFields><FieldRef Name="ID"/></ViewFields>',
            "QueryOptions": "<QueryOptions><ViewAttributes Scope='RecursiveAll'/></QueryOptions>",
            "RowLimit": str(PAGE),
            "ChangeToken": since,
        }
        found = row_changes_of(await self.api.ask_bytes(url, {"query": query}))
        if found.is_invalid:
            raise StaleToken
        marks: dict[int, Marked] = {
            one.item_id: one for one in found.marked if one.item_id is not None
        }
        happened = {}
        for item_id in found.item_ids:
            mark = marks.get(item_id)
            kind = _MARKS.get(mark.how, ChangeType.UPDATE) if mark else ChangeType.UPDATE
            uid = mark.unique_id if mark else None
            happened[item_id] = Happened(item_id, uid, {kind})
        return LogPage(happened, found.token, is_end=not found.is_more)


def is_stale(error: Rejected) -> bool:
    """Say whether a refusal is that of a change token: what else was asked never varies."""
    said = (error.body or "").lower()
    return error.provider_status == HTTPStatus.BAD_REQUEST or "changetoken" in said


def _ranges(item_ids: Sequence[int]) -> list[list[int]]:
    """Split numbers, which are sorted, into queries."""
    found: list[list[int]] = []
    for one in item_ids:
        if not found or len(found[-1]) == _NAMED or one - found[-1][0] > _SPAN:
            found.append([])
        found[-1].append(one)
    return found


def _view_of(item_ids: Sequence[int]) -> str:
    ref = '<FieldRef Name="ID"/>'
    values = "".join(f'<Value Type="Counter">{one}</Value>' for one in item_ids)
    low, high = item_ids[0], item_ids[-1]
    bounds = (
        f'<Geq>{ref}<Value Type="Counter">{low}</Value></Geq>',
        f'<Leq>{ref}<Value Type="Counter">{high}</Value></Leq>',
    )
    among = f"<In>{ref}<Values>{values}</Values></In>"
    where = f"<And><And>{bounds[0]}{bounds[1]}</And>{among}</And>"
    return (
        f'<View Scope="RecursiveAll"><Query><Where>{where}</Where></Query>'
        f"<RowLimit>{len(item_ids)}</RowLimit></View>"
    )
