"""The routes about columns and content types, of sites and of lists."""

from __future__ import annotations

from m365sim.graph import columns, content_types
from m365sim.graph.route import Handler, Route

_LIST = "/sites/{site-id}/lists/{list-id}"


def _columns(owner: str, place: str, page: str) -> tuple[Route, ...]:
    member = f"{place}/columns/{{column-id}}"
    kind = f"{owner}Column"
    return (
        Route(
            owner,
            "columns",
            "GET",
            columns.list_columns,
            f"{place}/columns",
            f"{page}-list-columns",
            "$select, $top, $skiptoken; hidden and system columns are listed",
        ),
        Route(
            owner,
            "columns",
            "POST",
            columns.create_column,
            f"{place}/columns",
            f"{page}-post-columns",
            "every kind with a facet, exactly one; 409 for a name that is taken",
        ),
        Route(kind, "", "GET", columns.get_column, member, "columndefinition-get", "by id or name"),
        Route(
            kind,
            "",
            "PATCH",
            columns.update_column,
            member,
            "columndefinition-update",
            "all but the type; of system columns no more than the names",
        ),
        Route(
            kind,
            "",
            "DELETE",
            columns.delete_column,
            member,
            "columndefinition-delete",
            "not of system columns; items lose their values",
        ),
    )


def _content_types(owner: str, place: str, page: str) -> tuple[Route, ...]:
    member = f"{place}/contentTypes/{{content-type-id}}"
    kind = f"{owner}ContentType"
    verbs: tuple[tuple[str, str, str, Handler, str, str], ...] = (
        (
            "",
            "GET",
            member,
            content_types.get_content_type,
            "contenttype-get",
            "$expand=columns,base,baseTypes,columnLinks,columnPositions",
        ),
        (
            "columns",
            "GET",
            f"{member}/columns",
            content_types.list_columns_of_type,
            "contenttype-list-columns",
            "$select; not POST",
        ),
        (
            "",
            "PATCH",
            member,
            content_types.update_content_type,
            "contenttype-update",
            "name, description, group, hidden, readOnly, sealed",
        ),
        (
            "",
            "DELETE",
            member,
            content_types.delete_content_type,
            "contenttype-delete",
            "400 while it is in use, 403 for built-in ones",
        ),
    )
    listing = Route(
        owner,
        "contentTypes",
        "GET",
        content_types.list_content_types,
        f"{place}/contentTypes",
        f"{page}-list-contenttypes",
        "$select, $top, $skiptoken, $expand",
    )
    column = Route(
        f"{kind}Column",
        "",
        "GET",
        content_types.get_column_of_type,
        f"{member}/columns/{{column-id}}",
        "columndefinition-get",
        "by id; $select",
    )
    return (
        listing,
        column,
        *(Route(kind, op, verb, h, at, doc, said) for op, verb, at, h, doc, said in verbs),
    )


SCHEMA_ROUTES = (
    *_columns("site", "/sites/{site-id}", "site"),
    *_columns("list", _LIST, "list"),
    *_content_types("site", "/sites/{site-id}", "site"),
    Route(
        "site",
        "contentTypes",
        "POST",
        content_types.create_content_type,
        "/sites/{site-id}/contentTypes",
        "site-post-contenttypes",
        "from a base; 409 for a name that is taken",
    ),
    *_content_types("list", _LIST, "list"),
    Route(
        "list",
        "contentTypes/addCopy",
        "POST",
        content_types.add_copy,
        f"{_LIST}/contentTypes/addCopy",
        "contenttype-addcopy",
        "of the site's content types; not addCopyFromContentTypeHub",
    ),
)  # fmt: skip
