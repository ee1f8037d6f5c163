"""The syncs of files, versions and permissions against the emulator's truth."""

import pytest

from fairlead.errors import Rejected
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.files.versions import versions


def items(drive, *, files_only: bool = False) -> dict[str, object]:
    """Return the items of a drive by their ids."""
    return {
        drive.item_id(item.uid): item
        for item in drive.walk(drive.root)
        if item.parent is not None and not (files_only and item.is_folder)
    }


def at(drive, path: str):
    return drive.resolve(drive.root, path.split("/"))


def own_drive(syncs, name: str = "alex"):
    user = syncs.world.directory.user_by_upn(f"{name}@{syncs.world.tenant.domain}")
    return syncs.world.content.personal_site(user.id).drives[0]


async def test_the_users_own_files(syncs):
    drive = own_drive(syncs)
    folder = drive.create_folder(drive.root, "Trips", SYSTEM)
    drive.put_file(folder, "Lisbon.txt", MemoryBlob(b"sun"), SYSTEM)
    await syncs.run("user-files")
    held = syncs.live("user-files")
    assert set(held) == {f"{drive.id}/{key}" for key in items(drive)}
    lisbon = next(one for one in held.values() if one["name"] == "Lisbon.txt")
    assert (lisbon["fileType"], lisbon["size"], lisbon["driveType"]) == ("file", 3, "business")
    drive.update(folder, SYSTEM, name="Journeys")
    await syncs.run("user-files")
    moved = syncs.live("user-files")[lisbon["id"]]
    assert moved["parentPath"].endswith("root:/Journeys")
    drive.delete(at(drive, "Journeys"))
    ran = await syncs.run("user-files")
    assert set(syncs.live("user-files")) == {f"{drive.id}/{key}" for key in items(drive)}
    assert ran.counts.deleted == 2


async def test_user_files_belong_to_users(syncs):
    syncs.be_app()
    with pytest.raises(Rejected):
        await syncs.run("user-files")


async def test_picked_files_one_by_one(syncs):
    drive, other = syncs.drive(), syncs.drive("/sites/engineering")
    keys = [*items(drive, files_only=True)][:3]
    picked = [{"driveId": drive.id, "id": key} for key in keys]
    (elsewhere, *_) = items(other, files_only=True)
    picked.append({"driveId": other.id, "id": elsewhere})
    await syncs.run("user-files-selection", {"pickedFiles": picked})
    assert len(syncs.requests) == 1
    held = syncs.live("user-files-selection")
    assert set(held) == {f"{one['driveId']}/{one['id']}" for one in picked}
    item = items(drive)[keys[0]]
    record = held[f"{drive.id}/{keys[0]}"]
    assert (record["name"], record["size"]) == (item.name, item.blob.size)
    assert record["parentReference"]["driveId"] == drive.id
    again = await syncs.run("user-files-selection", {"pickedFiles": picked})
    assert (again.counts.unchanged, again.counts.updated, again.counts.deleted) == (4, 0, 0)
    drive.delete(item)
    fault = Fault(host="graph", path=f"*/items/{keys[1]}*", status=423)
    syncs.world.faults.add(fault)
    ran = await syncs.run("user-files-selection", {"pickedFiles": picked[:3]})
    # one was deleted, one is locked and stays, one is picked no more
    assert set(syncs.live("user-files-selection")) == {f"{drive.id}/{key}" for key in keys[1:]}
    assert [skip.place for skip in ran.skipped] == [f"{drive.id}/{keys[1]}"]
    await syncs.run("user-files-selection", {"pickedFiles": []})
    assert syncs.live("user-files-selection") == {}


async def test_files_of_shared_sites(syncs):
    picked = {"sharedSites": [syncs.site().id, syncs.site("/sites/engineering").web_url]}

    def truth() -> set[str]:
        sites = [syncs.site(), syncs.site("/sites/engineering")]
        return {
            f"{site.id}:{drive.id}:{key}"
            for site in sites
            for drive in site.drives
            if not drive.is_system
            for key in items(drive, files_only=True)
        }

    await syncs.run("shared-sites-selection", picked)
    assert set(syncs.live("shared-sites-selection")) == truth()
    drive = syncs.drive()
    drive.delete(at(drive, "Campaigns"))
    drive.put_file(drive.root, "New.txt", MemoryBlob(b"n"), SYSTEM)
    await syncs.run("shared-sites-selection", picked)
    assert set(syncs.live("shared-sites-selection")) == truth()
    site = syncs.site("/sites/engineering")
    held = syncs.live("shared-sites-selection")
    closed = f"*{site.id.split(',')[1]}*/drives*"
    syncs.world.faults.add(Fault(host="graph", path=closed, status=403))
    ran = await syncs.run("shared-sites-selection", picked)
    assert [skip.place for skip in ran.skipped] == [site.id]
    assert syncs.live("shared-sites-selection") == held
    syncs.world.content.remove_drive(site.drives[1])
    await syncs.run("shared-sites-selection", picked)
    assert set(syncs.live("shared-sites-selection")) == truth() != set(held)
    await syncs.run("shared-sites-selection", {"sharedSites": [syncs.site().id]})
    held = syncs.live("shared-sites-selection")
    assert {one["siteId"] for one in held.values()} == {syncs.site().id}


def version_truth(*drives) -> set[str]:
    return {
        f"{drive.id}/{key}:{state.content_version}.0"
        for drive in drives
        for key, item in items(drive, files_only=True).items()
        for state in versions(drive, item)
    }


async def test_versions_follow_their_files(syncs):
    drive = syncs.drive()
    chosen = {"drives": [{"siteId": drive.site.id, "driveId": drive.id}]}
    welcome = at(drive, "Welcome.md")
    drive.replace_content(welcome, MemoryBlob(b"second"), SYSTEM)
    await syncs.run("drive-item-versions", chosen)
    assert set(syncs.live("drive-item-versions")) == version_truth(drive)
    files = len(items(drive, files_only=True))
    assert len(syncs.requests) <= 1 + -(-files // 20)
    drive.replace_content(at(drive, "Welcome.md"), MemoryBlob(b"third"), SYSTEM)
    drive.delete(at(drive, "Empty file.txt"))
    drive.update(at(drive, "Campaigns"), SYSTEM, name="Kampagnen")
    ran = await syncs.run("drive-item-versions", chosen)
    assert set(syncs.live("drive-item-versions")) == version_truth(drive)
    assert len(syncs.requests) == 2
    assert ran.counts.added == 1
    drive.delete(at(drive, "Kampagnen"))
    await syncs.run("drive-item-versions", chosen)
    assert set(syncs.live("drive-item-versions")) == version_truth(drive)


async def test_versions_of_all_drives_and_past_a_bad_one(syncs):
    syncs.be_app()
    drives = [d for site in syncs.sites() for d in site.drives if not d.is_system]
    await syncs.run("drive-item-versions")
    assert set(syncs.live("drive-item-versions")) == version_truth(*drives)
    bad, good = syncs.drive("/sites/people"), syncs.drive()
    good.put_file(good.root, "More.txt", MemoryBlob(b"m"), SYSTEM)
    syncs.world.faults.add(Fault(host="graph", path=f"*{bad.id[-8:]}/root/delta*", status=404))
    ran = await syncs.run("drive-item-versions")
    assert [skip.place for skip in ran.skipped] == [f"{bad.site.id}/{bad.id}"]
    assert set(syncs.live("drive-item-versions")) == version_truth(*drives)
    syncs.world.content.remove_drive(bad)
    await syncs.run("drive-item-versions")
    drives.remove(bad)
    assert set(syncs.live("drive-item-versions")) == version_truth(*drives)
