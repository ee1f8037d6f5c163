"""Items of a list, and files and folders seen as such.

https://learn.microsoft.com/graph/api/listitem-list, .../listitem-get, .../listitem-create,
.../listitem-update, .../listitem-delete, .../listitem-list-versions
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from m365sim.files.ids import guid_of
from m365sim.graph.call import Call
from m365sim.graph.expand import Expansion, expanded, option, selected
from m365sim.graph.field_shapes import etag
from m365sim.graph.items import shown
from m365sim.graph.known_properties import check_selected
from m365sim.graph.list_access import check_site_need, open_list, open_row, sees_row
from m365sim.graph.list_shapes import RowShapes, list_context
from m365sim.graph.paging import ID, POSITION, collection, skip_token, skipped, top
from m365sim.graph.reply import GraphError, Reply, invalid, json_reply, not_found
from m365sim.lists import Column, Library, Row, SharePointList
from m365sim.lists.problems import Throttled
from m365sim.lists.query import Filter, read_order, sort_key
from m365sim.lists.values import default_values, read_values

MAX_TOP = 5000
_PREFERENCE = "honornonindexedquerieswarningmayfailrandomly"
_EXPANDABLE = ("fields", "driveItem")


async def list_rows(call: Call) -> Reply:
    """List the items of a list in the order of their ids, or as asked for."""
    found = open_list(call, "read", below=True)
    expand, wanted = expanded(call, *_EXPANDABLE), selected(call)
    check_selected("listItem", wanted)
    shapes = RowShapes(call, found)
    condition = _read_filter(call, found, shapes)
    order = read_order(option(call, "orderby") or "")
    for path, _ in order:
        _check_indexed(call, found, shapes, path)
    query = _Query(call, found, shapes, condition, top(call, MAX_TOP))
    in_order = not order or order == [("id", False)]
    rows, link = query.page() if in_order else query.sorted_page(order)
    context = list_context(found, found.site.id, "/items")
    return collection(context, [shapes.row(row, expand, wanted) for row in rows], link)


async def get_row(call: Call) -> Reply:
    """Return one item."""
    found, row = open_row(call, "read")
    if call.headers.get("if-none-match") == etag(row):
        return Reply(304, headers=[(b"etag", etag(row).encode())])
    return _shown(call, found, row, expanded(call, *_EXPANDABLE))


async def get_fields(call: Call) -> Reply:
    """Return the column values of an item."""
    found, row = open_row(call, "read")
    return _fields_shown(call, found, row, selected(call))


async def create_row(call: Call) -> Reply:
    """Make an item."""
    found = open_list(call, "write")
    body = await call.json()
    values, kind = _read(call, found, body, None)
    defaults = default_values(found, values, call.world.clock.now())
    made = found.add(defaults | values, call.actor(), kind)
    return _shown(call, found, made, {"fields": Expansion()}, 201)


async def update_row(call: Call) -> Reply:
    """Change an item's values or its content type."""
    found, row = open_row(call, "write")
    check_match(call, row)
    values, kind = _read(call, found, await call.json(), row)
    changed = found.update(row, values, call.actor(), kind)
    return _shown(call, found, changed, {"fields": Expansion()})


async def update_fields(call: Call) -> Reply:
    """Change an item's values; the answer has all of them."""
    found, row = open_row(call, "write")
    return await _set_fields(call, found, row)


async def delete_row(call: Call) -> Reply:
    """Put an item into the recycle bin."""
    found, row = open_row(call, "write")
    check_match(call, row)
    found.delete(row)
    return Reply(204)


async def list_versions(call: Call) -> Reply:
    """List the states an item was in, the latest first."""
    found, row = open_row(call, "read")
    shapes, expand = RowShapes(call, found), expanded(call, "fields")
    context = list_context(found, found.site.id, f"/items('{row.id}')/versions")
    versions = [shapes.version(state, expand) for state in found.versions(row)]
    return collection(context, versions, None)


async def restore_version(call: Call) -> Reply:
    """Make an older state of an item the present one; that is a new version."""
    found, row = open_row(call, "write")
    wanted = call.address.keys[0]
    states = {f"{state.version}.0": state for state in found.versions(row)}
    if wanted not in states:
        raise not_found()
    state = states[wanted]
    if isinstance(found, Library):
        if row.item is not None and state.item is not None and state.item.blob is not None:
            found.drive.replace_content(row.item, state.item.blob, call.actor())
        return Reply(204)
    gone = dict.fromkeys(row.values.keys() - state.values.keys())
    found.update(row, {**gone, **state.values}, call.actor(), state.content_type)
    return Reply(204)


async def get_drive_item(call: Call) -> Reply:
    """Return the file or folder behind an item of a library."""
    found, row = open_row(call, "file")
    if not isinstance(found, Library) or row.item is None:
        raise invalid("Only items of a document library are files.")
    return shown(call, found.drive, row.item)


async def get_list_item(call: Call) -> Reply:
    """Return a file or folder as an item of its library."""
    found, row = _of_drive(call, write=False)
    return _shown(call, found, row, expanded(call, *_EXPANDABLE))


async def get_list_item_fields(call: Call) -> Reply:
    """Return the column values of a file or folder."""
    found, row = _of_drive(call, write=False)
    return _fields_shown(call, found, row, selected(call))


async def update_list_item_fields(call: Call) -> Reply:
    """Change the column values of a file or folder."""
    found, row = _of_drive(call, write=True)
    return await _set_fields(call, found, row)


def check_match(call: Call, row: Row) -> None:
    """Refuse a change whose If-Match is none of the forms of the item's eTag."""
    wanted = call.headers.get("if-match", "*").strip().strip('"').lower()
    bare = wanted.replace("{", "").replace("}", "")
    if bare not in ("*", f"{guid_of(row.uid)},{row.version}"):
        raise GraphError(
            412, "resourceModified", "The resource has changed since the caller last read it"
        )


def _of_drive(call: Call, *, write: bool) -> tuple[Library, Row]:
    drive = call.drive(write=write)
    item = call.item(drive)
    check_site_need(call, drive.site, "write" if write else "read")
    if item.parent is None:
        raise invalid("The root of a drive is no item of its list.")
    library = call.world.lists.library(drive)
    return library, library.row_of(item)


async def _set_fields(call: Call, found: SharePointList, row: Row) -> Reply:
    check_match(call, row)
    values, kind = _read(call, found, {"fields": await call.json()}, row)
    return _fields_shown(call, found, found.update(row, values, call.actor(), kind), None)


def _read(
    call: Call, found: SharePointList, body: dict[str, Any], row: Row | None
) -> tuple[dict[str, Any], str | None]:
    """Read the values and the content type of a request about an item."""
    fields = body.get("fields", {})
    if not isinstance(fields, dict):
        raise invalid("The fields must be an object.")
    lists = call.world.lists

    def finds(column: Column, number: int) -> bool:
        source = lists.looked_up(found.site, column)
        return source is not None and source.find(number) is not None

    values = read_values(found, fields, finds, row)
    named = body.get("contentType") or {}
    wanted = (named.get("id") if isinstance(named, dict) else None) or fields.get("ContentTypeId")
    name = (named.get("name") if isinstance(named, dict) else None) or fields.get("ContentType")
    if wanted is None and name is None:
        return values, None
    for known in found.schema.content_types.values():
        # The id of the site's content type stands for the list's copy of it.
        if (wanted in (known.id, known.parent)) if wanted else known.name == name:
            return values, known.id
    raise invalid("The list has no such content type.")


def _shown(
    call: Call,
    found: SharePointList,
    row: Row,
    expand: dict[str, Expansion],
    status: int = 200,
) -> Reply:
    shape = RowShapes(call, found).row(row, expand, selected(call))
    context = list_context(found, found.site.id, "/items/$entity")
    tag = (b"etag", etag(row).encode())
    return json_reply({"@odata.context": context, **shape}, status, [tag])


def _fields_shown(call: Call, found: SharePointList, row: Row, wanted: list[str] | None) -> Reply:
    context = list_context(found, found.site.id, f"/items('{row.id}')/fields/$entity")
    fields = RowShapes(call, found).values.fields(row, wanted)
    return json_reply({"@odata.context": context, **fields}, 200, [(b"etag", etag(row).encode())])


def _read_filter(call: Call, found: SharePointList, shapes: RowShapes) -> Filter | None:
    text = option(call, "filter")
    if text is None:
        return None
    condition = Filter(text)
    for path in condition.paths:
        _check_indexed(call, found, shapes, path)
    return condition


def _check_indexed(call: Call, found: SharePointList, shapes: RowShapes, path: str) -> None:
    """Refuse to look at a column that has no index, or too many items with one that has none.

    The message: https://github.com/microsoftgraph/microsoft-graph-docs/issues/2279; 429 however
    often it is tried: https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/827
    """
    if shapes.values.is_indexed(path):
        return
    name = path.partition("/")[2]
    if _PREFERENCE not in call.headers.get("prefer", "").lower():
        raise invalid(
            f"Field '{name}' cannot be referenced in filter or orderby as it is not indexed. "
            "Provide the 'Prefer: HonorNonIndexedQueriesWarningMayFailRandomly' header to allow "
            "this, but be warned that such queries may fail on large lists."
        )
    if found.is_large():
        raise Throttled("The request has been throttled")


@dataclass(frozen=True, slots=True)
class _Query:
    """What of a list is asked for."""

    call: Call
    found: SharePointList
    shapes: RowShapes
    condition: Filter | None
    limit: int

    def rows(self, after: int) -> Iterator[Row]:
        """Yield the items that match, from a number on."""
        for row in self.found.rows_after(after):
            if sees_row(self.call, self.found, row) and self._matches(row):
                yield row

    def page(self) -> tuple[list[Row], str | None]:
        """Return the addressed page in the order of ids; the second value links the next one."""
        bounds = self.condition.ids if self.condition else range(sys.maxsize)
        after = max(skipped(self.call, ID), bounds.start - 1)
        rows = takewhile(lambda row: row.id < bounds.stop, self.rows(after))
        page = list(islice(rows, self.limit))
        if len(page) < self.limit or next(rows, None) is None:
            return page, None
        return page, self.call.link("$skiptoken", skip_token(ID, page[-1].id))

    def sorted_page(self, order: list[tuple[str, bool]]) -> tuple[list[Row], str | None]:
        """Return the addressed page in another order."""
        if self.found.is_large():
            # Even by id: https://github.com/microsoftgraph/microsoft-graph-docs/issues/8450
            raise Throttled("The request has been throttled")
        rows = list(self.rows(0))
        for path, downwards in reversed(order):
            rows = self._sorted(rows, path, downwards=downwards)
        start = skipped(self.call, POSITION)
        stop = start + self.limit
        if stop >= len(rows):
            return rows[start:], None
        return rows[start:stop], self.call.link("$skiptoken", skip_token(POSITION, stop))

    def _matches(self, row: Row) -> bool:
        if self.condition is None:
            return True
        return self.condition(lambda path: self.shapes.values.value(row, path))

    def _sorted(self, rows: list[Row], path: str, *, downwards: bool) -> list[Row]:
        values = self.shapes.values
        return sorted(rows, key=lambda row: sort_key(values.value(row, path)), reverse=downwards)
