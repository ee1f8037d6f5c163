"""The routes about lists and their items."""

from __future__ import annotations

from m365sim.graph import app_grants, list_delta, list_items, lists
from m365sim.graph.route import Route

_LIST = "/sites/{site-id}/lists/{list-id}"
_ROW = f"{_LIST}/items/{{item-id}}"
_FILE = "/drives/{drive-id}/items/{item-id}/listItem"


def _grants(kind: str, place: str) -> tuple[Route, ...]:
    member, page = "permissions/{permission-id}", kind.lower()
    how = "of apps with Lists.SelectedOperations.Selected or the like; by the owner"
    return tuple(
        Route(kind, op, method, handler, f"{place}/{op}", f"{page}-{name}", how)
        for op, method, handler, name in (
            ("permissions", "GET", app_grants.list_grants, "list-permissions"),
            ("permissions", "POST", app_grants.create_grant, "post-permissions"),
            (member, "GET", app_grants.get_grant, "list-permissions"),
            (member, "PATCH", app_grants.update_grant, "update-permissions"),
            (member, "DELETE", app_grants.delete_grant, "delete-permissions"),
        )
    )


LIST_ROUTES = (
    *_grants("list", _LIST),
    *_grants("listItem", _ROW),
    Route(
        "site",
        "lists",
        "GET",
        lists.list_lists,
        "/sites/{site-id}/lists",
        "list-list",
        "libraries too, hidden ones too; system ones with $select=system; $top, $skiptoken,"
        " $expand=columns,contentTypes,items,drive",
    ),
    Route(
        "site",
        "lists",
        "POST",
        lists.create_list,
        "/sites/{site-id}/lists",
        "list-create",
        "10 templates, documentLibrary with its drive; columns; needs Sites.Manage.All, of apps"
        " Sites.ReadWrite.All",
    ),
    Route(
        "list",
        "",
        "GET",
        lists.get_list,
        _LIST,
        "list-get",
        "by id or title, also /drives/{id}/list; $select, $expand=columns,items(expand=fields)",
    ),
    Route(
        "list",
        "",
        "PATCH",
        lists.update_list,
        _LIST,
        "resources/list",
        "displayName, description, list.hidden, list.contentTypesEnabled; If-Match",
    ),
    Route("list", "", "DELETE", lists.delete_list, _LIST, "resources/list", "for good; If-Match"),
    Route(
        "list",
        "items",
        "GET",
        list_items.list_rows,
        f"{_LIST}/items",
        "listitem-list",
        "$expand=fields(select=...),driveItem; $select, $top up to 5,000, $skiptoken; $filter and"
        " $orderby over fields/... (not indexed: with Prefer; more than 5,000 items: 429)",
    ),
    Route(
        "list",
        "items",
        "POST",
        list_items.create_row,
        f"{_LIST}/items",
        "listitem-create",
        "every kind of column, contentType; not in libraries, no attachments, no folders",
    ),
    Route(
        "list",
        "items/delta",
        "GET",
        list_delta.list_delta,
        f"{_LIST}/items/delta",
        "listitem-delta",
        "token (opaque, latest), $top, $select, $expand=fields; 410",
    ),
    Route(
        "listItem",
        "",
        "GET",
        list_items.get_row,
        _ROW,
        "listitem-get",
        "$select, $expand=fields(select=...),driveItem; If-None-Match",
    ),
    Route(
        "listItem",
        "",
        "PATCH",
        list_items.update_row,
        _ROW,
        "listitem-update",
        "fields, contentType; If-Match",
    ),
    Route("listItem", "", "DELETE", list_items.delete_row, _ROW, "listitem-delete", "If-Match"),
    Route(
        "listItem",
        "fields",
        "GET",
        list_items.get_fields,
        f"{_ROW}/fields",
        "resources/fieldvalueset",
        "$select, lookups by name; calculated values of arithmetic and joined texts, no functions",
    ),
    Route(
        "listItem",
        "fields",
        "PATCH",
        list_items.update_fields,
        f"{_ROW}/fields",
        "listitem-update",
        "every kind of column; null unsets; renames files by FileLeafRef; If-Match",
    ),
    Route(
        "listItem",
        "versions",
        "GET",
        list_items.list_versions,
        f"{_ROW}/versions",
        "listitem-list-versions",
        "$expand=fields",
    ),
    Route(
        "listItem",
        "versions/{version-id}/restoreVersion",
        "POST",
        list_items.restore_version,
        f"{_ROW}/versions/{{version-id}}/restoreVersion",
        "listitemversion-restore",
        "all",
    ),
    *(
        Route(
            kind,
            "operations",
            "GET",
            lists.list_operations,
            f"{place}/operations",
            f"{kind}-list-operations",
            "none: nothing takes that long here",
        )
        for kind, place in (("site", "/sites/{site-id}"), ("list", _LIST))
    ),
    Route(
        "listItem",
        "driveItem",
        "GET",
        list_items.get_drive_item,
        f"{_ROW}/driveItem",
        "driveitem-get",
        "of libraries",
    ),
    Route(
        "item",
        "listItem",
        "GET",
        list_items.get_list_item,
        _FILE,
        "listitem-get",
        "$select, $expand=fields(select=...)",
    ),
    Route(
        "item",
        "listItem/fields",
        "GET",
        list_items.get_list_item_fields,
        f"{_FILE}/fields",
        "resources/fieldvalueset",
        "$select",
    ),
    Route(
        "item",
        "listItem/fields",
        "PATCH",
        list_items.update_list_item_fields,
        f"{_FILE}/fields",
        "listitem-update",
        "as above",
    ),
)  # fmt: skip
