"""Lists of a site.

https://learn.microsoft.com/graph/api/list-list, .../list-get, .../list-create
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from m365sim.graph.call import Call
from m365sim.graph.expand import expanded, selected
from m365sim.graph.known_properties import check_selected
from m365sim.graph.list_access import (
    check_site_need,
    list_level,
    open_list,
    open_site,
    sees_list,
    sees_row,
)
from m365sim.graph.list_shapes import RowShapes, list_context, list_etag, list_shape
from m365sim.graph.paging import collection, cut, top
from m365sim.graph.reply import GraphError, Reply, denied, invalid, json_reply
from m365sim.graph.schema_shapes import column_shape, content_type_shape
from m365sim.graph.shapes import CONTEXT, drive_shape, narrowed
from m365sim.lists import Library, SharePointList
from m365sim.sharing import Level

_EXPANDABLE = ("columns", "contentTypes", "items", "drive")
_TAGS = ("@odata.etag",)


async def list_lists(call: Call) -> Reply:
    """List the lists of a site, libraries included; system ones only if `system` is selected."""
    site = open_site(call, "read")
    wanted = selected(call)
    check_selected("list", wanted)
    with_system = wanted is not None and "system" in wanted
    known = [
        one
        for one in call.world.lists.of(site)
        if (with_system or not one.is_system) and sees_list(call, one)
    ]
    page, link = cut(call, known)
    return collection(list_context(None, site.id), [_shape(call, one) for one in page], link)


async def get_list(call: Call) -> Reply:
    """Return one list, by its id or its title."""
    check_selected("list", selected(call))
    found = open_list(call, "read")
    context = list_context(None, found.site.id, "/$entity")
    tag = (b"etag", list_etag(found).encode())
    return json_reply({"@odata.context": context, **_shape(call, found)}, headers=[tag])


async def list_operations(call: Call) -> Reply:
    """List the long-running operations of a list or a site: here nothing takes that long."""
    has_list = "list" in call.address.ids
    site = open_list(call, "read").site if has_list else open_site(call, "read")
    return collection(f"{CONTEXT}#sites('{quote(site.id, safe='')}')/operations", [], None)


async def create_list(call: Call) -> Reply:
    """Make a list, or a document library."""
    # For apps alone the reference also names Sites.ReadWrite.All.
    site = open_site(call, "manage", apps="write")
    body = await call.json()
    if "name" in body:
        # https://github.com/OneDrive/onedrive-api-docs/issues/645
        raise invalid(
            "Cannot define a 'name' for a list as it is assigned by the server. "
            "Instead, provide 'displayName'"
        )
    facet = body.get("list", {})
    columns = body.get("columns", [])
    if not isinstance(facet, dict) or not isinstance(body.get("displayName"), str):
        raise invalid("A displayName is required.")
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        raise invalid("The columns must be a list of column definitions.")
    made = call.world.lists.create(
        site,
        body["displayName"],
        call.actor(),
        description=_text(body, "description") or "",
        template=str(facet.get("template") or "genericList"),
        columns=columns,
        hidden=bool(facet.get("hidden")),
        content_types_enabled=bool(facet.get("contentTypesEnabled")),
    )
    shape = list_shape(made)
    shape["@odata.etag"] = shape["eTag"] = f"{made.id},0"  # in this answer alone without quotes
    context = list_context(None, site.id, "/$entity")
    host = call.world.urls.sharepoint_of(site.host.partition(".")[0])
    place = f"{host}{quote(site.path)}/_api/v2.0/sites('{site.id}')/lists('{made.id}')"
    return json_reply({"@odata.context": context, **shape}, 201, [(b"location", place.encode())])


async def update_list(call: Call) -> Reply:
    """Give a list another title or description, or hide it."""
    found = open_list(call, "manage")
    if found.is_system:
        raise denied()
    _check_match(call, found)
    body = await call.json()
    title = _text(body, "displayName")
    if title is not None:
        others = (one for one in call.world.lists.of(found.site) if one is not found)
        if not title.strip() or any(o.display_name.lower() == title.lower() for o in others):
            raise invalid("The displayName is empty or that of another list.")
    facet = body.get("list") or {}
    if isinstance(facet.get("hidden"), bool):
        found.hidden = facet["hidden"]
    if isinstance(facet.get("contentTypesEnabled"), bool):
        found.content_types_enabled = facet["contentTypesEnabled"]
    found.describe(display_name=title, description=_text(body, "description"))
    found.version += 1
    context = list_context(None, found.site.id, "/$entity")
    return json_reply({"@odata.context": context, **list_shape(found)})


async def delete_list(call: Call) -> Reply:
    """Delete a list with all that is in it."""
    found = open_list(call, "manage")
    check_site_need(call, found.site, "manage")
    if found.is_system or list_level(call, found) < Level.WRITE:
        raise denied()
    _check_match(call, found)
    call.world.lists.remove(found)
    return Reply(204)


def _shape(call: Call, target: SharePointList) -> dict[str, Any]:
    """Show a list with what is selected and expanded of it."""
    wanted = selected(call)
    shape = list_shape(target)
    if wanted is not None:
        shape = narrowed(shape, [*wanted, *_TAGS])
    site_schema = call.world.lists.site_schema(target.site)
    for name, expansion in expanded(call, *_EXPANDABLE).items():
        match name:
            case "columns":
                columns = [column_shape(column) for column in target.schema.columns.values()]
                shape[name] = [narrowed(column, expansion.select) for column in columns]
            case "contentTypes":
                shape[name] = [
                    narrowed(
                        content_type_shape(known, target.schema, site_schema), expansion.select
                    )
                    for known in target.schema.content_types.values()
                ]
            case "items":
                shapes = RowShapes(call, target)
                rows = []
                for row in target.rows_after(0):
                    if sees_row(call, target, row):
                        rows.append(shapes.row(row, expansion.expand, expansion.select))
                    if len(rows) == top(call, 200):
                        break
                shape[name] = rows
            case "drive" if isinstance(target, Library):
                shape[name] = narrowed(drive_shape(target.drive), expansion.select)
    return shape


def _text(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid(f"The {key} must be a string.")
    return value


def _check_match(call: Call, found: SharePointList) -> None:
    wanted = call.headers.get("if-match", "*").strip('"').lower()
    if wanted not in ("*", list_etag(found).strip('"')):
        raise GraphError(
            412, "resourceModified", "The resource has changed since the caller last read it"
        )
