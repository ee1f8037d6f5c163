"""Echoes: what syncs keep of what an action changed, told in the syncs' own words.

So the local copy is right at once, and the next round of the feed brings nothing new. A file or
folder comes with the answer to its change; other things are read back as their sync reads them,
which costs a request or two, and only if a sync keeps them.
"""

from collections.abc import Callable
from typing import Any

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.drive_items import DriveItem
from fairlead_microsoft.sharepoint.models import AuthoredItem, GraphItem
from fairlead_microsoft.sharepoint.syncs.content_types import ContentType, GraphContentType
from fairlead_microsoft.sharepoint.syncs.graph_column import GraphColumn
from fairlead_microsoft.sharepoint.syncs.list_columns import ListColumn
from fairlead_microsoft.sharepoint.syncs.list_items import ListItem, read_row, row_key
from fairlead_microsoft.sharepoint.syncs.lists import GraphList, List
from fairlead_microsoft.sharepoint.syncs.site_columns import SiteColumn
from fairlead_microsoft.sharepoint.syncs.site_pages import GraphPage, SitePage
from fairlead_microsoft.sharepoint.syncs.user_files import OwnDrive, UserFile

_PAGE = "id,title,publishingState,lastModifiedDateTime"


async def keep_item(ctx: Ctx[Graph], drive_id: str, answer: Any) -> None:
    """Keep a file or folder as the answer to its change shows it."""
    item = read_as(GraphItem, answer)
    above = item.parent_reference
    drive_id = (above.drive_id if above else None) or drive_id
    ctx.records.put(DriveItem.of(drive_id, item), drive_id)
    if await ctx.records.keeps(UserFile, drive_id):
        drive = await ctx.api.get(OwnDrive, ctx.api.path("drives", drive_id))
        ctx.records.put(UserFile.of(drive, read_as(AuthoredItem, answer)), drive_id)


async def keep_item_anew(ctx: Ctx[Graph], drive_id: str, item_id: str) -> None:
    """Read a file or folder back whose change was answered without it."""
    for model in (DriveItem, UserFile):
        if await ctx.records.keeps(model, drive_id):
            path = ctx.api.path("drives", drive_id, "items", item_id)
            await keep_item(ctx, drive_id, await ctx.api.get_json(path))
            return


def item_gone(ctx: Ctx[Graph], drive_id: str, item_id: str) -> None:
    """Let a file or folder go, with all that lies in it."""
    for model in (DriveItem, UserFile):
        ctx.records.delete(model, f"{drive_id}/{item_id}", drive_id)


async def keep_row(
    ctx: Ctx[Graph], site_id: str, list_id: str, item_id: str, *, is_new: bool = False
) -> None:
    """Read a row back; a new one lies in no folder, of others only the feed tells which."""
    place = f"{site_id}/{list_id}"
    if not await ctx.records.keeps(ListItem, place):
        return
    known = None
    if not is_new:
        known = await ctx.records.find(ListItem, row_key(site_id, list_id, item_id))
        if known is None:
            return
    row = await read_row(ctx.api, site_id, list_id, item_id)
    above = known.parent_item_id if known else None
    ctx.records.put(row.model_copy(update={"parent_item_id": above}), place)


def row_gone(ctx: Ctx[Graph], site_id: str, list_id: str, item_id: str) -> None:
    """Let a row go."""
    key = row_key(site_id, list_id, item_id)
    ctx.records.delete(ListItem, key, f"{site_id}/{list_id}")


async def _keep(
    ctx: Ctx[Graph],
    site_id: str,
    told: type[Shape],
    record: Callable[[Any], Record],
    model: type[Record],
    *path: str,
    **params: str,
) -> None:
    if await ctx.records.keeps(model, site_id):
        found = await ctx.api.get(told, ctx.api.path("sites", site_id, *path), **params)
        ctx.records.put(record(found), site_id)


async def keep_list(ctx: Ctx[Graph], site_id: str, list_id: str) -> None:
    """Read a list back."""
    await _keep(ctx, site_id, GraphList, lambda one: List.of(site_id, one), List, "lists", list_id)


def list_gone(ctx: Ctx[Graph], site_id: str, list_id: str) -> None:
    """Let a list go; its rows and columns leave with their syncs."""
    ctx.records.delete(List, f"{site_id}|{list_id}", site_id)


async def keep_page(ctx: Ctx[Graph], site_id: str, page_id: str) -> None:
    """Read a page back."""
    path = ("pages", page_id, "microsoft.graph.sitePage")
    await _keep(
        ctx,
        site_id,
        GraphPage,
        lambda one: SitePage.of(site_id, one),
        SitePage,
        *path,
        select=_PAGE,
    )


def page_gone(ctx: Ctx[Graph], site_id: str, page_id: str) -> None:
    """Let a page go."""
    ctx.records.delete(SitePage, f"{site_id}/{page_id}", site_id)


async def keep_list_column(ctx: Ctx[Graph], site_id: str, list_id: str, column_id: str) -> None:
    """Read a column of a list back."""
    await _keep(
        ctx,
        site_id,
        GraphColumn,
        lambda one: ListColumn.of(site_id, list_id, one),
        ListColumn,
        *("lists", list_id, "columns", column_id),
    )


def list_column_gone(ctx: Ctx[Graph], site_id: str, list_id: str, column_id: str) -> None:
    """Let a column of a list go."""
    ctx.records.delete(ListColumn, f"{site_id}/{list_id}/{column_id}", site_id)


async def keep_site_column(ctx: Ctx[Graph], site_id: str, column_id: str) -> None:
    """Read a column of a site back."""
    path = ("columns", column_id)
    await _keep(
        ctx, site_id, GraphColumn, lambda one: SiteColumn.of(site_id, one), SiteColumn, *path
    )


def site_column_gone(ctx: Ctx[Graph], site_id: str, column_id: str) -> None:
    """Let a column of a site go."""
    ctx.records.delete(SiteColumn, f"{site_id}|{column_id}", site_id)


async def keep_content_type(ctx: Ctx[Graph], site_id: str, content_type_id: str) -> None:
    """Read a content type of a site back."""
    path = ("contentTypes", content_type_id)
    await _keep(
        ctx,
        site_id,
        GraphContentType,
        lambda one: ContentType.of(site_id, one),
        ContentType,
        *path,
    )


def content_type_gone(ctx: Ctx[Graph], site_id: str, content_type_id: str) -> None:
    """Let a content type of a site go."""
    ctx.records.delete(ContentType, f"{site_id}|{content_type_id}", site_id)
