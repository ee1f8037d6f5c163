"""Actions on the recycle bin of a site, which Graph does not know."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.wire import Cursor, Done
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef, checked_guid
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)"
#: number of a kind (https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee541897(v=office.15))
_KINDS = {
    1: "file",
    2: "fileVersion",
    3: "listItem",
    4: "list",
    5: "folder",
    6: "folderWithLists",
    7: "attachment",
    8: "listItemVersion",
    9: "cascadeParent",
    10: "web",
}
_PAGE = 200


class Recycled(Record):
    """Something that was deleted and can come back."""

    #: its id in the recycle bin, no other of its ids
    id: str
    name: str | None = None
    title: str | None = None
    #: `file`, `folder`, `listItem`, `list`, `attachment` ...
    kind: str | None = None
    #: where it was, without a slash at the beginning
    folder: str | None = None
    #: bytes
    size: int | None = None
    deleted_date_time: str | None = None
    deleted_by_name: str | None = None
    deleted_by_email: str | None = None
    #: 1, or 2 after a person emptied the first one
    stage: int | None = None


class RecycledPage(Record):
    """A page of what was deleted."""

    items: list[Recycled]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def list_recycle_bin_items(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    cursor: Cursor | None = None,
    *,
    whole_collection: Annotated[
        bool, Field(description="True: of all sites of the collection, and both stages.")
    ] = False,
) -> RecycledPage:
    """List what was deleted from a site and can come back, a page at a time."""
    web = await ctx.api.web(site_id)
    url = f"{web.api}/site/recyclebin" if whole_collection else web.path("recyclebin")
    page = await ctx.api.json_page(url, cursor=cursor, top=_PAGE)
    return RecycledPage(items=[_shown(one) for one in page.items], next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def restore_recycle_bin_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    recycled_id: Annotated[
        str, Field(min_length=1, description="Id in the recycle bin.", examples=["3f2a..."])
    ],
) -> Done:
    """Bring something back to where it was; what has its name there stands in the way."""
    known = checked_guid(recycled_id, "recycledId")
    web = await ctx.api.web(site_id)
    await ctx.api.post_json(f"{web.api}/site/recyclebin(guid'{known}')/restore()")
    return Done()


def _shown(told: dict[str, Any]) -> Recycled:
    size = str(told.get("Size") or "")
    return Recycled(
        id=str(told["Id"]),
        name=told.get("LeafName"),
        title=told.get("Title"),
        kind=_KINDS.get(int(told.get("ItemType") or 0)),
        folder=told.get("DirName"),
        size=int(size) if size.isdigit() else None,
        deleted_date_time=told.get("DeletedDate"),
        deleted_by_name=told.get("DeletedByName") or None,
        deleted_by_email=told.get("DeletedByEmail") or None,
        stage=told.get("ItemState"),
    )
