"""The recycle bin, in both its stages: what was deleted from a site, and the way back.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15),
https://learn.microsoft.com/previous-versions/office/sharepoint-visio/jj245271(v=office.15): a web
shows its first stage, the site collection both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.ids import guid_of, mint_uid
from m365sim.graph.reply import Reply
from m365sim.lists import Row
from m365sim.lists.generic import Detached, GenericList
from m365sim.lists.site_steps import RecycledList
from m365sim.rest.access import WRITE, check_site
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.people import person_of, user_node
from m365sim.rest.tables import WEBS, Action, Kind, Node, Step
from m365sim.rest.values import Complex, Guid, Long, Moment

_FILE, _ROW, _LIST, _FOLDER, _ATTACHMENT = 1, 3, 4, 5, 7  # kinds of deleted things


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was deleted."""

    id: str
    kind: int
    folder: str  # where it was: site-relative
    name: str
    title: str
    size: int
    made_by: Actor
    deleted_by: Actor
    at: int  # seconds since 1970
    check: Callable[[], None]  # refuses whoever may not touch it
    restore: Callable[[], object]
    purge: Callable[[], object]


def recycled_id(drive: Drive, uid: bytes) -> str:
    """Return the id that a deleted item has in the recycle bin; it is none of its others."""
    changes = sum(1 for _ in drive.log.of(uid))
    return guid_of(mint_uid("recycled", drive.id, uid.hex(), changes))


def recycled_row_id(found: GenericList, row: Row, number: int) -> str:
    """Return the id that a deleted item of a list has in the recycle bin."""
    return guid_of(mint_uid("recycled row", found.id, row.id, number))


def _entries(call: Call, site: Site) -> Iterator[Entry]:
    check_site(call.world, call.principal, site, WRITE)
    for drive in site.drives:
        for item in drive.bin():
            yield _of_file(call, drive, item)
    for found in call.world.lists.of(site):
        if isinstance(found, GenericList):
            for row, number in found.bin():
                yield _of_row(call, found, row, number)
            for one in found.detached:
                yield _of_attachment(call, found, one)
    for entry in call.world.lists.recycled:
        if entry.target.site is site:
            yield _of_list(call, entry)


def _of_file(call: Call, drive: Drive, item: Item) -> Entry:
    folder = drive.place(item).rpartition("/")[0].removeprefix(drive.site.path)
    return Entry(
        recycled_id(drive, item.uid),
        _FOLDER if item.is_folder else _FILE,
        f"{drive.site.path}{folder}".lstrip("/"),
        item.name,
        item.name,
        item.size,
        item.created_by,
        drive.deleted_by.get(item.uid, item.modified_by),
        [change.at for change in drive.log.of(item.uid)][-1],
        lambda: call.check_item(drive, drive.root, WRITE),
        lambda: drive.restore(item.uid),
        lambda: drive.purge(item.uid),
    )


def _of_row(call: Call, found: GenericList, row: Row, number: int) -> Entry:
    place = f"{found.site.path}/{found.folder}".lstrip("/")
    return Entry(
        recycled_row_id(found, row, number),
        _FOLDER if row.is_folder else _ROW,
        "/".join((place, *(folder.leaf for folder in found.above(row)))),
        row.name,
        str(row.values.get("Title") or ""),
        sum(one.blob.size for one in row.attachments),
        row.created_by,
        row.modified_by,
        found.changed_at(number),
        lambda: call.check_list(found),
        lambda: found.restore(row),
        lambda: found.purge(row),
    )


def _of_attachment(call: Call, found: GenericList, one: Detached) -> Entry:
    return Entry(
        guid_of(mint_uid("recycled attachment", found.id, one.row, one.number)),
        _ATTACHMENT,
        f"{found.site.path}/{found.folder}/Attachments/{one.row}".lstrip("/"),
        one.attachment.name,
        one.attachment.name,
        one.attachment.blob.size,
        one.by,
        one.by,
        one.at,
        lambda: call.check_list(found),
        lambda: found.reattach(one),
        lambda: found.detached.remove(one),
    )


def _of_list(call: Call, entry: RecycledList) -> Entry:
    found, lists = entry.target, call.world.lists
    return Entry(
        guid_of(entry.uid),
        _LIST,
        f"{found.site.path}/{found.folder}".rpartition("/")[0].lstrip("/"),
        found.folder.rpartition("/")[2],
        found.display_name,
        0,
        found.created_by,
        entry.by,
        entry.at,
        lambda: call.check(WRITE),
        lambda: lists.bring_back(entry),
        lambda: lists.recycled.remove(entry),
    )


def _sites(call: Call, node: Node) -> Iterable[Site]:
    """Return the sites whose deleted things a bin holds."""
    if node.uri.lower().startswith("site/"):
        known = call.world.content.all_sites()
        return [site for site in known if site.collection == call.site.collection]
    return [node.of]


def _bin(call: Call, node: Node) -> Iterator[Node]:
    is_whole = node.uri.lower().startswith("site/")
    for site in _sites(call, node):
        for entry in list(_entries(call, site)):
            if is_whole or entry.id not in call.world.rest.second_stage:
                yield Node("recycled", f"{node.uri}(guid'{entry.id}')", entry)


def _one(call: Call, node: Node, at: Segment) -> Node:
    return _found(call, node, str(at.argument("id")))


def _found(call: Call, node: Node, wanted: str) -> Node:
    for one in _bin(call, node):
        if one.of.id == wanted.strip("{}").lower():
            return one
    raise RestError(
        404, "-2147024809, System.ArgumentException", "The recycle bin item does not exist."
    )


def _values(call: Call, node: Node) -> dict[str, Any]:
    one: Entry = node.of
    deleted = Moment.of(one.at)
    return {
        "AuthorEmail": one.made_by.user_email or "",
        "AuthorName": one.made_by.user_name or "",
        "DeletedByEmail": one.deleted_by.user_email or "",
        "DeletedByName": one.deleted_by.user_name or "",
        "DeletedDate": deleted,
        "DeletedDateLocalFormatted": deleted,
        "DirName": one.folder,
        "DirNamePath": Complex("SP.ResourcePath", {"DecodedUrl": one.folder}),
        "Id": Guid(one.id),
        "ItemState": 2 if one.id in call.world.rest.second_stage else 1,
        "ItemType": one.kind,
        "LeafName": one.name,
        "LeafNamePath": Complex("SP.ResourcePath", {"DecodedUrl": one.name}),
        "Size": Long(one.size),
        "Title": one.title,
    }


def _restore(_: Call, one: Entry) -> None:
    one.check()
    one.restore()


def _purge(_: Call, one: Entry) -> None:
    one.check()
    one.purge()


def _to_second_stage(call: Call, one: Entry) -> None:
    one.check()
    call.world.rest.second_stage.add(one.id)


def _single(do: Callable[[Call, Entry], None]) -> Any:
    async def action(call: Call, node: Node, _: Segment) -> Reply:
        do(call, node.of)
        return Reply(200)

    return action


def _several(do: Callable[[Call, Entry], None]) -> Any:
    """Make what is done to those of a bin that are named."""

    async def action(call: Call, node: Node, _: Segment) -> Reply:
        ids = (await call.json()).get("ids")
        ids = ids.get("results") if isinstance(ids, dict) else ids
        if not isinstance(ids, list):
            raise bad_query("The parameter 'ids' is missing.")
        for one in [_found(call, node, str(wanted)) for wanted in ids]:
            do(call, one.of)
        return Reply(200)

    return action


def _all(do: Callable[[Call, Entry], None], stage: int = 1) -> Any:
    """Make what is done to everything in one stage of a bin."""

    async def action(call: Call, node: Node, _: Segment) -> Reply:
        second = call.world.rest.second_stage
        for one in list(_bin(call, node)):
            if (one.of.id in second) is (stage == 2):
                do(call, one.of)
        return Reply(200)

    return action


def _person(attribute: str) -> Any:
    return lambda c, n, _s: user_node("", person_of(c, getattr(n.of, attribute)))


def _to_bin(_: Call, node: Node, __: Segment) -> Node:
    return Node("recyclebin", f"{node.uri}/RecycleBin", node.of)


KINDS = (
    Kind("recyclebin", members=_bin),
    Kind("recycled", "SP.RecycleBinItem", values=_values),
)
STEPS = (
    Step(
        "web",
        "RecycleBin",
        _to_bin,
        "recyclebin",
        "deleted files, folders, items and lists, first stage",
        source=WEBS,
    ),
    Step("site", "RecycleBin", _to_bin, "recyclebin", "of all webs, both stages", source=WEBS),
    Step("recyclebin", "()", _one, "recycled", source=WEBS),
    Step("recyclebin", "GetById", _one, "recycled", is_function=True, source=WEBS),
    Step("recycled", "Author", _person("made_by"), "user", source=WEBS),
    Step("recycled", "DeletedBy", _person("deleted_by"), "user", source=WEBS),
)
_STAGE = "into the second stage"
ACTIONS = (
    Action("recycled", "Restore", "POST", _single(_restore), "back to where it was", WEBS),
    Action("recycled", "DeleteObject", "POST", _single(_purge), "for good", WEBS),
    Action("recycled", "", "DELETE", _single(_purge), "for good", WEBS),
    Action("recycled", "MoveToSecondStage", "POST", _single(_to_second_stage), _STAGE, WEBS),
    Action("recyclebin", "RestoreByIds", "POST", _several(_restore), "ids", WEBS),
    Action("recyclebin", "DeleteByIds", "POST", _several(_purge), "ids", WEBS),
    Action("recyclebin", "MoveToSecondStageByIds", "POST", _several(_to_second_stage), "ids", WEBS),
    Action("recyclebin", "RestoreAll", "POST", _all(_restore), "of the first stage", WEBS),
    Action("recyclebin", "DeleteAll", "POST", _all(_purge), "of the first stage", WEBS),
    Action("recyclebin", "MoveAllToSecondStage", "POST", _all(_to_second_stage), _STAGE, WEBS),
    Action("recyclebin", "DeleteAllSecondStageItems", "POST", _all(_purge, 2), "for good", WEBS),
)
