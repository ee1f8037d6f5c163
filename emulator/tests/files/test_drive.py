"""The tree of a library: names, conflicts, moves, the recycle bin, versions."""

from datetime import timedelta

import pytest

from m365sim.files.blob import MemoryBlob
from m365sim.files.problems import BadName, Missing, NameTaken, NotAllowed, PathTooLong


def put(drive, parent, name, text, by, **options):
    return drive.put_file(parent, name, MemoryBlob(text.encode()), by, **options)


def test_new_file_is_found_by_id_path_and_any_case(drive, alex):
    folder = drive.create_folder(drive.root, "Plans", alex)
    item, is_new = put(drive, folder, "A b.txt", "hello", alex)
    assert is_new
    assert drive.by_id(drive.item_id(item.uid)) is item
    assert drive.resolve(drive.root, ["plans", "a B.TXT"]) is item
    assert drive.path(item) == "/Plans/A b.txt"
    assert drive.child_count(folder.uid) == 1
    assert drive.folder_bytes(folder.uid) == 5


def test_id_of_another_drive_is_missing(content, site, drive, alex):
    other = content.add_drive(site, "Other", "Other")
    item = drive.create_folder(drive.root, "A", alex)
    with pytest.raises(Missing):
        other.by_id(drive.item_id(item.uid))


def test_new_content_moves_both_versions_and_keeps_the_id(drive, alex, clock):
    first, _ = put(drive, drive.root, "a.txt", "one", alex)
    clock.advance(timedelta(minutes=1))
    second, is_new = put(drive, drive.root, "A.txt", "two!", alex)
    assert not is_new
    assert second.uid == first.uid
    assert second.name == "a.txt"
    assert (second.version, second.content_version) == (2, 2)
    assert second.modified_at - first.modified_at == 60
    assert drive.folder_bytes(drive.root.uid) == 4


def test_rename_and_move_change_the_etag_only(drive, alex, clock):
    item, _ = put(drive, drive.root, "a.txt", "one", alex)
    folder = drive.create_folder(drive.root, "F", alex)
    clock.advance(timedelta(minutes=1))
    moved = drive.update(item, alex, parent=folder)
    assert (moved.version, moved.content_version) == (2, 1)
    assert moved.modified_at == item.modified_at
    renamed = drive.update(moved, alex, name="b.txt")
    assert renamed.modified_at > item.modified_at
    assert drive.path(renamed) == "/F/b.txt"
    assert drive.child(drive.root.uid, "a.txt") is None


def test_changing_only_the_case_of_a_name_is_no_conflict(drive, alex):
    item, _ = put(drive, drive.root, "readme.md", "x", alex)
    assert drive.update(item, alex, name="README.md").name == "README.md"


def test_conflicts(drive, alex):
    folder = drive.create_folder(drive.root, "Docs", alex)
    with pytest.raises(NameTaken):
        drive.create_folder(drive.root, "docs", alex)
    assert drive.create_folder(drive.root, "Docs", alex, "replace") is folder
    assert drive.create_folder(drive.root, "Docs", alex, "rename").name == "Docs 1"
    assert drive.create_folder(drive.root, "Docs", alex, "rename").name == "Docs 2"
    put(drive, folder, "a.b.txt", "1", alex)
    with pytest.raises(NameTaken):
        put(drive, folder, "A.B.TXT", "2", alex, conflict="fail")
    assert put(drive, folder, "a.b.txt", "2", alex, conflict="rename")[0].name == "a.b 1.txt"
    with pytest.raises(NameTaken):
        put(drive, drive.root, "Docs", "a file where a folder is", alex)
    with pytest.raises(NameTaken):
        drive.update(drive.child(folder.uid, "a.b 1.txt"), alex, name="a.b.txt")


def test_update_can_replace_or_step_aside(drive, alex):
    one, _ = put(drive, drive.root, "one.txt", "1", alex)
    two, _ = put(drive, drive.root, "two.txt", "2", alex)
    aside = drive.update(two, alex, name="one.txt", conflict="rename")
    assert aside.name == "one 1.txt"
    won = drive.update(aside, alex, name="one.txt", conflict="replace")
    assert drive.child(drive.root.uid, "one.txt").uid == won.uid == two.uid
    with pytest.raises(Missing):
        drive.live(one.uid)


@pytest.mark.parametrize(
    "name",
    ["", ".", "a*b", 'a"b', "a:b", "a<b", "a?b", "a/b", "a\\b", "a|b", " a", "a ", "a.", "~$a.docx",
     "CON", "lpt1", "desktop.ini", ".lock", "x_vti_y", "forms"],
)  # fmt: skip
def test_names_that_sharepoint_forbids(drive, alex, name):
    with pytest.raises(BadName):
        drive.create_folder(drive.root, name, alex)


@pytest.mark.parametrize("name", ["a#b", "50%", "it's", "a+b & c", "Müller", "~x", "a.b", "COM10"])
def test_names_that_sharepoint_takes(drive, alex, name):
    assert drive.create_folder(drive.root, name, alex).name == name


def test_forms_is_reserved_at_the_root_only(drive, alex):
    folder = drive.create_folder(drive.root, "A", alex)
    assert drive.create_folder(folder, "Forms", alex).name == "Forms"


def test_path_of_more_than_400_characters_is_refused(drive, alex):
    folder = drive.root
    for _ in range(3):
        folder = drive.create_folder(folder, "x" * 120, alex)
    with pytest.raises(PathTooLong):
        drive.create_folder(folder, "y" * 40, alex)


def test_deleting_a_folder_takes_what_is_below_along_and_restoring_brings_it_back(drive, alex):
    folder = drive.create_folder(drive.root, "F", alex)
    item, _ = put(drive, folder, "a.txt", "x", alex)
    lost, _ = put(drive, folder, "lost.txt", "x", alex)
    drive.delete(lost)
    drive.delete(folder)
    for uid in (folder.uid, item.uid):
        with pytest.raises(Missing):
            drive.live(uid)
    assert drive.children(drive.root.uid) == []
    back = drive.restore(folder.uid)
    assert back.uid == folder.uid
    assert drive.live(item.uid).name == "a.txt"
    with pytest.raises(Missing):
        drive.live(lost.uid)


def test_restore_refuses_what_is_not_in_the_bin_or_has_no_place(drive, alex):
    item, _ = put(drive, drive.root, "a.txt", "x", alex)
    with pytest.raises(Missing):
        drive.restore(item.uid)
    drive.delete(item)
    put(drive, drive.root, "A.txt", "another", alex)
    with pytest.raises(NameTaken):
        drive.restore(item.uid)
    assert drive.bin()[0].uid == item.uid


def test_what_makes_no_sense_is_refused(drive, alex):
    folder = drive.create_folder(drive.root, "F", alex)
    below = drive.create_folder(folder, "G", alex)
    item, _ = put(drive, folder, "a.txt", "x", alex)
    with pytest.raises(NotAllowed):
        drive.update(folder, alex, parent=below)
    with pytest.raises(NotAllowed):
        drive.delete(drive.root)
    with pytest.raises(NotAllowed):
        drive.update(drive.root, alex, name="x")
    with pytest.raises(NotAllowed):
        put(drive, item, "b.txt", "x", alex)
    with pytest.raises(NotAllowed):
        drive.replace_content(folder, MemoryBlob(b""), alex)


def test_group_sites_share_web_and_library_guids_but_no_ids(content):
    one, two = (content.add_site(f"/sites/{n}", n, in_group=True) for n in ("one", "two"))
    assert one.web == two.web
    assert one.id != two.id
    first, second = content.add_drive(one), content.add_drive(two)
    assert first.library == second.library
    assert first.id != second.id
    assert first.item_id(first.root.uid) != second.item_id(second.root.uid)


def test_sites_are_found_by_every_kind_of_id(content, site):
    root = content.add_site("", "Root")
    below = content.add_site("/sites/x/sub", "Sub", parent=site)
    guid = site.id.split(",")[1]
    assert content.site_by_id(site.id) is site
    assert content.site_by_id(site.id.upper()) is site
    assert content.site_by_id(guid) is site
    assert content.site_by_id("root") is root
    assert content.site_by_id("contoso.sharepoint.com") is root
    assert content.site_by_id(below.id) is below
    assert content.site_at("CONTOSO.sharepoint.com", "/Sites/X/") is site
    assert content.site_by_id("nothing,like,this") is None
