"""A library that shows a folder of the disk, and what clients lay over it."""

import asyncio
import os

import pytest

from m365sim.files.blob import MemoryBlob
from m365sim.files.mirror_scan import Scanner
from m365sim.files.problems import Missing
from m365sim.files.quickxor import quick_xor_hash


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "library"
    (made / "A" / "B").mkdir(parents=True)
    (made / "A" / "B" / "deep.txt").write_bytes(b"deep")
    (made / "A" / "one.txt").write_bytes(b"one")
    (made / "top.txt").write_bytes(b"top")
    return made


@pytest.fixture
def mirror(content, drive, folder):
    return content.mirror(drive, folder)


def paths(drive):
    return sorted(drive.path(item) for item in drive.walk(drive.root))


def at(drive, path):
    return drive.resolve(drive.root, path.split("/"))


def bytes_of(item):
    return b"".join(item.blob.chunks(0, item.size))


def write(path, content, later=1):
    """Change a file so that its time of change differs for certain."""
    path.write_bytes(content)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + later * 1_000_000_000))


def test_names_sizes_bytes_hashes_and_times(mirror, drive, folder):
    os.utime(folder / "top.txt", (1_700_000_000, 1_700_000_000))
    mirror.rescan()
    assert paths(drive) == ["/A", "/A/B", "/A/B/deep.txt", "/A/one.txt", "/top.txt"]
    item = at(drive, "top.txt")
    assert item.size == 3
    assert bytes_of(item) == b"top"
    assert item.blob.quick_xor_hash() == quick_xor_hash(b"top")
    assert item.modified_at == item.file_modified_at == 1_700_000_000


def test_large_file_is_read_in_pieces(content, drive, folder, mirror):
    large = os.urandom(700_000)
    (folder / "large.bin").write_bytes(large)
    mirror.rescan()
    item = at(drive, "large.bin")
    pieces = list(item.blob.chunks(0, item.size))
    assert len(pieces) > 1
    assert b"".join(pieces) == large
    assert b"".join(item.blob.chunks(300_000, 300_010)) == large[300_000:300_010]
    assert item.blob.quick_xor_hash() == quick_xor_hash(large)


def test_nothing_changed_is_no_change(mirror):
    assert mirror.rescan() == 0


def test_new_changed_and_removed_files_show(mirror, drive, folder):
    edited, removed = at(drive, "top.txt"), at(drive, "A/one.txt")
    write(folder / "top.txt", b"top two")
    (folder / "A" / "one.txt").unlink()
    (folder / "C").mkdir()
    (folder / "C" / "new.txt").write_bytes(b"new")
    mirror.rescan()
    assert paths(drive) == ["/A", "/A/B", "/A/B/deep.txt", "/C", "/C/new.txt", "/top.txt"]
    assert at(drive, "top.txt").uid == edited.uid
    assert at(drive, "top.txt").content_version == 2
    assert bytes_of(at(drive, "top.txt")) == b"top two"
    with pytest.raises(Missing):
        drive.live(removed.uid)


def test_renaming_keeps_the_id(mirror, drive, folder):
    top, a, deep = at(drive, "top.txt"), at(drive, "A"), at(drive, "A/B/deep.txt")
    (folder / "top.txt").rename(folder / "A" / "moved.txt")
    (folder / "A").rename(folder / "Z")
    mirror.rescan()
    assert at(drive, "Z").uid == a.uid
    assert at(drive, "Z/B/deep.txt").uid == deep.uid
    assert bytes_of(at(drive, "Z/B/deep.txt")) == b"deep"
    assert bytes_of(at(drive, "Z/moved.txt")) == b"top"
    (folder / "Z" / "one.txt").rename(folder / "one.txt")
    one = at(drive, "Z/one.txt")
    mirror.rescan()
    assert at(drive, "one.txt").uid == one.uid
    assert top.uid


def test_a_whole_folder_goes(mirror, drive, folder):
    (folder / "A" / "B" / "deep.txt").unlink()
    (folder / "A" / "B").rmdir()
    (folder / "A" / "one.txt").unlink()
    (folder / "A").rmdir()
    mirror.rescan()
    assert paths(drive) == ["/top.txt"]


def test_edit_by_a_client_lies_on_top_until_the_disk_changes(mirror, drive, folder, alex):
    item = at(drive, "top.txt")
    drive.replace_content(item, MemoryBlob(b"tenant"), alex)
    assert mirror.rescan() == 0
    assert bytes_of(at(drive, "top.txt")) == b"tenant"
    assert (folder / "top.txt").read_bytes() == b"top"
    write(folder / "top.txt", b"disk")
    mirror.rescan()
    assert bytes_of(at(drive, "top.txt")) == b"disk"
    assert at(drive, "top.txt").uid == item.uid


def test_deletion_by_a_client_lasts_until_the_disk_changes(mirror, drive, folder):
    drive.delete(at(drive, "A"))
    assert mirror.rescan() == 0
    assert paths(drive) == ["/top.txt"]
    write(folder / "A" / "one.txt", b"touched")
    mirror.rescan()
    assert paths(drive) == ["/A", "/A/one.txt", "/top.txt"]
    assert (folder / "A" / "B" / "deep.txt").exists()


def test_what_clients_put_in_a_folder_outlives_the_folder_on_disk(mirror, drive, folder, alex):
    drive.put_file(at(drive, "A/B"), "mine.txt", MemoryBlob(b"mine"), alex)
    (folder / "A" / "B" / "deep.txt").unlink()
    (folder / "A" / "B").rmdir()
    mirror.rescan()
    assert paths(drive) == ["/A", "/A/B", "/A/B/mine.txt", "/A/one.txt", "/top.txt"]


def test_file_on_disk_takes_over_what_a_client_put_there(mirror, drive, folder, alex):
    item, _ = drive.put_file(drive.root, "new.txt", MemoryBlob(b"tenant"), alex)
    (folder / "new.txt").write_bytes(b"disk")
    mirror.rescan()
    assert at(drive, "new.txt").uid == item.uid
    assert bytes_of(at(drive, "new.txt")) == b"disk"


def test_folder_and_file_change_places(mirror, drive, folder):
    (folder / "top.txt").unlink()
    (folder / "top.txt").mkdir()
    (folder / "top.txt" / "x.txt").write_bytes(b"x")
    mirror.rescan()
    assert at(drive, "top.txt").is_folder
    assert bytes_of(at(drive, "top.txt/x.txt")) == b"x"


def test_what_sharepoint_cannot_hold_is_left_out_and_logged_once(
    content, drive, folder, tmp_path, caplog
):
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"secret")
    (folder / ".hidden").write_bytes(b"x")
    (folder / "what?.txt").write_bytes(b"x")
    (folder / "Same.txt").write_bytes(b"x")
    (folder / "same.TXT").write_bytes(b"y")
    (folder / "out.txt").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(folder / "nothing")
    (folder / "inside.txt").symlink_to(folder / "top.txt")
    os.mkfifo(folder / "pipe")
    mirror = content.mirror(drive, folder)
    mirror.rescan()
    assert {p for p in paths(drive) if p.count("/") == 1} == {
        "/A", "/Same.txt", "/inside.txt", "/top.txt",
    }  # fmt: skip
    told = [record.getMessage() for record in caplog.records]
    assert sum("what?.txt" in text for text in told) == 1
    assert sum("out.txt" in text for text in told) == 1
    assert sum("same.TXT" in text for text in told) == 1


def test_file_that_vanished_hashes_like_nothing_and_is_gone_at_the_next_look(mirror, drive, folder):
    item = at(drive, "top.txt")
    (folder / "top.txt").unlink()
    assert item.blob.quick_xor_hash() == quick_xor_hash(b"")
    mirror.rescan()
    assert "/top.txt" not in paths(drive)


@pytest.mark.parametrize("unreadable", ["", "A"])
def test_a_folder_that_cannot_be_read_is_not_an_empty_one(
    mirror, drive, folder, monkeypatch, unreadable
):
    before = paths(drive)
    scandir = os.scandir

    def refuse(place):
        if place == folder / unreadable:
            raise PermissionError(13, "no access", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert mirror.rescan() == 0
    assert paths(drive) == before


def test_file_that_cannot_be_looked_at_is_left_out(mirror, drive, folder, monkeypatch):
    write(folder / "top.txt", b"changed")
    look = Scanner._entry

    def refuse(self, found, rel):
        if rel == "top.txt":
            (folder / "top.txt").unlink()  # gone between the listing and the look at it
        return look(self, found, rel)

    monkeypatch.setattr(Scanner, "_entry", refuse)
    mirror.rescan()
    assert "/top.txt" not in paths(drive)


def test_what_the_library_refuses_is_left_out(mirror, drive, folder, alex, caplog):
    drive.create_folder(drive.root, "clash", alex)
    (folder / "clash").write_bytes(b"a file where a client made a folder")
    deep = folder.joinpath(*["x" * 90] * 4, "y" * 60)
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"too deep")
    mirror.rescan()
    assert at(drive, "clash").is_folder
    told = [record.getMessage() for record in caplog.records]
    assert any("clash" in text for text in told)
    assert any("400 characters" in text for text in told)


def test_rename_onto_something_of_a_clients_is_left_as_it_is(mirror, drive, folder, alex, caplog):
    theirs, _ = drive.put_file(at(drive, "A"), "mine.txt", MemoryBlob(b"mine"), alex)
    (folder / "top.txt").rename(folder / "A" / "mine.txt")
    mirror.rescan()
    assert "/top.txt" not in paths(drive)
    assert at(drive, "A/mine.txt").uid == theirs.uid
    assert bytes_of(at(drive, "A/mine.txt")) == b"top"


def test_rename_of_what_a_client_deleted(mirror, drive, folder):
    drive.delete(at(drive, "top.txt"))
    (folder / "top.txt").rename(folder / "again.txt")
    mirror.rescan()
    assert bytes_of(at(drive, "again.txt")) == b"top"


def test_edit_on_disk_of_what_a_client_deleted_makes_a_new_item(mirror, drive, folder):
    old = at(drive, "top.txt")
    drive.delete(old)
    write(folder / "top.txt", b"again")
    mirror.rescan()
    assert at(drive, "top.txt").uid != old.uid


def test_folder_renamed_while_it_gets_other_content(mirror, drive, folder):
    old = at(drive, "A/B")
    (folder / "A" / "B" / "deep.txt").unlink()
    (folder / "A" / "B").rename(folder / "C")
    (folder / "C" / "other.txt").write_bytes(b"x")
    mirror.rescan()
    assert paths(drive) == ["/A", "/A/one.txt", "/C", "/C/other.txt", "/top.txt"]
    with pytest.raises(Missing):
        drive.live(old.uid)


async def test_changes_are_followed_while_watching(content, mirror, drive, folder):
    stop = asyncio.Event()
    watching = asyncio.create_task(content.watch(stop))
    try:
        async with asyncio.timeout(20):
            number = 0
            while "/seen.txt" not in paths(drive):
                number += 1  # until the watcher has settled, its first events may be missed
                write(folder / "seen.txt", b"x" * number, later=number)
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await watching
