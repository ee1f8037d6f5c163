"""Columns of sites, lists and content types.

https://learn.microsoft.com/graph/api/site-list-columns, .../list-post-columns,
.../columndefinition-get, .../columndefinition-update, .../columndefinition-delete
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from m365sim.graph.call import Call
from m365sim.graph.expand import selected
from m365sim.graph.list_access import Need, open_list, open_site
from m365sim.graph.list_shapes import list_context
from m365sim.graph.paging import collection, cut
from m365sim.graph.reply import Reply, json_reply
from m365sim.graph.schema_shapes import column_shape
from m365sim.graph.shapes import CONTEXT, narrowed
from m365sim.lists import Column, SharePointList
from m365sim.lists.schema import Schema


@dataclass(slots=True)
class Place:
    """Where columns or content types are looked for: a site, or one of its lists."""

    schema: Schema
    site_schema: Schema
    context: str
    target: SharePointList | None


def open_place(call: Call, need: Need) -> Place:
    """Return the addressed site's or list's schema, if the caller may do that to it."""
    lists = call.world.lists
    if "list" in call.address.ids:
        found = open_list(call, need)
        site_schema = lists.site_schema(found.site)
        context = list_context(found, found.site.id)
        return Place(found.schema, site_schema, context, found)
    site = open_site(call, need)
    schema = lists.site_schema(site)
    context = f"{CONTEXT}#sites('{quote(site.id, safe='')}')"
    return Place(schema, schema, context, None)


async def list_columns(call: Call) -> Reply:
    """List the columns of a site or a list, hidden ones included, as recordings show."""
    place = open_place(call, "read")
    page, link = cut(call, list(place.schema.columns.values()))
    wanted = selected(call)
    shapes = [narrowed(column_shape(column), wanted) for column in page]
    return collection(f"{place.context}/columns", shapes, link)


async def get_column(call: Call) -> Reply:
    """Return one column."""
    place = open_place(call, "read")
    column = place.schema.column(call.address.ids["column"])
    return _shown(call, place, column)


async def create_column(call: Call) -> Reply:
    """Add a column to a site or a list."""
    place = open_place(call, "manage")
    body = await call.json()
    if place.target is None:
        return _shown(call, place, place.schema.add_column(body), 201)
    return _shown(call, place, call.world.lists.add_column(place.target, body), 201)


async def update_column(call: Call) -> Reply:
    """Change a column."""
    place = open_place(call, "manage")
    column = place.schema.column(call.address.ids["column"])
    changed = place.schema.change_column(column, await call.json())
    if place.target is not None:
        place.target.version += 1
    return _shown(call, place, changed)


async def delete_column(call: Call) -> Reply:
    """Delete a column, and from a list also its values."""
    place = open_place(call, "manage")
    column = place.schema.column(call.address.ids["column"])
    place.schema.remove_column(column)
    if place.target is not None:
        place.target.forget_column(column)
        place.target.version += 1
    return Reply(204)


def _shown(call: Call, place: Place, column: Column, status: int = 200) -> Reply:
    shape = {"@odata.context": f"{place.context}/columns/$entity", **column_shape(column)}
    return json_reply(narrowed(shape, selected(call)), status)
