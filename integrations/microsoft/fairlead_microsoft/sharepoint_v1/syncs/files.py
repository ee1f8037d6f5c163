"""The sync `files` of SharePoint's own API: every file and folder of all libraries.

Incremental by each library's change log (`GetChanges`):
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15).
The records are those of Graph's drives, under the same ids.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from fairlead.sdk import Batch, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.drive_items import DriveItem
from fairlead_microsoft.sharepoint_v1.choice import FoundList, Sites
from fairlead_microsoft.sharepoint_v1.drive_ids import DrivePositions, ids_of
from fairlead_microsoft.sharepoint_v1.follow import follow
from fairlead_microsoft.sharepoint_v1.identity import ItemIds
from fairlead_microsoft.sharepoint_v1.list_log import ListLog
from fairlead_microsoft.sharepoint_v1.of_lists import of_libraries
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.files import OF_FILES, drive_item
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, number_of


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)",
)
async def files(ctx: SyncCtx[Rest, Sites, DrivePositions]) -> AsyncIterator[Batch[DriveItem]]:
    """Mirror every file and folder of all libraries of the chosen sites, deletions included.

    SharePoint's own API tells neither a file's MIME type nor its checksum nor its cTag.
    """
    async for batch in of_libraries(ctx, _of_library):
        yield batch


async def _of_library(
    one: FoundList, ctx: SyncCtx[Rest, Sites, DrivePositions]
) -> AsyncGenerator[Batch[DriveItem], None]:
    drive_id, links = one.drive_id, ctx.checkpoint.links
    ids = await ids_of(ctx.api, ctx.checkpoint, one)
    # a library that lies elsewhere takes its files along, and its log does not say so
    ctx.checkpoint.ask(drive_id, one.web.entity.url, one.root, OF_FILES.text)

    async def knows(rows: Sequence[Row]) -> set[int]:
        keys = {_key(ids, str(row["UniqueId"])): number_of(row) for row in rows}
        return {keys[key] for key in await ctx.known(list(keys))}

    log = ListLog(ctx.api, one.web.web, one.entity.id, OF_FILES)
    async for page in follow(log, links.get(drive_id), one.entity.token, knows=knows):
        links[drive_id] = page.link
        yield Batch(
            upsert=[
                drive_item(row, ids, web_url=one.web.entity.url, root=one.root) for row in page.rows
            ],
            # a folder's end is told without its contents
            delete_under=[_key(ids, gone.unique_id) for gone in page.gone if gone.unique_id],
            checkpoint=ctx.checkpoint,
            partition=drive_id,
            restart=page.restarted,
            settled=page.settled,
        )


def _key(ids: ItemIds, unique_id: str) -> str:
    return f"{ids.drive_id}/{ids.item_id(unique_id)}"
