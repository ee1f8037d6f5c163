"""What a fresh world holds."""

import zipfile
from io import BytesIO

from m365sim.truth import truth
from m365sim.world import build_world


def test_equal_seeds_give_equal_ids_and_other_seeds_others():
    def ids(seed):
        return [drive.id for drive in build_world(seed=seed).content.drives()]

    assert ids(1) == ids(1)
    assert not set(ids(1)) & set(ids(2))


def test_synthetic_and_mirrored_libraries_come_on_demand(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "Über uns.txt").write_bytes(b"x")
    world = build_world(seed_files=250, library=tmp_path / "docs")
    archive = world.content.site_at(world.content.host, "/sites/archive").drives[0]
    assert len(list(archive.walk(archive.root))) == 253
    mirror = world.content.site_at(world.content.host, "/sites/mirror").drives[0]
    assert mirror.name == "docs"
    assert [item.name for item in mirror.walk(mirror.root)] == ["Über uns.txt"]


def test_a_million_files_take_no_time_and_no_memory_worth_naming():
    drive = build_world(seed_files=1_000_000).content.drives()[-1]
    assert drive.child_count(drive.root.uid) == 20
    assert drive.base.last == 1_010_000
    assert len(drive.in_memory(drive.log.head)) == 0


def test_documents_are_documents(world):
    site = world.content.site_at("contoso.sharepoint.com", "/sites/people")
    item = site.drives[0].resolve(site.drives[0].root, ["Handbook.docx"])
    content = b"".join(item.blob.chunks(0, item.size))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert b"How we work" in archive.read("word/document.xml")


def test_names_hold_what_connectors_trip_over(world):
    paths = "".join(
        item["path"]
        for site in truth(world)["sites"]
        for drive in site["drives"]
        for item in drive["items"]
    )
    for character in "#%'&+ü ":
        assert character in paths


def test_a_library_that_is_removed_is_gone(world, drive):
    world.content.remove_drive(drive)
    assert world.content.drive_by_id(drive.id) is None
    assert drive not in drive.site.drives
