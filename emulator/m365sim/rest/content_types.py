"""Content types of sites and lists.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600183(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files import Site
from m365sim.files.problems import Missing
from m365sim.graph.reply import Reply
from m365sim.lists import ContentType
from m365sim.lists.schema import Schema
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.fields import check_manage, schema_of
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600183(v=office.15)"
_NAMES = {"Name": "name", "Description": "description", "Group": "group"}
_FLAGS = {"Hidden": "hidden", "ReadOnly": "readOnly", "Sealed": "sealed"}


def _node(node: Node, one: ContentType) -> Node:
    return Node("contenttype", f"{node.uri}('{one.id}')", (node.of, one))


def _members(call: Call, node: Node) -> Iterator[Node]:
    known = schema_of(call, node.of).content_types.values()
    return (_node(node, one) for one in list(known))


def _values(_: Call, node: Node) -> dict[str, Any]:
    owner, one = node.of
    is_site = isinstance(owner, Site)
    return {
        "Description": one.description,
        "DisplayFormTemplateName": "DocumentLibraryForm",
        "DisplayFormUrl": "",
        "DocumentTemplate": "",
        "DocumentTemplateUrl": "",
        "EditFormTemplateName": "DocumentLibraryForm",
        "EditFormUrl": "",
        "Group": one.group,
        "Hidden": one.hidden,
        "Id": Complex("SP.ContentTypeId", {"StringValue": one.id}),
        "JSLink": "",
        "MobileDisplayFormUrl": "",
        "MobileEditFormUrl": "",
        "MobileNewFormUrl": "",
        "Name": one.name,
        "NewFormTemplateName": "DocumentLibraryForm",
        "NewFormUrl": "",
        "ReadOnly": one.read_only,
        "Scope": (owner.path or "/") if is_site else f"{owner.site.path}/{owner.folder}",
        "Sealed": one.sealed,
        "StringId": one.id,
    }


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.text("contenttypeid", "id")
    try:
        return _node(node, schema_of(call, node.of).content_type(wanted))
    except Missing as gone:
        raise _unknown(wanted) from gone


def _of_item(_: Call, node: Node, __: Segment) -> Node:
    found, row = node.of
    known = found.schema.content_types.get(row.content_type)
    above = Node("contenttypes", f"Web/Lists(guid'{found.id}')/ContentTypes", found)
    return _node(above, known) if known is not None else Node("contenttype", "")


async def _add(call: Call, node: Node, _: Segment) -> Node:
    """Make a content type of a site: a child of another, or under an id that says of which."""
    check_manage(call, node)
    body = await call.json()
    body = dict(pairs(body.get("parameters") or body))
    schema = schema_of(call, node.of)
    given = body.get("ParentContentType") or body.get("Id") or {}
    wanted = str(given.get("StringValue", "0x01") if isinstance(given, dict) else given)
    parent = _parent(schema, wanted)
    if not isinstance(body.get("Name"), str):
        raise bad_query("A content type needs a Name.")
    made = schema.add_content_type(parent, _read(body))
    return _node(node, made)


def _parent(schema: Schema, wanted: str) -> ContentType:
    """Return the content type that an id is, or the nearest one above it."""
    known = [one for one in schema.content_types.values() if wanted.startswith(one.id)]
    if not known:
        raise _unknown(wanted)
    return max(known, key=lambda one: len(one.id))


async def _add_available(call: Call, node: Node, at: Segment) -> Node:
    """Take a content type of the site over into a list."""
    check_manage(call, node)
    wanted = at.argument("contenttypeid") or (await call.json()).get("contentTypeId")
    if isinstance(node.of, Site) or not isinstance(wanted, str):
        raise bad_query("A content type of the site is added to a list by its contentTypeId.")
    offered = call.world.lists.site_schema(node.of.site)
    try:
        source = offered.content_type(wanted)
    except Missing as gone:
        raise _unknown(wanted) from gone
    node.of.version += 1
    return _node(node, node.of.schema.copy_content_type(source))


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    owner, one = node.of
    check_manage(call, Node("contenttypes", "", owner))
    schema_of(call, owner).change_content_type(one, _read(dict(pairs(await call.json()))))
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    owner, one = node.of
    check_manage(call, Node("contenttypes", "", owner))
    lists = call.world.lists
    in_use = lists.is_in_use(owner, one) if isinstance(owner, Site) else owner.uses(one)
    if in_use:
        raise RestError(
            400, "-2130575252, Microsoft.SharePoint.SPException", "The content type is in use."
        )
    schema_of(call, owner).remove_content_type(one)
    return Reply(200)


def _read(body: dict[str, Any]) -> dict[str, Any]:
    texts = {new: body[old] for old, new in _NAMES.items() if isinstance(body.get(old), str)}
    flags = {new: body[old] for old, new in _FLAGS.items() if isinstance(body.get(old), bool)}
    return texts | flags


def _unknown(wanted: str) -> RestError:
    return RestError(
        404,
        "-2146232832, Microsoft.SharePoint.SPException",
        f"The content type '{wanted}' does not exist.",
    )


def _field_links(call: Call, node: Node) -> Iterator[Node]:
    owner, one = node.of
    columns = schema_of(call, owner).columns
    for name in one.columns:
        if name in columns:
            yield Node("fieldlink", f"{node.uri}(guid'{columns[name].id}')", columns[name])


def _link_values(_: Call, node: Node) -> dict[str, Any]:
    column = node.of
    return {
        "FieldInternalName": column.name,
        "Hidden": column.hidden,
        "Id": column.id,
        "Name": column.name,
        "Required": column.required,
    }


def _to(_: Call, node: Node, at: Segment) -> Node:
    return Node("contenttypes", f"{node.uri}/{at.written}", node.of)


KINDS = (
    Kind("contenttypes", members=_members),
    Kind("contenttype", "SP.ContentType", values=_values),
    Kind("fieldlinks", members=_field_links),
    Kind("fieldlink", "SP.FieldLink", values=_link_values),
)
STEPS = (
    Step("web", "ContentTypes", _to, "contenttypes", "of the site", source=_SOURCE),
    Step("web", "AvailableContentTypes", _to, "contenttypes", "of the site", source=_SOURCE),
    Step("list", "ContentTypes", _to, "contenttypes", "of the list", source=_SOURCE),
    Step("item", "ContentType", _of_item, "contenttype", source=_SOURCE),
    Step("contenttypes", "()", _one, "contenttype", source=_SOURCE),
    Step("contenttypes", "GetById", _one, "contenttype", is_function=True, source=_SOURCE),
    Step(
        "contenttype",
        "FieldLinks",
        lambda _c, n, _s: Node("fieldlinks", f"{n.uri}/FieldLinks", n.of),
        "fieldlinks",
        "which columns it has",
        source=_SOURCE,
    ),
)
_WHAT = "Name, Description, Group; below a parent or an id"
ACTIONS = (
    Action("contenttypes", "", "POST", _add, _WHAT, _SOURCE),
    Action("contenttypes", "Add", "POST", _add, f"parameters: {_WHAT}", _SOURCE),
    Action(
        "contenttypes", "AddAvailableContentType", "POST", _add_available, "contentTypeId", _SOURCE
    ),
    Action("contenttype", "", "MERGE", _update, "names and flags", _SOURCE),
    Action("contenttype", "", "DELETE", _delete, "that are not in use", _SOURCE),
    Action("contenttype", "DeleteObject", "POST", _delete, "that are not in use", _SOURCE),
)
