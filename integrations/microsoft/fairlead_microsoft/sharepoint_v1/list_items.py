"""Actions on the rows of lists; of a library, what is known of its files beside their content."""

import re
from typing import Annotated
from xml.etree import ElementTree as ET

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import given
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.list_items import (
    FieldsUpdated,
    ListItem,
    ListItems,
    Selectors,
    WithFields,
)
from fairlead_microsoft.sharepoint.wire import (
    Cursor,
    Done,
    ETag,
    FieldValues,
    Json,
    ListItemId,
    SomeFieldValues,
    invalid,
)
from fairlead_microsoft.sharepoint_v1.inputs import Filter, FolderPath, ListRef, OrderBy, SiteRef
from fairlead_microsoft.sharepoint_v1.item_shapes import (
    EXPAND,
    body_of,
    row_of,
    selected,
    values_of,
)
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest"
_CAML = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)"
#: one internal name; anything else could end the option it is part of
_NAME = re.compile(r"[\w.]+", re.ASCII)

ViewXml = Annotated[
    str,
    Field(
        min_length=1,
        description="A view in CAML: `<View>` with Query, ViewFields, RowLimit.",
        examples=[
            (
                "<View><Query><Where><Gt><FieldRef Name='Quantity'/><Value Type='Number'>3</Value>"
                "</Gt></Where></Query><RowLimit>100</RowLimit></View>"
            )
        ],
    ),
]


class RenderedRows(Record):
    """A page of rows as a view shows them."""

    #: values as people read them, by internal name
    rows: list[Json]
    first_row: int | None = None
    last_row: int | None = None
    row_limit: int | None = None
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def create_list_item(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, fields: FieldValues
) -> ListItem:
    """Add a row to a list."""
    web = await ctx.api.web(site_id)
    made = await ctx.api.post_json(web.list(list_id, "items"), body_of(fields))
    return await _read(ctx.api, web, list_id, str(made["Id"]), with_fields=True)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_list_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    item_id: ListItemId,
    *,
    expand_fields: WithFields | None = None,
    field_selectors: Selectors | None = None,
) -> ListItem:
    """Read one row of a list; with `expandFields` or `fieldSelectors` also its column values."""
    web = await ctx.api.web(site_id)
    names = _names(field_selectors)
    return await _read(
        ctx.api, web, list_id, item_id, names=names, with_fields=bool(expand_fields or names)
    )


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_list_items(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    *,
    cursor: Cursor | None = None,
    expand_fields: WithFields | None = None,
    field_selectors: Selectors | None = None,
    filter: Filter | None = None,  # noqa: A002 - OData's word
    order_by: OrderBy | None = None,
    top: Annotated[int, Field(ge=1, le=5000, description="Rows a page, at most.")] | None = None,
) -> ListItems:
    """List the rows of a list, a page at a time; the column values only if asked for.

    With a cursor, the page is as wide as the first one, and so are its order and filter: give
    `expandFields` or `fieldSelectors` again to have the values.
    """
    web = await ctx.api.web(site_id)
    names = _names(field_selectors)
    with_fields = bool(expand_fields or names)
    page = await ctx.api.json_page(
        web.list(list_id, "items"),
        cursor=cursor,
        with_etag=True,
        select=selected(names, with_fields=with_fields),
        expand=EXPAND,
        filter=filter,
        orderby=order_by,
        top=top,
    )
    rows = [row_of(web, one, with_fields=with_fields) for one in page.items]
    return ListItems(items=rows, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def update_list_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    item_id: ListItemId,
    *,
    fields: SomeFieldValues,
    e_tag: ETag | None = None,
) -> FieldsUpdated:
    """Change column values of a row; those not named stay as they are."""
    web = await ctx.api.web(site_id)
    await ctx.api.merge(web.item(list_id, item_id), body_of(fields), if_match=e_tag)
    after = await ctx.api.get_json(web.item(list_id, item_id))
    return FieldsUpdated(site_id=site_id, list_id=list_id, item_id=item_id, fields=values_of(after))


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def delete_list_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    item_id: ListItemId,
    *,
    e_tag: ETag | None = None,
) -> Done:
    """Put a row of a list into the recycle bin; of a library, the file with it."""
    web = await ctx.api.web(site_id)
    await ctx.api.delete(web.item(list_id, item_id), if_match=e_tag)
    return Done()


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=_CAML, effect="read")
async def query_list_items(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    *,
    view_xml: ViewXml,
    folder_path: FolderPath | None = None,
    cursor: Cursor | None = None,
) -> ListItems:
    """Find rows of a list by a query in CAML, with their values.

    With a `RowLimit` and no `OrderBy`, pages follow each other by `nextCursor`;
    `render-list-data-as-stream` pages in any order.
    """
    limit, is_ordered = _view(view_xml)
    if cursor is not None and (is_ordered or not re.fullmatch(r"Paged=TRUE&p_ID=\d+", cursor)):
        raise invalid("The cursor is not one that this query gave; pass `nextCursor` as it came.")
    web = await ctx.api.web(site_id)
    place = {"DecodedUrl": web.within(folder_path)} if folder_path else None
    position = {"PagingInfo": cursor} if cursor else None
    query = given(
        ViewXml=view_xml, FolderServerRelativePath=place, ListItemCollectionPosition=position
    )
    told = await ctx.api.post_json(web.list(list_id, "getitems"), {"query": query})
    found = told["value"]
    is_full = limit is not None and len(found) >= limit and not is_ordered
    rows = [row_of(web, one, with_fields=True) for one in found]
    after = f"Paged=TRUE&p_ID={rows[-1].id}" if is_full and rows else None
    return ListItems(items=rows, next_cursor=after)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE, effect="read")
async def render_list_data_as_stream(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    *,
    view_xml: ViewXml | None = None,
    folder_path: FolderPath | None = None,
    cursor: Cursor | None = None,
    dates_in_utc: Annotated[bool, Field(description="Dates in UTC, not as the site has them.")] = (
        True
    ),
) -> RenderedRows:
    """Read rows as a view shows them, sorted, joined and formatted, a page at a time.

    Without `viewXml` it is the list's default view. It works on lists beyond the 5,000 rows of a
    view, as long as `RowLimit` has `Paged='TRUE'`. Give the same view again with a cursor.
    """
    if view_xml is not None:
        _view(view_xml)
    web = await ctx.api.web(site_id)
    parameters = given(
        RenderOptions=2,
        ViewXml=view_xml,
        DatesInUtc=dates_in_utc,
        Paging=cursor,
        FolderServerRelativeUrl=web.within(folder_path) if folder_path else None,
    )
    url = web.list(list_id, "renderlistdataasstream")
    told = await ctx.api.post_json(url, {"parameters": parameters})
    following = told.get("NextHref")
    return RenderedRows(
        rows=told.get("Row") or [],
        first_row=told.get("FirstRow"),
        last_row=told.get("LastRow"),
        row_limit=told.get("RowLimit"),
        next_cursor=str(following).lstrip("?") if following else None,
    )


async def _read(
    api: Rest,
    web: Web,
    list_id: str,
    item_id: str,
    *,
    names: list[str] | None = None,
    with_fields: bool,
) -> ListItem:
    select = selected(names, with_fields=with_fields)
    url = web.item(list_id, item_id)
    told = await api.get_json(url, with_etag=True, select=select, expand=EXPAND)
    return row_of(web, told, with_fields=with_fields)


def _names(selectors: str | None) -> list[str]:
    names = [name.strip() for name in (selectors or "").split(",") if name.strip()]
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        raise invalid(f"fieldSelectors names {wrong[0]!r}, which is no column's internal name.")
    return names


def _view(view_xml: str) -> tuple[int | None, bool]:
    """Return a view's row limit, and whether it sorts; ActionError for what is no view."""
    if "<!" in view_xml:  # neither types nor entities belong into a view
        raise invalid("viewXml must be a view in CAML, without a document type.")
    try:
        view = ET.fromstring(view_xml)  # noqa: S314 - without a document type, see above
    except ET.ParseError as error:
        raise invalid(f"viewXml is not well-formed: {error}.") from error
    if view.tag != "View":
        raise invalid("viewXml must be a view in CAML: its root is `<View>`.")
    limit = (view.findtext("RowLimit") or "").strip()
    return int(limit) if limit.isdigit() else None, view.find("Query/OrderBy") is not None
