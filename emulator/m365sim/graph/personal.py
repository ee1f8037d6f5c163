"""What a drive's owner sees of other drives: shared with them, used lately, followed.

https://learn.microsoft.com/graph/api/drive-sharedwithme, .../drive-recent,
.../drive-list-following, .../driveitem-follow, .../driveitem-unfollow, .../site-follow,
.../site-unfollow. The first two are announced to end, yet answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files import Drive, Item, Site
from m365sim.graph.access import check_sites_write
from m365sim.graph.call import Call
from m365sim.graph.item_shapes import ItemShapes
from m365sim.graph.items import shown
from m365sim.graph.paging import collection, cut
from m365sim.graph.reply import GraphError, Reply, invalid, json_reply
from m365sim.graph.shapes import CONTEXT, followed_site_shape, iso_seconds, narrowed
from m365sim.tenant import User

MOST_RECENT = 100  # items

_OF_REMOTE = ("id", "name", "size", "webUrl", "fileSystemInfo", "createdBy", "createdDateTime")
_REMOTE = (*_OF_REMOTE, "lastModifiedBy", "lastModifiedDateTime", "file", "folder", "shared")

Place = tuple[Drive, Item]


async def list_shared(call: Call) -> Reply:
    """List the items of others that were shared with a drive's owner."""
    drive, owner = _owned(call)
    shapes = [_shape(call, drive, place) for place in _shared_with(call, drive, owner)]
    return _listed(call, shapes)


async def list_recent(call: Call) -> Reply:
    """List the files that a drive's owner changed last, there or elsewhere."""
    drive, owner = _owned(call)
    places = sorted(_changed_by(call, owner), key=lambda place: place[1].modified_at, reverse=True)
    shapes = []
    for place in places[:MOST_RECENT]:
        shape = _shape(call, drive, place)
        at = iso_seconds(place[1].modified_at)
        shape["fileSystemInfo"] = {**shape.get("fileSystemInfo", {}), "lastAccessedDateTime": at}
        shapes.append(shape)
    return _listed(call, shapes)


async def list_following(call: Call) -> Reply:
    """List the items that a drive's owner follows."""
    drive, owner = _owned(call)
    shapes = []
    for drive_id, uid in call.world.sharing.followed.items(owner.id):
        source = call.world.content.drive_by_id(drive_id)
        item = source.find(uid) if source is not None else None
        if source is not None and item is not None and source.is_live(item):
            shapes.append(_shape(call, drive, (source, item)))
    return _listed(call, shapes)


async def follow_item(call: Call) -> Reply:
    """Let the signed-in user follow an item."""
    drive = call.drive()
    item = call.item(drive)
    call.world.sharing.followed.set_item(_follower(call).id, drive, item, followed=True)
    return shown(call, drive, item)


async def unfollow_item(call: Call) -> Reply:
    """Let the signed-in user follow an item no longer."""
    drive = call.drive()
    item = call.item(drive)
    call.world.sharing.followed.set_item(_follower(call).id, drive, item, followed=False)
    return Reply(204)


async def follow_sites(call: Call) -> Reply:
    """Let a user follow sites; those that cannot be are told one by one, in a 207."""
    return await _follow(call, followed=True)


async def unfollow_sites(call: Call) -> Reply:
    """Let a user follow sites no longer."""
    return await _follow(call, followed=False)


async def _follow(call: Call, *, followed: bool) -> Reply:
    user = call.user()
    check_sites_write(call.principal)
    wanted = (await call.json()).get("value")
    if not isinstance(wanted, list) or not wanted:
        raise invalid("The value must be a list of sites.")
    answers, failed = [], False
    for one in wanted:
        site_id = str(one.get("id", "")) if isinstance(one, dict) else ""
        site = call.world.content.site_by_id(site_id)
        if site is None or not call.sees_site(site):
            failed = True
            answers.append({"id": site_id, "error": _NO_SUCH_SITE})
            continue
        call.world.sharing.followed.set_site(user.id, site, followed=followed)
        answers.append(_followed_shape(site))
    if not followed and not failed:
        return Reply(204)
    if not followed:
        answers = [answer for answer in answers if "error" in answer]
    return json_reply({"value": answers}, 207 if failed else 200)


_NO_SUCH_SITE: dict[str, Any] = {
    "@odata.type": "#oneDrive.error",
    "code": "invalidRequest",
    "message": "The site Id information that is provided in the request is incorrect",
    "innerError": {
        "code": "invalidRequest",
        "errorType": "expected",
        "message": "The site Id information that is provided in the request is incorrect",
        "stackTrace": "",
        "throwSite": "",
    },
}


def _followed_shape(site: Site) -> dict[str, Any]:
    return {
        **followed_site_shape(site),
        "name": site.name,
        "siteCollection": {"hostname": site.host},
    }


def _owned(call: Call) -> tuple[Drive, User]:
    """Return the addressed drive and whose it is."""
    drive = call.drive()
    owner = call.world.directory.users.get(drive.site.owner_id or "")
    if owner is None:
        raise invalid("This is only supported on the OneDrive of a user.")
    return drive, owner


def _follower(call: Call) -> User:
    if call.principal.user is None:
        raise GraphError(400, "invalidRequest", "Only a signed-in user can follow an item.")
    return call.principal.user


def _shared_with(call: Call, own: Drive, user: User) -> Iterator[Place]:
    sharing = call.world.sharing
    for drive in call.world.content.drives():
        if drive is own:
            continue
        for item in sharing.shared_items(drive):
            acl = sharing.item_acl(drive, item)
            granted = acl.permissions.values() if acl is not None else ()
            if any(sharing.applies(permission, user, drive.site) for permission in granted):
                yield drive, item


def _changed_by(call: Call, user: User) -> Iterator[Place]:
    for drive in call.world.content.drives():
        viewer = call.world.sharing.viewer_of(user, drive)
        for uid in drive.log.latest(0, drive.log.head):
            item = drive.find(uid)
            if item is None or item.is_folder or item.modified_by.user_id != user.id:
                continue
            if drive.is_live(item) and viewer.sees(item):
                yield drive, item


def _shape(call: Call, own: Drive, place: Place) -> dict[str, Any]:
    """Show an item; one of another drive as what it is there."""
    drive, item = place
    shape = ItemShapes(call.world, drive, call.principal).item(item)
    if drive is own:
        return shape
    parent = shape["parentReference"]
    remote = {name: shape[name] for name in _REMOTE if name in shape}
    remote["parentReference"] = {
        name: parent[name] for name in ("driveType", "driveId", "id", "siteId") if name in parent
    }
    kept = {name: shape[name] for name in (*_OF_REMOTE, "lastModifiedDateTime") if name in shape}
    return {**kept, "remoteItem": remote}


def _listed(call: Call, shapes: list[dict[str, Any]]) -> Reply:
    page, link = cut(call, shapes)
    selected = call.selected()
    context = f"{CONTEXT}#Collection(driveItem)"
    return collection(context, [narrowed(shape, selected) for shape in page], link)
