"""The sync `files` of SharePoint's own API against the emulator's truth, and against Graph's."""

from collections import Counter

import pytest

from fairlead.errors import Rejected
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM

NAMES = ("a", "b é#%", "Q1+2 & 'x'.docx", "plan.xlsx", "c d.txt")


def truth_of(drive) -> dict[str, tuple]:
    found = {}
    for item in drive.walk(drive.root):
        size = None if item.is_folder else item.size
        parent = drive.item_id(item.parent)
        found[f"{drive.id}/{drive.item_id(item.uid)}"] = (
            *(item.name, parent, drive.path(item), size),
        )
    return found


def held(syncs, drive) -> dict[str, tuple]:
    return {
        key: tuple(map(one.get, ("name", "parentId", "path", "size")))
        for key, one in syncs.live("files").items()
        if one["driveId"] == drive.id
    }


def fill(drive) -> None:
    top = drive.create_folder(drive.root, "Top #1", SYSTEM)
    below = drive.create_folder(top, "Below", SYSTEM)
    for folder in (drive.root, top, below):
        for name in NAMES:
            drive.put_file(folder, name, MemoryBlob(name.encode()), SYSTEM, "rename")


async def test_files_follow_everything_that_happens(syncs):
    drive = syncs.drive()
    fill(drive)
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)
    top = drive.resolve(drive.root, ["Top #1"])
    below = drive.resolve(top, ["Below"])
    drive.update(top, SYSTEM, name="Renamed")
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)
    assert any(one["path"] == "/Renamed/Below/a" for one in syncs.live("files").values())
    below = drive.update(below, SYSTEM, parent=drive.root)
    drive.replace_content(drive.resolve(below, ["a"]), MemoryBlob(b"longer"), SYSTEM)
    drive.delete(drive.resolve(drive.root, ["a"]))
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)
    drive.delete(below)
    ran = await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)
    assert ran.counts.deleted == len(NAMES) + 1
    drive.restore(below.uid)
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)


async def test_nothing_is_asked_of_a_library_where_nothing_happened(syncs):
    await syncs.run("files")
    ran = await syncs.run("files")
    # the web, its webs, and its lists with their tokens
    assert len(syncs.requests) == 3
    assert (ran.counts.added, ran.counts.updated, ran.counts.deleted) == (0, 0, 0)


async def test_what_happens_while_everything_is_read_is_caught_up_with(syncs):
    drive = syncs.drive()
    fill(drive)
    await syncs.run("files", stop_after=1)
    drive.update(drive.resolve(drive.root, ["Top #1"]), SYSTEM, name="Other")
    drive.put_file(drive.root, "late.txt", MemoryBlob(b"late"), SYSTEM)
    drive.delete(drive.resolve(drive.root, ["plan.xlsx"]))
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)


async def test_a_token_that_is_too_old_leads_to_a_full_read(syncs):
    drive = syncs.drive()
    await syncs.run("files")
    drive.delete(drive.resolve(drive.root, ["Welcome.md"]))
    syncs.world.content.expire_delta_tokens()
    ran = await syncs.run("files")
    assert any(batch.restart for batch in ran.batches)
    assert held(syncs, drive) == truth_of(drive)


async def test_a_folder_that_comes_back_brings_what_lies_in_it(syncs, monkeypatch):
    drive = syncs.drive()
    fill(drive)
    top = drive.resolve(drive.root, ["Top #1"])
    drive.delete(top)
    await syncs.run("files")
    record = drive.log.record
    # the log tells of the folder alone
    monkeypatch.setattr(
        drive.log, "record", lambda uid, *more: record(uid, *more) if uid == top.uid else None
    )
    drive.restore(top.uid)
    await syncs.run("files")
    assert held(syncs, drive) == truth_of(drive)


async def test_a_library_beyond_the_view_threshold(syncs):
    big = syncs.world.content.add_site("/sites/big", "Big", description="Big")
    drive = syncs.world.content.add_drive(big, synthetic_files=5_200)
    where = {"sites": ["/sites/big"]}
    await syncs.run("files", where)
    assert held(syncs, drive) == truth_of(drive)
    some = list(drive.walk(drive.root))
    drive.delete(next(one for one in some if not one.is_folder))
    drive.put_file(drive.root, "new.txt", MemoryBlob(b"new"), SYSTEM)
    await syncs.run("files", where)
    assert held(syncs, drive) == truth_of(drive)


async def test_a_closed_library_or_web_keeps_its_records(syncs):
    where = {"sites": ["/sites/marketing", "/sites/engineering"]}
    await syncs.run("files", where)
    before = syncs.live("files")
    drive = syncs.drive()
    drive.put_file(drive.root, "unseen.txt", MemoryBlob(b"u"), SYSTEM)
    library = syncs.world.lists.library(drive)
    syncs.fault(f"*{library.id}*", status=403, count=None)
    ran = await syncs.run("files", where)
    assert [one.place for one in ran.skipped] == [drive.id]
    assert syncs.live("files") == before
    syncs.world.faults.remove()
    syncs.fault("*/sites/engineering/_api/web/lists*", status=403, count=None)
    ran = await syncs.run("files", where)
    assert [one.place for one in ran.skipped] == [syncs.site("/sites/engineering").id]
    assert before.keys() <= syncs.live("files").keys()
    syncs.world.faults.remove()
    syncs.fault("*/sites/engineering/_api/web?*", status=503, count=None)
    ran = await syncs.run("files", where)
    assert [one.place for one in ran.skipped] == ["/sites/engineering"]
    assert before.keys() <= syncs.live("files").keys()


async def test_subsites_come_along_and_one_that_is_gone_leaves(syncs):
    where = {"sites": ["/sites/engineering"]}
    await syncs.run("files", where)
    drives = Counter(one["driveId"] for one in syncs.live("files").values())
    lab = syncs.site("/sites/engineering/lab")
    assert drives.keys() & {drive.id for drive in lab.drives}
    syncs.world.content.remove_site(lab)
    ran = await syncs.run("files", where)
    assert not ran.skipped
    left = {one["driveId"] for one in syncs.live("files").values()}
    assert not left & {drive.id for drive in lab.drives}


async def test_a_run_that_reads_nothing_fails_with_the_reason(syncs):
    syncs.world.faults.add(Fault(host="sharepoint", path="*", status=403, count=None))
    with pytest.raises(Rejected) as told:
        await syncs.run("files")
    assert told.value.code == "access_denied"
