"""The versions of files and of list items.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn450841(v=office.15)#bk_FileVersion,
https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.listitemversion
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from m365sim.files import Item
from m365sim.files.checkout import COMMENT, label
from m365sim.files.problems import Missing
from m365sim.files.versions import forget_version, versions
from m365sim.graph.reply import Reply
from m365sim.lists import Library
from m365sim.lists.generic import GenericList
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.contents import content_reply
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.items import item_values
from m365sim.rest.people import person_of, user_node
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.rest.values import Long, Moment

_MAJOR = 512  # of which a major version is one in the number of a version
_SOURCE = "https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.listitemversion"


def _number(state: Item) -> int:
    major, minor = label(state)
    return major * _MAJOR + minor


# -- of files


def _versions(call: Call, node: Node) -> Iterator[Node]:
    """Yield the versions of a file but the current one, the oldest first."""
    drive, item = node.of
    call.check_item(drive, item)
    for state in reversed(versions(drive, item)[1:]):
        yield Node("version", f"{node.uri}({_number(state)})", (drive, state))


def _find(call: Call, node: Node, wanted: int | str) -> Item:
    """Find a version by its number or its label."""
    drive, item = node.of
    call.check_item(drive, item)
    for state in versions(drive, item):
        major, minor = label(state)
        if wanted in (_number(state), f"{major}.{minor}"):
            return state
    raise RestError(404, "-2147024809, System.ArgumentException", "The version does not exist.")


def _version(call: Call, node: Node, at: Segment) -> Node:
    state = _find(call, node, at.number("versionid", "vid"))
    return Node("version", f"{node.uri}({_number(state)})", (node.of[0], state))


def _version_values(_: Call, node: Node) -> dict[str, Any]:
    drive, state = node.of
    number = _number(state)
    major, minor = label(state)
    place = drive.place(state).removeprefix(f"{drive.site.path}/")
    return {
        "CheckInComment": str((state.fields or {}).get(COMMENT, "")),
        "Created": Moment.of(state.modified_at),
        "ID": number,
        "IsCurrentVersion": state.version == drive.live(state.uid).version,
        "Length": Long(state.size),
        "Size": state.size,
        "Url": f"_vti_history/{number}/{place}",
        "VersionLabel": f"{major}.{minor}",
    }


async def _content(call: Call, node: Node, _: Segment) -> Reply:
    state: Item = node.of[1]
    call.check_item(*node.of)
    return content_reply(state.blob, [(b"content-type", b"application/octet-stream")])


async def _restore(call: Call, node: Node, at: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    state = _find(call, node, at.text("versionlabel"))
    if state.blob is not None:
        after = drive.replace_content(item, state.blob, call.actor())
        kept = {key: v for key, v in (state.fields or {}).items() if not key.startswith(("_", "~"))}
        fields = {**(after.fields or {}), **kept}
        if fields != (after.fields or {}):  # the values of the columns come back as well
            drive.commit(after, replace(after, fields=fields), drive.now())
    return Reply(200)


async def _delete_one(call: Call, node: Node, at: Segment) -> Reply:
    """Delete one version of a file, addressed itself or by its number or label."""
    drive, item = node.of
    call.check_item(drive, drive.live(item.uid), WRITE)
    if node.kind == "version":
        state = item
    else:
        by_label = at.name.endswith("bylabel")
        state = _find(call, node, at.text("versionlabel") if by_label else at.number("vid"))
    forget_version(drive, drive.live(item.uid), state.content_version)
    return Reply(200)


async def _delete_all(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    for state in versions(drive, item)[1:]:
        forget_version(drive, item, state.content_version)
    return Reply(200)


def _created_by(call: Call, node: Node, _: Segment) -> Node:
    return user_node("", person_of(call, node.of[1].modified_by))


# -- of items


def _item_versions(_: Call, node: Node) -> Iterator[Node]:
    """Yield the versions of an item, the latest first."""
    found, row = node.of
    for state in found.versions(row):
        uri = f"{node.uri}({state.version * _MAJOR})"
        yield Node("itemversion", uri, (found, row, state))


def _item_version(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.number("versionid")
    for one in _item_versions(call, node):
        if one.of[2].version * _MAJOR == wanted:
            return one
    raise RestError(404, "-2147024809, System.ArgumentException", "The version does not exist.")


def _item_version_values(call: Call, node: Node) -> dict[str, Any]:
    found, row, state = node.of
    latest = found.versions(row)[0]
    values = item_values(call, Node("item", node.uri, (found, state)))
    shown = {"VersionId", "VersionLabel", "IsCurrentVersion", "Created"}
    return {
        "IsCurrentVersion": state.version == latest.version,
        "VersionId": state.version * _MAJOR,
        "VersionLabel": f"{state.version}.0",
        "Created": Moment.of(state.modified_at),
        **{key: value for key, value in values.items() if key not in shown and key != "Id"},
    }


async def _delete_item_version(call: Call, node: Node, _: Segment) -> Reply:
    found, row, state = node.of
    call.check_list(found)
    if isinstance(found, Library):
        drive = found.drive
        forget_version(drive, drive.live(row.uid), state.version)
    elif isinstance(found, GenericList):
        try:
            found.forget_version(row, state.version)
        except Missing as current:
            raise bad_query("The current version cannot be deleted.") from current
    return Reply(200)


KINDS = (
    Kind("versions", members=_versions),
    Kind("version", "SP.FileVersion", values=_version_values),
    Kind("itemversions", members=_item_versions),
    Kind("itemversion", "SP.ListItemVersion", values=_item_version_values),
)
STEPS = (
    Step(
        "file",
        "Versions",
        lambda _c, n, _s: Node("versions", f"{n.uri}/Versions", n.of),
        "versions",
        "all but the current one",
        source=FILES,
    ),
    Step("versions", "()", _version, "version", source=FILES),
    Step("versions", "GetById", _version, "version", is_function=True, source=FILES),
    Step("version", "CreatedBy", _created_by, "user", source=FILES),
    Step(
        "item",
        "Versions",
        lambda _c, n, _s: Node("itemversions", f"{n.uri}/Versions", n.of),
        "itemversions",
        "values and times of each; the latest first",
        source=_SOURCE,
    ),
    Step("itemversions", "()", _item_version, "itemversion", source=_SOURCE),
    Step("itemversions", "GetById", _item_version, "itemversion", is_function=True, source=_SOURCE),
    Step(
        "itemversion",
        "CreatedBy",
        lambda c, n, _s: user_node("", person_of(c, n.of[2].modified_by)),
        "user",
        source=_SOURCE,
    ),
)
ACTIONS = (
    Action("version", "$value", "GET", _content, "its content", FILES),
    Action("version", "OpenBinaryStream", "GET", _content, "its content", FILES),
    Action("version", "", "DELETE", _delete_one, "for good", FILES),
    Action("version", "DeleteObject", "POST", _delete_one, "for good", FILES),
    Action("versions", "RestoreByLabel", "POST", _restore, "as a new version", FILES),
    Action("versions", "DeleteById", "POST", _delete_one, "for good", FILES),
    Action("versions", "DeleteByLabel", "POST", _delete_one, "for good", FILES),
    Action("versions", "RecycleById", "POST", _delete_one, "for good, not into the bin", FILES),
    Action("versions", "DeleteAll", "POST", _delete_all, "all but the current one", FILES),
    Action("itemversion", "", "DELETE", _delete_item_version, "for good", _SOURCE),
)
