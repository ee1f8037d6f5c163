"""Actions on the versions of a file."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx
from fairlead_microsoft.rest import Rest, quoted
from fairlead_microsoft.sharepoint.models import DriveId, ItemId
from fairlead_microsoft.sharepoint.versions import Version, VersionPage
from fairlead_microsoft.sharepoint.wire import Done
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.library import Library, Placed
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)#bk_FileVersion"
VersionId = Annotated[
    str, Field(pattern=r"^\d{1,9}\.\d{1,9}$", description="Id of a version.", examples=["2.0"])
]


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_drive_item_versions(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> VersionPage:
    """List all versions of a file, the newest first: the first one is the file as it is."""
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.file(item_id)
    now = await ctx.api.get_json(
        found.url,
        select="UIVersionLabel,Length,TimeLastModified,ModifiedBy/Title,ModifiedBy/Email",
        expand="ModifiedBy",
    )
    newest = {**now, "VersionLabel": now.get("UIVersionLabel"), "CreatedBy": now.get("ModifiedBy")}
    older = [
        one
        async for one in _older(ctx.api, found)
        if one.get("VersionLabel") != now.get("UIVersionLabel")
    ]
    older.sort(key=lambda one: int(one.get("ID") or 0), reverse=True)
    return VersionPage(items=[_shown(one) for one in (newest, *older)])


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def restore_drive_item_version(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId, version_id: VersionId
) -> Done:
    """Make an older version of a file the present one; what was present stays as a version."""
    found = await (await Library.open(ctx.api, site_id, drive_id)).file(item_id)
    await ctx.api.post_json(f"{found.url}/versions/restorebylabel({quoted(version_id)})")
    return Done()


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def delete_drive_item_version(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId, version_id: VersionId
) -> Done:
    """Delete an older version of a file for good; the present one cannot be deleted."""
    found = await (await Library.open(ctx.api, site_id, drive_id)).file(item_id)
    await ctx.api.post_json(f"{found.url}/versions/deletebylabel({quoted(version_id)})")
    return Done()


async def _older(api: Rest, found: Placed) -> Any:
    cursor: str | None = None
    while True:
        page = await api.json_page(f"{found.url}/versions", cursor=cursor, expand="CreatedBy")
        for one in page.items:
            yield one
        if (cursor := page.next_link) is None:
            return


def _shown(told: dict[str, Any]) -> Version:
    size = str(told.get("Length") or told.get("Size") or "0")
    by = told.get("CreatedBy") or {}
    return Version.model_validate(
        {
            "id": str(told.get("VersionLabel")),
            "size": int(size) if size.isdigit() else None,
            "lastModifiedDateTime": told.get("TimeLastModified") or told.get("Created"),
            "lastModifiedBy": {
                "user": {"displayName": by.get("Title"), "email": by.get("Email") or None}
            },
        }
    )
