"""One model over both APIs: what SharePoint's own API offers for reading actions of Graph's.

The same inputs, and the same typed answers. Where that API cannot tell a field, it is left out:

- a list's row: `parentReference` and `sharepointIds` but its own numbers; of `fields`, what is only
  computed for pages (links, icons, counts, labels) and the eTag among them (`NOT_TOLD_OF_ROWS`);
- a file or folder: the checksum, the MIME type and the cTag; a folder's eTag, count of children and
  size, and the people's ids of the directory (`NOT_TOLD_OF_ITEMS`);
- a site: nothing, but its time of change is that of the newest item in it.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.sdk import Ctx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.drives import ChildPage
from fairlead_microsoft.sharepoint.either import offer
from fairlead_microsoft.sharepoint.files import ItemDetails
from fairlead_microsoft.sharepoint.list_items import ListItem, ListItems
from fairlead_microsoft.sharepoint.lists import ListDetails, ListEntry, Lists
from fairlead_microsoft.sharepoint.sites import SiteDetails
from fairlead_microsoft.sharepoint_v1 import list_items, lists, webs
from fairlead_microsoft.sharepoint_v1.details import children, item_details
from fairlead_microsoft.sharepoint_v1.list_shapes import WANTED, graph_list

#: of a row, by field
NOT_TOLD_OF_ROWS = ("parent_reference", "sharepoint_ids")
#: of a file or a folder
NOT_TOLD_OF_ITEMS = ("c_tag", "mime_type")
#: of a folder, besides
NOT_TOLD_OF_FOLDERS = ("e_tag", "size")


def _rest(ctx: Ctx[Graph]) -> Ctx[Any]:
    return replace(ctx, api=ctx.api.dialect(Rest))  # type: ignore[arg-type]


async def _get_site(ctx: Ctx[Graph], **given: Any) -> SiteDetails:
    return await webs.get_site(_rest(ctx), **given)


async def _get_list(ctx: Ctx[Graph], **given: Any) -> ListDetails:
    return await lists.get_list(_rest(ctx), **given)


async def _list_lists(ctx: Ctx[Graph], site_id: str, cursor: str | None = None) -> Lists:
    """List what Graph lists: hidden lists, too, but not the system's own."""
    api = ctx.api.dialect(Rest)
    web = await api.web(site_id)
    page = await api.json_page(
        web.path("lists"),
        cursor=cursor,
        with_etag=True,
        select=f"{WANTED},IsSystemList",
        expand="RootFolder",
    )
    found = [ListEntry.of(graph_list(web, one)) for one in page.items if not _is_system(one)]
    return Lists(items=found, next_cursor=page.next_link)


def _is_system(told: dict[str, Any]) -> bool:
    return bool(told.get("IsSystemList"))


async def _get_list_item(ctx: Ctx[Graph], **given: Any) -> ListItem:
    return _as_graph(await list_items.get_list_item(_rest(ctx), **given), given)


async def _list_list_items(ctx: Ctx[Graph], **given: Any) -> ListItems:
    page = await list_items.list_list_items(_rest(ctx), **given)
    return page.model_copy(update={"items": [_as_graph(one, given) for one in page.items]})


def _as_graph(row: ListItem, given: Mapping[str, Any]) -> ListItem:
    """Leave out of a row what Graph does not tell of any, and tell its type among the values."""
    fields = row.fields
    if fields and row.content_type and not given.get("field_selectors"):
        fields = {**fields, "ContentType": row.content_type.name}
    return row.model_copy(update={"name": None, "fields": fields})


async def _get_drive_item(
    ctx: Ctx[Graph], site_id: str, drive_id: str, item_id: str
) -> ItemDetails:
    return await item_details(ctx.api.dialect(Rest), site_id, drive_id, item_id)


async def _children(ctx: Ctx[Graph], **given: Any) -> ChildPage:
    return await children(ctx.api.dialect(Rest), **given)


offer("list-drive-children", _children)
offer("get-site", _get_site)
offer("get-list", _get_list)
offer("list-lists", _list_lists)
offer("get-list-item", _get_list_item)
offer("list-list-items", _list_list_items)
offer("get-drive-item", _get_drive_item)
