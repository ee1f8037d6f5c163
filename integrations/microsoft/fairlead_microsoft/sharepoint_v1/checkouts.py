"""Actions on files that are checked out, which Graph knows in part only."""

from typing import Annotated, Literal

from pydantic import Field

from fairlead.sdk import Ctx
from fairlead_microsoft.rest import Rest, quoted
from fairlead_microsoft.sharepoint.models import DriveId, ItemId
from fairlead_microsoft.sharepoint.wire import Done
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.library import Library
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)"
_TYPES = {"minor": 0, "major": 1, "overwrite": 2}


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def check_out_drive_item(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> Done:
    """Check a file out: others can read it as it was, and not write it, until it is checked in."""
    found = await (await Library.open(ctx.api, site_id, drive_id)).file(item_id)
    await ctx.api.post_json(f"{found.url}/checkout()")
    return Done()


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def check_in_drive_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    comment: Annotated[
        str, Field(max_length=1023, description="What was changed, for the list of versions.")
    ] = "",
    kind: Annotated[
        Literal["minor", "major", "overwrite"],
        Field(description="The version that it makes; `overwrite` keeps the present number."),
    ] = "major",
) -> Done:
    """Check a file in that was checked out, so that everybody sees what was written meanwhile."""
    found = await (await Library.open(ctx.api, site_id, drive_id)).file(item_id)
    call = f"checkin(comment={quoted(comment)},checkintype={_TYPES[kind]})"
    await ctx.api.post_json(f"{found.url}/{call}")
    return Done()


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def undo_drive_item_check_out(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> Done:
    """Give up a check-out: what was written meanwhile is gone, the file is as before."""
    found = await (await Library.open(ctx.api, site_id, drive_id)).file(item_id)
    await ctx.api.post_json(f"{found.url}/undocheckout()")
    return Done()
