"""The sync `list-items`: the rows of every list of sites, files and folders among them.

https://learn.microsoft.com/graph/api/listitem-delta: a feed has no view threshold, so libraries of
any size are read. Values of lookups and persons come only to those who name their columns, so the
columns are named; when they change, or the list's address does, the list is read afresh.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any, ClassVar

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.batch import MOST_CALLS
from fairlead_microsoft.graph.subscriptions import list_address
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.syncs.graph_column import GraphColumn
from fairlead_microsoft.sharepoint.syncs.list_columns import ListWithColumns
from fairlead_microsoft.sharepoint.tour import Tour, kept

_PAGE = 200
#: lookups that a list may join in one question
_MOST_LOOKUPS = 12
#: characters of column names that an address has room for
_LONGEST_NAMES = 1500
#: number of the folder above what lies in the list itself
_NO_FOLDER = "0"
_JOINED = ("lookup", "personOrGroup")
#: of a folder, how much lies in it: Graph does not say when that changes
_COUNTS = frozenset({"ItemChildCount", "FolderChildCount"})


class ContentTypeName(Shape):
    """A row's content type."""

    id: str | None = None
    name: str | None = None


class ParentRow(Shape):
    """The folder a row lies in."""

    #: its number; `0` is the list itself
    id: str | None = None


class GraphRow(Shape):
    """A row, as Graph tells it."""

    id: str
    name: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    content_type: ContentTypeName | None = None
    parent_reference: ParentRow | None = None
    fields: dict[str, Any] = Field(default_factory=dict)


class Cell(Record):
    """A value of a row, and the column it is in."""

    #: what people call the column
    display_name: str | None = None
    #: the column's type: `text`, `number`, `dateTime`, `lookup`, `personOrGroup` ...
    type_: str
    #: what people see: of a lookup the text, of a person the name; of several, a list
    value: Any = None
    #: of a lookup or a person: the row's number in the list that is looked up, or several
    lookup_id: str | int | list[Any] | None = None
    #: of a lookup: the list that is looked up
    lookup_list_id: str | None = None


class ListItem(Record):
    """A row of a list; in a library, a file or folder.

    The columns ItemChildCount and FolderChildCount are left out: Graph does not say when they
    change.
    """

    #: `{siteId}_{listId}_{itemId}`
    id: str
    site_id: str
    list_id: str
    item_id: str
    #: of what lies in a folder: that folder's `itemId`
    parent_item_id: str | None = None
    name: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    content_type_id: str | None = None
    content_type_name: str | None = None
    #: internal name of a column -> value, as Graph gives it
    fields: dict[str, Any] | None = None
    #: internal name of a column -> value with its type, of those that are not hidden
    columns: dict[str, Cell] | None = None

    placed_by: ClassVar[tuple[str, ...]] = ("", "name", "web_url")

    def parent_record_id(self) -> str | None:
        """Id of the record of the folder it lies in, if it lies in one."""
        if self.parent_item_id is None:
            return None
        return f"{self.site_id}_{self.list_id}_{self.parent_item_id}"


class Sites(Metadata):
    """Of which sites."""

    #: ids or addresses; empty: all that the connection may list
    sites: list[str] = Field(default_factory=list)


class Positions(SitePositions):
    """How far each list was read, and with which columns."""

    #: partition -> hash of the question
    questions: dict[str, str] = Field(default_factory=dict)


def row_key(site_id: str, list_id: str, item_id: str) -> str:
    """Return the id of a row's record."""
    return f"{site_id}_{list_id}_{item_id}"


@dataclass(frozen=True, slots=True)
class _List:
    """A list and what is asked of it."""

    site_id: str
    id: str
    columns: tuple[GraphColumn, ...]
    #: where it is: its rows' addresses begin so
    web_url: str | None = None

    @property
    def partition(self) -> str:
        return f"{self.site_id}/{self.id}"

    def key(self, item_id: str) -> str:
        """Return the id of a row's record."""
        return row_key(self.site_id, self.id, item_id)

    def expand(self) -> str:
        """Return what to ask for: every column by its name, or all if those are too many."""
        joined = [one.name for one in self.columns if one.kind in _JOINED]
        names = [one.name for one in self.columns if one.name]
        names += [f"{name}LookupId" for name in joined]
        chosen = ",".join(names)
        if not joined or len(joined) > _MOST_LOOKUPS or len(chosen) > _LONGEST_NAMES:
            return "fields"
        return f"fields($select={chosen})"

    def record(self, row: GraphRow) -> ListItem:
        """Make the record of a row."""
        kind = row.content_type or ContentTypeName()
        fields = {name: value for name, value in row.fields.items() if name not in _COUNTS}
        above = row.parent_reference.id if row.parent_reference else None
        named = row.name or fields.get("Title") or fields.get("FileLeafRef")
        return ListItem(
            id=self.key(row.id),
            site_id=self.site_id,
            list_id=self.id,
            item_id=row.id,
            parent_item_id=above if above != _NO_FOLDER else None,
            name=None if named is None else str(named),
            web_url=row.web_url,
            created_date_time=row.created_date_time,
            last_modified_date_time=row.last_modified_date_time,
            content_type_id=kind.id,
            content_type_name=kind.name,
            fields=fields,
            columns={
                column.name: cell
                for column in self.columns
                if column.name and (cell := _cell(column, fields)) is not None
            },
        )


def _cell(column: GraphColumn, fields: dict[str, Any]) -> Cell | None:
    value = fields.get(column.name or "")
    lookup_id = fields.get(f"{column.name}LookupId")
    if value is None and lookup_id is None:
        return None
    return Cell(
        display_name=column.display_name,
        type_=column.kind or "unknown",
        value=value,
        lookup_id=lookup_id,
        lookup_list_id=(column.lookup or {}).get("listId"),
    )


def _address(partition: str) -> str:
    site_id, _, list_id = partition.partition("/")
    return list_address(site_id, list_id)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/listitem-delta",
    follows=_address,
)
async def list_items(ctx: SyncCtx[Graph, Sites, Positions]) -> AsyncIterator[Batch[ListItem]]:
    """Mirror the rows of every list and library of the chosen sites, deletions included."""
    tour = Tour(ctx)
    found, in_doubt = await _lists(ctx, tour, await chosen_sites(ctx, tour, ctx.metadata.sites))
    ctx.checkpoint.keep_only([*(one.partition for one in found), *in_doubt])
    for batch in kept(in_doubt):
        yield batch
    readers = {one.partition: partial(_rows, one) for one in found}
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


async def read_row(api: Graph, site_id: str, list_id: str, item_id: str) -> ListItem:
    """Return the record of one row, but for the folder it lies in: only the feed tells it so."""
    place = ("sites", site_id, "lists", list_id)
    found = await api.get(ListWithColumns, api.path(*place), select="id", expand="columns")
    shown = tuple(column for column in found.columns if not column.hidden)
    one = _List(site_id, list_id, shown)
    path = api.path(*place, "items", item_id)
    return one.record(await api.get(GraphRow, path, expand=one.expand()))


async def _lists(
    ctx: SyncCtx[Graph, Sites, Positions], tour: Tour, sites: list[str]
) -> tuple[list[_List], list[str]]:
    """Return the lists of sites; of sites that are closed, the partitions known before."""
    found: list[_List] = []
    in_doubt: list[str] = []
    for start in range(0, len(sites), MOST_CALLS):
        some = sites[start : start + MOST_CALLS]
        paths = [ctx.api.path("sites", site, "lists") for site in some]
        replies = await ctx.api.read_many(paths, select="id,webUrl", expand="columns", top=_PAGE)
        for site, reply in zip(some, replies, strict=True):
            if isinstance(reply, FairleadError):
                tour.leave_out(site, reply)
                in_doubt += ctx.checkpoint.of_site(site)
                continue
            tour.note_read()
            async for page in ctx.api.pages_from(ListWithColumns, reply):
                for one in page.items:
                    shown = tuple(column for column in one.columns if not column.hidden)
                    found.append(_List(site, one.id, shown, one.web_url))
    return found, in_doubt


async def _rows(
    one: _List, ctx: SyncCtx[Graph, Sites, Positions]
) -> AsyncGenerator[Batch[ListItem], None]:
    place, checkpoint, expand = one.partition, ctx.checkpoint, one.expand()
    shown = [f"{column.name} {column.display_name} {column.kind}" for column in one.columns]
    # a list that lies elsewhere takes its rows along, and its feed does not say so
    asked = "\n".join([one.web_url or "", expand, *shown])
    question = blake2b(asked.encode(), digest_size=12).hexdigest()
    if checkpoint.questions.get(place) != question:
        checkpoint.links[place] = None
        checkpoint.questions[place] = question
    feed = ctx.api.path("sites", one.site_id, "lists", one.id, "items", "delta")
    since = checkpoint.links.get(place)
    async for page in ctx.api.delta(GraphRow, feed, since=since, expand=expand, top=_PAGE):
        checkpoint.links[place] = page.link
        yield Batch(
            upsert=[one.record(row) for row in page.live],
            delete_under=[one.key(row.id) for row in page.gone],
            checkpoint=checkpoint,
            partition=place,
            restart=page.restarted,
            settled=page.settled,
        )
