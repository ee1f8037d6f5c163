"""One model over both APIs: after the same history, the records of both are the same.

What SharePoint's own API cannot tell is named by the modules that make its records (`NOT_TOLD`).
"""

import copy
from typing import Any

from rest_sync_lab import SITE

from fairlead.sdk.shapes import wire_name
from fairlead_microsoft.sharepoint_v1.shapes import files, permissions, rows, sites
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import user_grantee

NAMES = ("a", "b é#%", "Q1+2 & 'x'.docx", "plan.xlsx", "c d.txt")


def without(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    left_out = {wire_name(name) for name in names}
    return {key: value for key, value in record.items() if key not in left_out}


def both(syncs, v1: str, v2: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return copy.deepcopy(syncs.live(v1)), copy.deepcopy(syncs.graph.live(v2))


def live_on(syncs) -> None:
    """Let much happen in the site's library and lists."""
    drive, lists = syncs.drive(), syncs.world.lists
    top = drive.create_folder(drive.root, "Top #1", SYSTEM)
    below = drive.create_folder(top, "Below", SYSTEM)
    for folder in (drive.root, top, below):
        for name in NAMES:
            drive.put_file(folder, name, MemoryBlob(name.encode()), SYSTEM, "rename")
    makers = lists.create(syncs.site(), "Makers", SYSTEM)
    acme = makers.add({"Title": "Acme"}, SYSTEM)
    source = {"listId": makers.id, "columnName": "Title"}
    parts = lists.create(
        syncs.site(),
        "Parts",
        SYSTEM,
        columns=[
            {"name": "Maker", "lookup": source},
            {"name": "Makers", "lookup": {**source, "allowMultipleValues": True}},
            {"name": "Weight", "displayName": "Weight in g", "number": {}},
            {"name": "Due", "dateTime": {}},
            {"name": "Good", "boolean": {}},
            {"name": "Colours", "choice": {"choices": ["red"], "displayAs": "checkBoxes"}},
        ],
    )
    values = {"Title": "Bolt", "Maker": acme.id, "Makers": [acme.id], "Weight": 12.5}
    parts.add({**values, "Due": "2026-01-02T03:04:05Z", "Good": True, "Colours": ["red"]}, SYSTEM)
    parts.add({"Title": "Nut"}, SYSTEM)


def live_further(syncs) -> None:
    """Let more happen, of which either API tells in its own way."""
    drive = syncs.drive()
    top = drive.update(drive.resolve(drive.root, ["Top #1"]), SYSTEM, name="Renamed")
    drive.update(drive.resolve(top, ["Below"]), SYSTEM, parent=drive.root)
    drive.delete(drive.resolve(drive.root, ["Below", "a"]))
    drive.replace_content(drive.resolve(top, ["plan.xlsx"]), MemoryBlob(b"longer"), SYSTEM)
    found = next(one for one in syncs.world.lists.of(syncs.site()) if one.display_name == "Parts")
    first, second = list(found.rows_after(0))
    found.update(first, {"Weight": 13, "Maker": None}, SYSTEM)
    found.delete(second)


async def test_files_are_the_same_by_either_api(syncs):
    drives = {"driveIds": [one.id for one in syncs.site().drives if not one.is_system]}

    async def same() -> None:
        await syncs.run("files")
        await syncs.graph.run("drive-items", drives)
        by_rest, by_graph = both(syncs, "files", "drive-items")
        assert by_rest.keys() == by_graph.keys()
        for key, one in by_graph.items():
            missing = (*files.NOT_TOLD, *(files.NOT_TOLD_OF_FOLDERS if one["folder"] else ()))
            assert by_rest[key] == without(one, missing)

    live_on(syncs)
    await same()
    live_further(syncs)
    await same()


async def test_rows_are_the_same_by_either_api(syncs):
    named = {"sites": [syncs.site().id]}

    async def same() -> None:
        await syncs.run("list-items")
        await syncs.graph.run("list-items", named)
        by_rest, by_graph = both(syncs, "list-items", "list-items")
        assert by_rest.keys() == by_graph.keys()
        for key, one in by_graph.items():
            for part in ("fields", "columns"):
                one[part] = {
                    name: value for name, value in one[part].items() if name not in rows.NOT_TOLD
                }
            assert by_rest[key] == one

    live_on(syncs)
    await same()
    live_further(syncs)
    await same()


async def test_lists_and_sites_are_the_same_by_either_api(syncs):
    live_on(syncs)
    await syncs.run("lists")
    await syncs.graph.run("lists", {"siteIds": [syncs.site().id]})
    by_rest, by_graph = both(syncs, "lists", "lists")
    assert by_rest == by_graph
    await syncs.run("webs", {"sites": ["/sites/engineering"]})
    paths = ("/sites/engineering", "/sites/engineering/lab")
    found = [syncs.site(path).id for path in paths]
    await syncs.graph.run("sites", {"siteIds": found})
    by_rest, by_graph = both(syncs, "webs", "sites")
    assert set(found) <= by_rest.keys()
    for site_id in found:
        assert without(by_rest[site_id], sites.TOLD_OTHERWISE) == without(
            by_graph[site_id], sites.TOLD_OTHERWISE
        )


async def test_permissions_are_the_same_by_either_api(syncs):
    drive, sharing = syncs.drive(), syncs.world.sharing
    top = drive.create_folder(drive.root, "Top", SYSTEM)
    leaf = drive.put_file(top, "leaf.txt", MemoryBlob(b"leaf"), SYSTEM)[0]
    people = syncs.world.directory.users_of(syncs.world.tenant.id)

    def grant(item, number: int, role: str) -> None:
        grantee = user_grantee(people[number])
        acl = sharing.own_acl(drive, item)
        acl.add(Permission(grantee.permission_id, (role,), grantee))
        sharing.note(drive, item)

    async def same() -> None:
        await syncs.run("permissions", {"sites": [SITE]})
        syncs.graph.be_app(("Sites.FullControl.All", "Files.Read.All"))
        await syncs.graph.run(
            "permissions", {"drives": [{"siteId": drive.site.id, "driveId": drive.id}]}
        )
        by_rest, by_graph = both(syncs, "permissions", "permissions")
        scopes = {one["itemId"] for one in by_rest.values()}
        told, by_either = (
            {
                key: (one["permissionId"], one["roles"], one["grantedToV2"]["siteUser"])
                for key, one in found.items()
                # what comes from above is told by Graph of items that inherit all, too
                if one["driveId"] == drive.id
                and one["itemId"] in scopes
                and "siteUser" in one["grantedToV2"]
            }
            for found in (by_rest, by_graph)
        )
        assert told == by_either
        assert all(
            not without(one, permissions.NOT_TOLD).keys() - by_rest[key].keys()
            for key, one in by_graph.items()
            if key in told
        )

    grant(top, 0, "read")
    grant(leaf, 1, "write")
    await same()
    grant(top, 2, "write")
    sharing.restore_inheritance(drive, leaf)
    await same()
    drive.delete(top)
    await same()
