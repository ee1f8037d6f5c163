"""The sync `permissions`: who may see what, where that differs from the folder above.

https://learn.microsoft.com/graph/api/driveitem-list-permissions. An item that inherits has no
records: what holds for it is what holds for the nearest folder above that has some, or else for the
drive's root, which always has. Which items those are the feed says (`hierarchicalsharing`), so the
cost is one call for each of them, not for each item. What one of them has from above changes
without a word in the feed: so when a folder changes or moves that is not empty, or the drive's own
permissions do, all are asked again, no more than so many in one run: the rest has its turn in the
next ones, longest waiting first. What the feed itself names is never put off.
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/scan-guidance
"""

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from hashlib import sha256
from typing import Any, Self

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.choice import SitePositions
from fairlead_microsoft.sharepoint.libraries import Library
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.syncs.drive_item_versions import ChosenDrive
from fairlead_microsoft.sharepoint.tour import Tour, is_not_there

_PAGE = 200
#: items a drive and run that are asked again though the feed does not name them: 5 resource units
#: each, a few minutes of a small tenant's allowance
_SWEPT = 2_000
#: characters of a record's id
_LONGEST_ID = 255
#: what makes the feed say where permissions begin, and name items whose permissions changed; the
#: last needs the two before it (OneDrive/onedrive-api-docs#1298)
_PREFER = (
    "hierarchicalsharing, deltashowremovedasdeleted, deltatraversepermissiongaps, "
    "deltashowsharingchanges"
)


class SharedItem(Shape):
    """An item, and whether permissions of its own begin there."""

    id: str
    #: there, even if empty: its permissions are its own
    shared: dict[str, Any] | None = None
    folder: dict[str, Any] | None = None
    changed: str | None = Field(None, alias="@microsoft.graph.sharedChanged")

    @property
    def holds_others(self) -> bool:
        """Say whether it is a folder that is not known to be empty."""
        return self.folder is not None and self.folder.get("childCount") != 0


class GraphPermission(Shape):
    """A permission, as Graph tells it."""

    id: str
    roles: list[str] | None = None
    granted_to_v2: dict[str, Any] | None = Field(None, alias="grantedToV2")
    granted_to_identities_v2: list[dict[str, Any]] | None = Field(
        None, alias="grantedToIdentitiesV2"
    )
    link: dict[str, Any] | None = None
    invitation: dict[str, Any] | None = None
    share_id: str | None = None
    expiration_date_time: str | None = None
    has_password: bool | None = None
    inherited_from: dict[str, Any] | None = None


class Permission(Record):
    """What somebody may do with an item and all below it that has no permissions of its own."""

    #: `{driveId}/{itemId}_{permissionId}`; of a very long one, a hash in the permission's place
    id: str
    drive_id: str
    item_id: str
    permission_id: str
    #: `read`, `write`, `owner` ...
    roles: list[str] | None = None
    granted_to_v2: dict[str, Any] | None = Field(None, alias="grantedToV2")
    granted_to_identities_v2: list[dict[str, Any]] | None = Field(
        None, alias="grantedToIdentitiesV2"
    )
    link: dict[str, Any] | None = None
    invitation: dict[str, Any] | None = None
    share_id: str | None = None
    expiration_date_time: str | None = None
    has_password: bool | None = None
    #: there, even if empty: it comes from above
    inherited_from: dict[str, Any] | None = None

    def shares(self) -> str | None:
        """Return the id of its item's record."""
        return f"{self.drive_id}/{self.item_id}"

    @classmethod
    def of(cls, drive_id: str, item_id: str, permission: GraphPermission) -> Self:
        """Make the record of a permission."""
        begin = _of_item(drive_id, item_id)
        key = f"{begin}{permission.id}"
        if len(key) > _LONGEST_ID:
            key = f"{begin}{sha256(permission.id.encode()).hexdigest()}"
        return cls(
            **dict(permission) | {"id": key},
            drive_id=drive_id,
            item_id=item_id,
            permission_id=permission.id,
        )


class Drives(Metadata):
    """Of which drives."""

    drives: list[ChosenDrive]


class Positions(SitePositions):
    """How far each drive was read, and which items' permissions could not be."""

    #: partition -> items to ask for again
    again: dict[str, list[str]] = Field(default_factory=dict)
    #: partition -> items whose permissions are their own
    scopes: dict[str, list[str]] = Field(default_factory=dict)
    #: partition -> those of them whose turn to be asked again is still to come
    turns: dict[str, list[str]] = Field(default_factory=dict)
    #: partition -> hash of the permissions of the drive's root
    roots: dict[str, str] = Field(default_factory=dict)

    def forget_others(self, partitions: list[str]) -> None:
        """Forget the drives that are not chosen any more."""
        self.keep_only(partitions)
        for kept in (self.again, self.scopes, self.turns, self.roots):
            for name in kept.keys() - set(partitions):
                del kept[name]


class Root(Shape):
    """The root of a drive."""

    id: str


@sharepoint.sync(
    every="1h",
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-permissions",
    auto_start=False,
)
async def permissions(ctx: SyncCtx[Graph, Drives, Positions]) -> AsyncIterator[Batch[Permission]]:
    """Mirror who may see what, where it differs from the folder above; what ends leaves."""
    tour = Tour(ctx)
    chosen = dict.fromkeys(Library(one.site_id, one.drive_id) for one in ctx.metadata.drives)
    ctx.checkpoint.forget_others([one.partition for one in chosen])
    readers = {one.partition: partial(_of_drive, tour, one) for one in chosen}
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


def _of_item(drive_id: str, item_id: str) -> str:
    return f"{drive_id}/{item_id}_"


async def _of_drive(
    tour: Tour, library: Library, ctx: SyncCtx[Graph, Drives, Positions]
) -> AsyncGenerator[Batch[Permission], None]:
    api, place, drive = ctx.api, library.partition, library.drive_id
    links, again, known = ctx.checkpoint.links, ctx.checkpoint.again, ctx.checkpoint.scopes
    root = await api.get(Root, api.path("drives", drive, "root"), select="id")
    told = api.items(GraphPermission, api.path("drives", drive, "items", root.id, "permissions"))
    of_root = [Permission.of(drive, root.id, one) async for one in told]
    digest = sha256(repr(sorted(of_root, key=lambda one: one.id)).encode()).hexdigest()
    is_wide = ctx.checkpoint.roots.get(place) != digest
    scopes = dict.fromkeys(known.get(place, []))
    waiting = again.pop(place, [])
    read = {root.id}
    feed = api.path("drives", drive, "root", "delta")
    pages = api.delta(
        SharedItem, feed, since=links.get(place), prefer=_PREFER, with_contents=False, top=_PAGE
    )
    async for page in pages:
        scopes = {} if page.restarted else scopes
        live: list[SharedItem] = page.live
        begins = [one for one in live if one.shared is not None or one.changed]
        # what has no facet inherits now, whatever it did before
        over = {one.id for one in live} | {one.id for one in page.gone}
        over -= {one.id for one in begins}
        scopes = {one: None for one in scopes if one not in over}
        scopes |= dict.fromkeys(one.id for one in begins)
        is_wide |= any(one.holds_others for one in live)
        asked = dict.fromkeys([*waiting, *(one.id for one in begins)])
        if page.settled:
            asked |= dict.fromkeys(_whose_turn(ctx, place, scopes, read, is_wide=is_wide))
        found, closed = await _read(ctx, tour, drive, list(asked))
        waiting = []
        if closed:
            again[place] = list(dict.fromkeys([*again.get(place, []), *closed]))
        links[place], known[place] = page.link, list(scopes)
        # a run that is cut before its end must know that all are still to be asked
        ctx.checkpoint.roots[place] = "" if is_wide and not page.settled else digest
        touched = ({root.id} | asked.keys() | over) - set(closed)
        yield Batch(
            upsert=[*of_root, *found],
            # of a full read, what is not seen again is swept
            replace=[] if page.afresh else [_of_item(drive, one) for one in sorted(touched)],
            checkpoint=ctx.checkpoint,
            partition=place,
            restart=page.restarted,
            settled=page.settled and place not in again,
        )
        read |= asked.keys()


def _whose_turn(
    ctx: SyncCtx[Graph, Drives, Positions],
    place: str,
    scopes: dict[str, None],
    read: set[str],
    *,
    is_wide: bool,
) -> list[str]:
    """Return whom to ask again at the end of a run, and note whose turn comes later."""
    waiting = ctx.checkpoint.turns.pop(place, [])
    still = [one for one in waiting if one in scopes]
    wanted = dict.fromkeys([*still, *(scopes if is_wide else ())])
    left = [one for one in wanted if one not in read]
    if len(left) > _SWEPT:
        ctx.checkpoint.turns[place] = left[_SWEPT:]
    return left[:_SWEPT]


async def _read(
    ctx: SyncCtx[Graph, Drives, Positions], tour: Tour, drive_id: str, item_ids: list[str]
) -> tuple[list[Permission], list[str]]:
    """Return the permissions of items, and the items that would not tell theirs."""
    api = ctx.api
    paths = [api.path("drives", drive_id, "items", one, "permissions") for one in item_ids]
    found: list[Permission] = []
    closed: list[str] = []
    for item_id, reply in zip(item_ids, await api.read_many(paths), strict=True):
        if is_not_there(reply):  # deleted since the feed named it
            continue
        if isinstance(reply, FairleadError):
            # what is known of it stays, and it is asked again
            tour.leave_out(f"{drive_id}/{item_id}", reply)
            closed.append(item_id)
            continue
        async for page in api.pages_from(GraphPermission, reply):
            found += [Permission.of(drive_id, item_id, one) for one in page.items]
    return found, closed
