"""Lists and their columns.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files.ids import guid_of
from m365sim.graph.reply import Reply
from m365sim.lists import Library, SharePointList
from m365sim.rest.access import MANAGE, READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import bad_query, no_list
from m365sim.rest.rights import EXTRAS
from m365sim.rest.shaping import entity_name, entity_type
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.tokens import list_token
from m365sim.rest.values import Complex, Guid, Moment, Result

#: Template → its number and the kind of list it makes.
TEMPLATES = {
    "genericList": 100,
    "documentLibrary": 101,
    "survey": 102,
    "links": 103,
    "announcements": 104,
    "contacts": 105,
    "events": 106,
    "tasks": 107,
    "discussionBoard": 108,
    "userInformation": 112,
    "webPageLibrary": 119,
    "issueTracking": 1100,
}


def list_node(found: SharePointList) -> Node:
    """Return the node of a list."""
    return Node("list", f"Web/Lists(guid'{found.id}')", found)


def _list_values(call: Call, node: Node) -> dict[str, Any]:
    found: SharePointList = node.of
    is_library = isinstance(found, Library)
    changed = Moment.of(found.modified_at)
    return {
        "AllowContentTypes": True,
        "BaseTemplate": TEMPLATES.get(found.template, 100),
        "BaseType": 1 if is_library else 0,
        "ContentTypesEnabled": found.content_types_enabled,
        "Created": Moment.of(found.created_at),
        "CurrentChangeToken": Complex("SP.ChangeToken", {"StringValue": list_token(call, found)}),
        "DefaultContentApprovalWorkflowId": Guid("00000000-0000-0000-0000-000000000000"),
        "Description": found.description,
        "Direction": "none",
        "DocumentTemplateUrl": f"{found.site.path}/{found.folder}/Forms/template.dotx"
        if is_library
        else None,
        "DraftVersionVisibility": 0,
        "EnableAttachments": not is_library,
        "EnableFolderCreation": is_library,
        "EnableMinorVersions": found.template == "webPageLibrary"
        or (isinstance(found, Library) and found.drive.minor_versions),
        "EnableModeration": isinstance(found, Library) and found.drive.is_moderated,
        "EnableVersioning": True,
        "EntityTypeName": entity_name(found),
        "ForceCheckout": False,
        "HasExternalDataSource": False,
        "Hidden": found.hidden,
        "ImageUrl": f"/_layouts/15/images/{'itdl' if is_library else 'itgen'}.png?rev=47",
        "IrmEnabled": False,
        "IrmExpire": False,
        "IrmReject": False,
        "Id": Guid(found.id),
        "IsApplicationList": found.template == "webPageLibrary",
        "IsCatalog": found.folder.startswith("_catalogs/"),
        "IsPrivate": False,
        "ItemCount": item_count(found),
        "LastItemDeletedDate": changed,
        "LastItemModifiedDate": changed,
        "LastItemUserModifiedDate": changed,
        "ListItemEntityTypeFullName": entity_type(found),
        "MajorVersionLimit": 500,
        "MultipleDataList": False,
        "NoCrawl": found.hidden,
        "ParentWebUrl": found.site.path or "/",
        "ServerTemplateCanCreateFolders": True,
        "TemplateFeatureId": Guid(
            "00bfea71-e717-4e80-aa17-d0c71b360101"
            if is_library
            else "00bfea71-de22-43b2-a848-c05709900100"
        ),
        "Title": found.display_name,
    }


def item_count(found: SharePointList) -> int:
    """Count the items of a list; of a computed tree what was deleted with a folder counts on."""
    if not isinstance(found, Library) or found.drive.base is None:
        return sum(1 for _ in found.rows_after(0))
    drive, base = found.drive, found.drive.base
    fresh = sum(1 for uid in drive.in_memory(found.head) if not base.index(uid))
    return base.last + fresh - len(drive.bin())


def etag(found: SharePointList) -> str:
    """Return the eTag of a list itself."""
    return f'"{found.id},{found.version}"'


def _lists(call: Call, _: Node) -> Iterator[Node]:
    call.check(READ)
    return (list_node(found) for found in call.lists())


def _by_id(call: Call, _: Node, at: Segment) -> Node:
    return list_node(_found(call, str(at.argument("id", "listid")), by_title=False))


def _by_title(call: Call, _: Node, at: Segment) -> Node:
    return list_node(_found(call, at.text("title"), by_title=True))


def _by_path(call: Call, _: Node, at: Segment) -> Node:
    wanted = at.text("strurl", "path", "decodedurl").strip("/").lower()
    for found in call.lists():
        place = f"{found.site.path}/{found.folder}".strip("/").lower()
        if wanted in (place, found.folder.lower()):
            return list_node(found)
    raise no_list(wanted)


def _found(call: Call, key: str, *, by_title: bool) -> SharePointList:
    for found in call.lists():
        if key.lower() == (found.display_name.lower() if by_title else found.id):
            return found
    raise no_list(key)


async def _create(call: Call, _: Node, __: Segment) -> Node:
    call.check(MANAGE)
    body = dict(pairs(await call.json()))
    numbers = {number: name for name, number in TEMPLATES.items()}
    template = numbers.get(body.get("BaseTemplate", 100))
    title = body.get("Title")
    if template is None or not isinstance(title, str):
        raise bad_query("A list needs a Title and a BaseTemplate that lists can be made from.")
    made = call.world.lists.create(
        call.site,
        title,
        call.actor(),
        description=str(body.get("Description") or ""),
        template=template,
        content_types_enabled=bool(body.get("ContentTypesEnabled")),
        hidden=bool(body.get("Hidden")),
    )
    return list_node(made)


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    found: SharePointList = node.of
    call.check_list(found, MANAGE)
    call.check_match(etag(found))
    body = dict(pairs(await call.json()))
    found.describe(display_name=body.get("Title"), description=body.get("Description"))
    if "ContentTypesEnabled" in body:
        found.content_types_enabled = bool(body["ContentTypesEnabled"])
    if "EnableMinorVersions" in body and isinstance(found, Library):
        found.drive.minor_versions = bool(body["EnableMinorVersions"])
    if "EnableModeration" in body and isinstance(found, Library):
        found.drive.is_moderated = bool(body["EnableModeration"])
    found.version += 1
    call.world.lists.note(found.site, "List", "update", found)
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    call.check_list(node.of, MANAGE)
    call.check_match(etag(node.of))
    call.world.lists.recycle(node.of, call.actor())
    return Reply(200)


async def _recycle(call: Call, node: Node, _: Segment) -> Result:
    call.check_list(node.of, MANAGE)
    return Result(Guid(guid_of(call.world.lists.recycle(node.of, call.actor()).uid)), "Recycle")


KINDS = (
    Kind("lists", members=_lists),
    Kind(
        "list",
        "SP.List",
        values=_list_values,
        # https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-csomspt: SPList.IsSystemList
        extras={**EXTRAS, "IsSystemList": lambda _, node: node.of.is_system},
        etag=lambda _, node: etag(node.of),
    ),
)
STEPS = (
    Step(
        "web",
        "Lists",
        lambda _c, n, _s: Node("lists", "Web/Lists", n.of),
        "lists",
        "lists and libraries that the caller sees",
    ),
    Step("lists", "()", _by_id, "list", "by GUID"),
    Step("lists", "GetById", _by_id, "list", "by GUID", is_function=True),
    Step("lists", "GetByTitle", _by_title, "list", "by title", is_function=True),
    Step("web", "GetList", _by_path, "list", "by its folder", is_function=True),
    Step("web", "GetListUsingPath", _by_path, "list", "by its folder", is_function=True),
)
ACTIONS = (
    Action("lists", "", "POST", _create, "Title, Description, BaseTemplate"),
    Action(
        "list",
        "",
        "MERGE",
        _update,
        "Title, Description, ContentTypesEnabled, EnableMinorVersions, EnableModeration; If-Match",
    ),
    Action("list", "", "DELETE", _delete, "into the recycle bin; If-Match"),
    Action("list", "Recycle", "POST", _recycle, "into the recycle bin"),
)
