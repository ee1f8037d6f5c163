"""The sync `permissions` of SharePoint's own API: who may see what in libraries.

An item that inherits has no records: what holds for it is what holds for the nearest folder above
that has some, or else for the library, which always has. An item with permissions of its own has
all of them there, so nothing else must be asked when a folder above changes.
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15).
The library's log tells of granting, revoking, breaking and restoring inheritance.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.rest.changes import ChangeType
from fairlead_microsoft.rest.reading import entries_of
from fairlead_microsoft.sharepoint.syncs.permissions import Permission
from fairlead_microsoft.sharepoint.tour import is_not_there
from fairlead_microsoft.sharepoint_v1.choice import FoundList, Sites
from fairlead_microsoft.sharepoint_v1.drive_ids import DrivePositions, ids_of
from fairlead_microsoft.sharepoint_v1.follow import ListPage, follow
from fairlead_microsoft.sharepoint_v1.identity import ItemIds
from fairlead_microsoft.sharepoint_v1.list_log import ListLog
from fairlead_microsoft.sharepoint_v1.of_lists import of_libraries
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.permissions import EXPAND, permissions_of
from fairlead_microsoft.sharepoint_v1.shapes.row import Question, Row, number_of

_OF_SCOPES = Question("Id,UniqueId,FileSystemObjectType,HasUniqueRoleAssignments")


class ScopePositions(DrivePositions):
    """How far each library was read, and where permissions begin."""

    #: drive id -> number of an item with permissions of its own -> its unique id
    scopes: dict[str, dict[str, str]] = Field(default_factory=dict)


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.FullControl.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)",
    auto_start=False,
)
async def permissions(
    ctx: SyncCtx[Rest, Sites, ScopePositions],
) -> AsyncIterator[Batch[Permission]]:
    """Mirror who may see what in libraries, where it differs from the folder above.

    A sharing link comes as the group of the site that it is there.
    """
    async for batch in of_libraries(ctx, _of_library):
        yield batch


async def _of_library(
    one: FoundList, ctx: SyncCtx[Rest, Sites, ScopePositions]
) -> AsyncGenerator[Batch[Permission], None]:
    drive_id, links, web = one.drive_id, ctx.checkpoint.links, one.web.web
    ids = await ids_of(ctx.api, ctx.checkpoint, one)
    told = await ctx.api.get_json(web.list(one.entity.id, "roleassignments"), expand=EXPAND)
    of_library = list(permissions_of(drive_id, ids.root_id, entries_of(told)))
    log = ListLog(ctx.api, web, one.entity.id, _OF_SCOPES)
    # what is moved keeps its permissions, what is restored may bring along others
    pages = follow(
        log, links.get(drive_id), one.entity.token, knows=_none, returns={ChangeType.RESTORE}
    )
    async for page in pages:
        known = {} if page.restarted else dict(ctx.checkpoint.scopes.get(drive_id, {}))
        touched = await _scopes(log, page, known)
        fresh = [number for number in known if int(number) in {number_of(r) for r in page.rows}]
        found = await _read(ctx.api, one, ids, {number: known[number] for number in fresh})
        links[drive_id], ctx.checkpoint.scopes[drive_id] = page.link, known
        changed = [] if page.is_enumeration else [ids.root_id, *map(ids.item_id, touched)]
        yield Batch(
            upsert=[*of_library, *found],
            # of a full read, what is not seen again is swept
            replace=[f"{drive_id}/{item}_" for item in dict.fromkeys(changed)],
            checkpoint=ctx.checkpoint,
            partition=drive_id,
            restart=page.restarted,
            settled=page.settled,
        )


async def _none(_: Sequence[Row]) -> set[int]:
    return set()


async def _scopes(log: ListLog, page: ListPage, known: dict[str, str]) -> list[str]:
    """Bring up to date where permissions begin; return the unique ids of all that may differ."""
    touched: list[str] = []
    for row in page.rows:
        number, uid = str(number_of(row)), str(row["UniqueId"])
        touched.append(uid)
        known.pop(number, None)
        if row.get("HasUniqueRoleAssignments"):
            known[number] = uid
    touched += [known.pop(str(gone.item_id), gone.unique_id or "") for gone in page.gone]
    if page.gone and known:
        # what lay in a folder is gone with it, and the log tells of the folder alone
        there = await log.named([int(number) for number in known])
        touched += [known.pop(number) for number in list(known) if int(number) not in there]
    return [uid for uid in touched if uid]


async def _read(
    api: Rest, one: FoundList, ids: ItemIds, scopes: dict[str, str]
) -> list[Permission]:
    """Return the permissions of items by their numbers."""
    web, found = one.web.web, list[Permission]()
    urls = [web.item(one.entity.id, number, "roleassignments") for number in scopes]
    replies = await api.read_many(urls, expand=EXPAND)
    for uid, reply in zip(scopes.values(), replies, strict=True):
        if is_not_there(reply):  # deleted since: the log will tell
            continue
        if isinstance(reply, FairleadError):
            raise reply
        found += permissions_of(ids.drive_id, ids.item_id(uid), entries_of(reply))
    return found
