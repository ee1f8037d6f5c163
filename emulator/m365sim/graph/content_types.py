"""Content types of sites and lists.

https://learn.microsoft.com/graph/api/site-list-contenttypes, .../contenttype-get,
.../site-post-contenttypes, .../contenttype-update, .../contenttype-delete, .../contenttype-addcopy
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from m365sim.graph.call import Call
from m365sim.graph.columns import Place, open_place
from m365sim.graph.expand import expanded, selected
from m365sim.graph.paging import collection, cut
from m365sim.graph.reply import Reply, invalid, json_reply, not_found
from m365sim.graph.schema_shapes import content_type_shape
from m365sim.graph.shapes import narrowed
from m365sim.lists import ContentType

_EXPANDABLE = ("base", "columns", "columnLinks", "columnPositions", "baseTypes")
_IN_URL = re.compile(r"/contentTypes(?:/|\('?)(?P<id>0x[0-9A-Fa-f]*)'?\)?/?$")


async def list_content_types(call: Call) -> Reply:
    """List the content types of a site or a list."""
    place = open_place(call, "read")
    page, link = cut(call, list(place.schema.content_types.values()))
    shapes = [_shape(call, place, known) for known in page]
    return collection(f"{place.context}/contentTypes", shapes, link)


async def get_content_type(call: Call) -> Reply:
    """Return one content type."""
    place = open_place(call, "read")
    return _shown(call, place, _addressed(call, place))


async def list_columns_of_type(call: Call) -> Reply:
    """List the columns of a content type."""
    place = open_place(call, "read")
    known = _addressed(call, place)
    shape = content_type_shape(known, place.schema, place.site_schema, columns=True)
    page, link = cut(call, shape["columns"])
    wanted = selected(call)
    context = f"{place.context}/contentTypes('{known.id}')/columns"
    return collection(context, [narrowed(column, wanted) for column in page], link)


async def get_column_of_type(call: Call) -> Reply:
    """Return one column of a content type."""
    place = open_place(call, "read")
    known = _addressed(call, place)
    whole = content_type_shape(known, place.schema, place.site_schema, columns=True)
    wanted = place.schema.column(call.address.ids["column"]).id
    for column in whole["columns"]:
        if column["id"] == wanted:
            context = f"{place.context}/contentTypes('{known.id}')/columns/$entity"
            return json_reply(narrowed({"@odata.context": context, **column}, selected(call)))
    raise not_found()


async def create_content_type(call: Call) -> Reply:
    """Derive a content type of a site from another."""
    place = open_place(call, "manage")
    body = await call.json()
    base = body.get("base")
    if not isinstance(base, dict) or not isinstance(base.get("id"), str):
        raise invalid("A content type needs a base with an id.")
    parent = place.schema.content_type(base["id"])
    return _shown(call, place, place.schema.add_content_type(parent, body), 201)


async def update_content_type(call: Call) -> Reply:
    """Change a content type."""
    place = open_place(call, "manage")
    known = _addressed(call, place)
    return _shown(call, place, place.schema.change_content_type(known, await call.json()))


async def delete_content_type(call: Call) -> Reply:
    """Delete a content type that nothing uses."""
    place = open_place(call, "manage")
    known = _addressed(call, place)
    if place.target is None:
        in_use = call.world.lists.is_in_use(call.site(), known)
    else:
        in_use = place.target.uses(known)
    if in_use and not known.built_in:
        raise invalid("The content type is in use.")
    place.schema.remove_content_type(known)
    return Reply(204)


async def add_copy(call: Call) -> Reply:
    """Copy a content type of the site to a list, by its address."""
    place = open_place(call, "manage")
    body = await call.json()
    url = body.get("contentType")
    found = _IN_URL.search(unquote(url)) if isinstance(url, str) else None
    if found is None:
        raise invalid("The contentType must be the address of a content type of the site.")
    source = place.site_schema.content_type(found["id"])
    if source.built_in and source.sealed:
        raise invalid("A sealed content type of the service cannot be copied to a list.")
    made = place.schema.copy_content_type(source)
    if place.target is not None:
        place.target.version += 1
    return _shown(call, place, made, 201)


def _addressed(call: Call, place: Place) -> ContentType:
    return place.schema.content_type(call.address.ids["contentType"])


def _shape(call: Call, place: Place, known: ContentType) -> dict[str, Any]:
    expand = expanded(call, *_EXPANDABLE)
    shape = content_type_shape(known, place.schema, place.site_schema, columns="columns" in expand)
    if "columnPositions" in expand:
        whole = content_type_shape(known, place.schema, place.site_schema, columns=True)
        shape["columnPositions"] = whole["columns"]
    if "columnLinks" in expand:
        columns = [place.schema.columns[n] for n in known.columns if n in place.schema.columns]
        shape["columnLinks"] = [{"id": column.id, "name": column.name} for column in columns]
    if "baseTypes" in expand:
        shape["baseTypes"] = [shape["base"]]
    wanted = selected(call)
    return narrowed(shape, [*wanted, "@odata.etag", *expand] if wanted else None)


def _shown(call: Call, place: Place, known: ContentType, status: int = 200) -> Reply:
    context = f"{place.context}/contentTypes/$entity"
    return json_reply({"@odata.context": context, **_shape(call, place, known)}, status)
