"""Actions on the rows of lists; of a library, what is known of its files beside their content.

https://learn.microsoft.com/graph/api/resources/listitem
"""

import re
from typing import Annotated

from pydantic import Field

from fairlead.errors import ProviderError
from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.either import Prefer, either
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import (
    Author,
    Cursor,
    Done,
    ETag,
    FieldValues,
    Json,
    ListId,
    ListItemId,
    Reference,
    SomeFieldValues,
    invalid,
)

#: one internal name; anything else could end the option it is part of
_NAME = re.compile(r"@?[\w.]+", re.ASCII)

WithFields = Annotated[bool, Field(description="Read the column values, too.")]
Selectors = Annotated[
    str,
    Field(
        description="Read only these column values: internal names, commas between them.",
        examples=["Title,Quantity"],
    ),
]


class Parent(Reference):
    """The folder a row lies in, and the site."""

    site_id: str | None = None


class ListItem(Record):
    """A row of a list."""

    id: str
    name: str | None = None
    description: str | None = None
    web_url: str | None = None
    e_tag: str | None = None
    created_date_time: str | None = None
    created_by: Author | None = None
    last_modified_date_time: str | None = None
    last_modified_by: Author | None = None
    parent_reference: Parent | None = None
    content_type: Reference | None = None
    sharepoint_ids: Json | None = None
    deleted: Json | None = None
    #: values by internal name; those that are empty are left out
    fields: Json | None = None


class ListItems(Record):
    """A page of rows."""

    items: list[ListItem]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class FieldsUpdated(Record):
    """A row's column values after a change."""

    site_id: str = Field(alias="site_id")
    list_id: str = Field(alias="list_id")
    item_id: str = Field(alias="item_id")
    fields: Json


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/listitem-create",
    version="1.0.1",
)
async def create_list_item(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, fields: FieldValues
) -> ListItem:
    """Add a row to a list."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "items")
    made = await ctx.api.post(ListItem, path, {"fields": fields})
    await echoes.keep_row(ctx, site_id, list_id, made.id, is_new=True)
    return made


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/listitem-get",
    version="1.0.1",
)
async def get_list_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    item_id: ListItemId,
    *,
    expand_fields: WithFields | None = None,
    field_selectors: Selectors | None = None,
    prefer: Prefer | None = None,
) -> ListItem:
    """Read one row of a list; with `expandFields` or `fieldSelectors` also its column values."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "items", item_id)
    expand = _expansion(expand_fields, field_selectors)
    return await either(
        ctx,
        "get-list-item",
        prefer,
        lambda: ctx.api.get(ListItem, path, expand=expand),
        site_id=site_id,
        list_id=list_id,
        item_id=item_id,
        expand_fields=expand_fields,
        field_selectors=field_selectors,
    )


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/listitem-list",
    version="1.0.1",
)
async def list_list_items(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    *,
    cursor: Cursor | None = None,
    expand_fields: WithFields | None = None,
    field_selectors: Selectors | None = None,
    top: Annotated[int, Field(ge=1, le=5000, description="Rows a page, at most.")] | None = None,
    prefer: Prefer | None = None,
) -> ListItems:
    """List the rows of a list, a page at a time; the column values only if asked for.

    With a cursor, the page is as wide as the first one: the other options count there only.
    """
    expand = _expansion(expand_fields, field_selectors)

    async def by_graph() -> ListItems:
        path = ctx.api.path("sites", site_id, "lists", list_id, "items")
        page = await ctx.api.page(ListItem, path, cursor=cursor, expand=expand, top=top)
        return ListItems(items=page.items, next_cursor=page.next_link)

    return await either(
        ctx,
        "list-list-items",
        prefer,
        by_graph,
        site_id=site_id,
        list_id=list_id,
        cursor=cursor,
        expand_fields=expand_fields,
        field_selectors=field_selectors,
        top=top,
    )


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/listitem-update",
    version="1.0.1",
)
async def update_list_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    item_id: ListItemId,
    *,
    fields: SomeFieldValues,
    e_tag: ETag | None = None,
) -> FieldsUpdated:
    """Change column values of a row; those not named stay as they are."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "items", item_id, "fields")
    after = await ctx.api.patch_json(path, fields, if_match=e_tag)
    if not isinstance(after, dict):
        raise ProviderError(
            "Microsoft Graph did not say what the row holds after the change; read it again.",
            code="unexpected_reply",
        )
    await echoes.keep_row(ctx, site_id, list_id, item_id)
    return FieldsUpdated(site_id=site_id, list_id=list_id, item_id=item_id, fields=after)


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/listitem-delete",
    version="1.0.1",
)
async def delete_list_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    item_id: ListItemId,
    *,
    e_tag: ETag | None = None,
) -> Done:
    """Delete a row of a list; of a library, the file with it."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "items", item_id)
    await ctx.api.delete(path, if_match=e_tag)
    echoes.row_gone(ctx, site_id, list_id, item_id)
    return Done()


def _expansion(expand_fields: bool | None, selectors: str | None) -> str | None:
    """Return `fields`, narrowed to what was selected; None = rows without their values."""
    names = [name.strip() for name in (selectors or "").split(",") if name.strip()]
    if wrong := [name for name in names if not _NAME.fullmatch(name)]:
        raise invalid(f"fieldSelectors names {wrong[0]!r}, which is no column's internal name.")
    if names:
        return f"fields($select={','.join(names)})"
    return "fields" if expand_fields else None
