"""The identity map: what both APIs call the same site, drive and item."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fairlead_microsoft.sharepoint_v1.identity import (
    ROOT,
    DriveRef,
    ItemIds,
    ItemRef,
    SiteMap,
    SiteRef,
    item_url,
)
from m365sim.world import build_world

GUIDS = st.uuids().map(str)


@given(GUIDS, GUIDS, GUIDS)
def test_drives_and_sites_go_both_ways(site, web, library):
    assert DriveRef.read(DriveRef(site, web, library).id) == DriveRef(site, web, library)
    ref = SiteRef("contoso.sharepoint.com", site, web)
    assert SiteRef.read(ref.id) == ref


@given(st.binary(min_size=4, max_size=4), GUIDS)
def test_items_go_both_ways(prefix, unique_id):
    ids = ItemIds("b!x", prefix.hex(), root_unique_id=str(UUID(int=7)))
    assert ids.unique_id(ids.item_id(unique_id)) == unique_id
    assert ids.item_id(str(UUID(int=7))) == ids.root_id
    assert ids.unique_id(ids.root_id) == str(UUID(int=7))
    assert ItemIds.of_root("b!x", ids.root_id) == ItemIds("b!x", prefix.hex())
    # the same unique id in another drive is another item
    assert ids.unique_id(ItemRef((prefix[:3] + bytes([prefix[3] ^ 1])).hex(), unique_id).id) is None


def test_they_are_the_ids_of_recorded_answers():
    site = "2c712604-1370-44e7-a1f5-426573fda80a"
    drive = DriveRef(site, site, site)
    # the first part of a GUID is written backwards
    assert drive.id.startswith("b!BCZxLHAT")
    item = ItemRef.read("01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK")
    assert item is not None
    assert item.id == "01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK"
    root = ItemRef.read(ItemRef("6a86cf38", ROOT).id)
    assert root == ItemRef("6a86cf38", ROOT)


def test_what_is_none_of_sharepoints_ids_is_not_read():
    for text in ("", "b!", "b!AAAA", "ABC!123", "b!ü", "01", "01ABC", "root"):
        assert DriveRef.read(text) is None
        assert ItemRef.read(text) is None
    for text in ("root", "contoso.sharepoint.com", "host,1,2", ",a,b"):
        assert SiteRef.read(text) is None
    assert ItemIds.of_root("b!x", "root") is None


def test_every_id_of_the_emulator_is_read():
    world = build_world()
    for site in world.content.all_sites():
        ref = SiteRef.read(site.id)
        assert ref is not None
        assert ref.id == site.id
        for drive in site.drives:
            known = DriveRef.read(drive.id)
            assert known is not None
            assert (known.id, known.site_id, known.web_id, known.list_id) == (
                *(drive.id, ref.site_id, ref.web_id, world.lists.library(drive).id),
            )
            ids = ItemIds.of_root(drive.id, drive.item_id(drive.root.uid))
            assert ids is not None
            for item in drive.walk(drive.root):
                unique_id = str(UUID(bytes_le=item.uid))
                assert ids.item_id(unique_id) == drive.item_id(item.uid)
                assert ids.unique_id(drive.item_id(item.uid)) == unique_id
    world.close()


def test_addresses_of_sites():
    sites = SiteMap()
    sites.learn("h,1,2", "https://Contoso.sharepoint.com/sites/Big Deal/")
    assert sites.site_id("https://contoso.sharepoint.com/Sites/big%20deal") == "h,1,2"
    assert sites.url("h,1,2") == "https://contoso.sharepoint.com/sites/big%20deal"
    # the site's address was changed, and another site has its old one now
    sites.learn("h,1,2", "https://contoso.sharepoint.com/sites/other")
    sites.learn("h,3,4", "https://contoso.sharepoint.com/sites/big deal")
    assert sites.site_id("https://contoso.sharepoint.com/sites/big deal") == "h,3,4"
    assert sites.url("h,1,2") == "https://contoso.sharepoint.com/sites/other"
    sites.learn("h,5,6", "https://contoso.sharepoint.com/sites/other")
    assert sites.url("h,1,2") is None
    assert sites.site_id("https://nowhere.sharepoint.com") is None


def test_addresses_of_files_are_those_that_graph_gives():
    web, uid = "https://contoso.sharepoint.com/sites/x", "a0000000-0000-4000-8000-00000000000b"
    plain = item_url(web, "/sites/x/Lib/b é#%.txt", uid, is_folder=False)
    assert plain == "https://contoso.sharepoint.com/sites/x/Lib/b%20%C3%A9%23%25.txt"
    viewed = item_url(web, "/sites/x/Lib/a b.docx", uid, is_folder=False)
    assert viewed == (
        f"{web}/_layouts/15/Doc.aspx?sourcedoc=%7B{uid.upper()}%7D&file=a%20b.docx"
        "&action=default&mobileredirect=true"
    )
    assert item_url(web, "/sites/x/Lib/a.docx", uid, is_folder=True).endswith("/Lib/a.docx")
