"""Folders of lists that are no libraries: the list's own, and those that are items of it.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#create-list-item-in-a-folder
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from m365sim.files.ids import guid_of
from m365sim.files.problems import Missing
from m365sim.graph.reply import Reply
from m365sim.lists import Row
from m365sim.lists.generic import GenericList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import bad_query, no_folder
from m365sim.rest.recycled import recycled_row_id
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.rest.values import Complex, Guid, Moment, Result


def list_folder_node(found: GenericList, row: Row | None = None) -> Node:
    """Return the node of a folder of a list, without an item of the list's own."""
    place = quote(_place(found, row).replace("'", "''"), safe="/'")
    uri = f"Web/GetFolderByServerRelativePath(decodedurl='{place}')"
    return Node("listfolder", uri, (found, row))


def list_folder_at(call: Call, place: str) -> Node | None:
    """Find a folder of a list by its path or address; None when that leads to no list.

    Raises `no_folder` when it leads into a list that has no such folder.
    """
    at = _located(call, place)
    if at is None:
        return None
    found, names = at
    return list_folder_node(found, found.find(folder_number(found, names)))


def located(call: Call, found: GenericList, place: str) -> list[str]:
    """Return the names below a list that a path or address says; an error for another list's."""
    at = _located(call, place)
    if at is None or at[0] is not found:
        raise no_folder()
    return at[1]


def folder_number(found: GenericList, names: list[str]) -> int:
    """Return the number of the folder that names lead to, 0 for the list's own."""
    try:
        return found.folder_at(names)
    except Missing as gone:
        raise no_folder() from gone


def made_in_list(call: Call, place: str) -> Node | None:
    """Make the folder of a path; None when that leads to no list."""
    at = _located(call, place)
    if at is None or not at[1]:
        return None
    found, names = at
    return _made(call, found, folder_number(found, names[:-1]), names[-1])


def _located(call: Call, place: str) -> tuple[GenericList, list[str]] | None:
    path = urlsplit(place).path if "://" in place else place
    path = path.strip("/")
    mine = call.site.path.strip("/")
    if mine and path.lower().startswith(f"{mine}/".lower()):
        path = path[len(mine) + 1 :]
    for found in call.lists():
        root = found.folder.lower()
        if isinstance(found, GenericList) and f"{path.lower()}/".startswith(f"{root}/"):
            return found, [name for name in path[len(root) :].split("/") if name]
    return None


def _place(found: GenericList, row: Row | None) -> str:
    top = f"{found.site.path}/{found.folder}"
    chain = [*found.above(row), row] if row is not None else []
    return top + "".join(f"/{one.leaf}" for one in chain)


def _inside(found: GenericList, row: Row | None) -> Iterator[Row]:
    number = row.id if row is not None else 0
    return (one for one in found.rows_after(0) if one.parent == number)


def _values(_: Call, node: Node) -> dict[str, Any]:
    found, row = node.of
    of = row or found
    return {
        "Exists": True,
        "IsWOPIEnabled": False,
        "ItemCount": sum(1 for _ in _inside(found, row)),
        "Name": row.leaf if row is not None else found.folder.rpartition("/")[2],
        "ProgID": None,
        "ServerRelativeUrl": _place(found, row),
        "TimeCreated": Moment.of(of.created_at),
        "TimeLastModified": Moment.of(of.modified_at),
        "UniqueId": Guid(guid_of(row.uid if row is not None else found.root_uid)),
        "WelcomePage": "",
    }


def _folders(call: Call, node: Node) -> Iterator[Node]:
    found, row = node.of
    call.check_list(found, READ)
    return (
        list_folder_node(found, one)
        for one in _inside(found, row)
        if one.is_folder and call.sees_row(found, one)
    )


def _folder(_: Call, node: Node, at: Segment) -> Node:
    found, row = node.of
    number = row.id if row is not None else 0
    below = found.folder_named(number, at.text("url", "name", "decodedurl", "path"))
    if below is None:
        raise no_folder()
    return list_folder_node(found, below)


def _parent(_: Call, node: Node, __: Segment) -> Node:
    found, row = node.of
    if row is None:
        raise no_folder()
    return list_folder_node(found, found.find(row.parent) if row.parent else None)


async def _add(call: Call, node: Node, at: Segment) -> Node:
    found, row = node.of
    wanted: Any = at.argument("decodedurl", "url", "path")
    if wanted is None:
        wanted = dict(pairs(await call.json())).get("ServerRelativeUrl")
    if not isinstance(wanted, str) or not wanted:
        raise bad_query("A folder needs a ServerRelativeUrl.")
    if wanted.startswith("/"):
        made = made_in_list(call, wanted)
        if made is None:
            raise no_folder()
        return made
    names = [name for name in wanted.split("/") if name]
    number = row.id if row is not None else 0
    for name in names[:-1]:
        above = found.folder_named(number, name)
        if above is None:
            raise no_folder()
        number = above.id
    return _made(call, found, number, names[-1])


def _made(call: Call, found: GenericList, parent: int, name: str) -> Node:
    """Make a folder, or return the one that is there, as `Folders/Add` does in libraries."""
    call.check_list(found)
    known = found.folder_named(parent, name)
    return list_folder_node(found, known or found.add_folder(name, call.actor(), parent=parent))


async def _rename(call: Call, node: Node, _: Segment) -> Reply:
    found, row = _writable(call, node)
    name = dict(pairs(await call.json())).get("Name")
    if isinstance(name, str) and name != row.leaf:
        found.rename_folder(row, name, call.actor())
    return Reply(204)


async def _delete(call: Call, node: Node, at: Segment) -> Reply | Result:
    found, row = _writable(call, node)
    found.delete(row)
    if at.name == "recycle":
        return Result(Guid(recycled_row_id(found, row, found.head)), "Recycle")
    return Reply(200)


def _writable(call: Call, node: Node) -> tuple[GenericList, Row]:
    found, row = node.of
    call.check_list(found)
    if row is None:
        raise bad_query("The folder of a list goes with the list.")
    return found, row


KINDS = (
    Kind(
        "listfolder",
        "SP.Folder",
        values=_values,
        extras={
            "ServerRelativePath": lambda _, node: Complex(
                "SP.ResourcePath", {"DecodedUrl": _place(*node.of)}
            )
        },
    ),
    Kind("listfolders", members=_folders),
)
STEPS = (
    Step(
        "listfolder",
        "Folders",
        lambda _c, n, _s: Node("listfolders", f"{n.uri}/Folders", n.of),
        "listfolders",
        "folders of lists",
        source=FILES,
    ),
    Step("listfolder", "ParentFolder", _parent, "listfolder", source=FILES),
    Step("listfolders", "()", _folder, "listfolder", source=FILES),
    Step("listfolders", "GetByUrl", _folder, "listfolder", is_function=True, source=FILES),
    Step("listfolders", "GetByPath", _folder, "listfolder", is_function=True, source=FILES),
)
ACTIONS = (
    Action("listfolders", "", "POST", _add, "ServerRelativeUrl", FILES),
    Action("listfolders", "Add", "POST", _add, "url", FILES),
    Action("listfolders", "AddUsingPath", "POST", _add, "decodedurl", FILES),
    Action("listfolder", "", "MERGE", _rename, "its Name", FILES),
    Action("listfolder", "Recycle", "POST", _delete, "with what lies in it", FILES),
    Action("listfolder", "", "DELETE", _delete, "with what lies in it", FILES),
)
