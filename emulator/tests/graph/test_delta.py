"""Delta over HTTP: links, annotations, select, quirks, 410."""

import re
from datetime import timedelta

import pytest

from m365sim.files.blob import MemoryBlob


@pytest.fixture
def place(drive):
    return f"/drives/{drive.id}/root/delta"


def names(entries):
    return [entry.get("name") for entry in entries]


async def test_first_round(graph, drive, place):
    entries, link, pages = await graph.round(f"{place}?$top=4")
    assert len(entries) == 1 + sum(1 for _ in drive.walk(drive.root))
    assert all(len(page["value"]) <= 4 for page in pages)
    assert all(e["@odata.type"] == "#microsoft.graph.driveItem" for e in entries)
    assert not any("@microsoft.graph.downloadUrl" in entry for entry in entries)
    root = entries[0]
    assert root["root"] == {}
    assert "eTag" not in root
    assert "cTag" not in root
    assert root["parentReference"] == {"driveType": "documentLibrary", "driveId": drive.id}
    seen = set()
    for entry in entries[1:]:
        assert entry["parentReference"]["id"] in seen | {root["id"]}
        assert set(entry["parentReference"]) == {"driveType", "driveId", "id", "path", "siteId"}
        seen.add(entry["id"])
    assert pages[0]["@odata.context"].endswith("#Collection(driveItem)")
    assert pages[-1]["@microsoft.graph.hasMoreData"] is False
    assert pages[-1]["@microsoft.graph.syncStatus"] == "FullData"
    assert link.startswith(f"https://graph.microsoft.com/v1.0{place}?$top=4&token=")


@pytest.mark.parametrize(
    "spelling",
    [
        "/drives/{d}/root/delta",
        "/drives/{d}/root/delta()",
        "/drives/{d}/root/microsoft.graph.delta()",
        "/drives/{d}/items/root/delta",
        "/drives/{d}/root:/:/delta",
        "/sites/{s}/drive/root/delta",
        "/sites/{s}/drives/{d}/root/delta()",
        "//drives/{d}/root/delta?%24top=2",
    ],
)
async def test_every_spelling(graph, drive, spelling):
    path = spelling.format(d=drive.id.replace("!", "%21"), s=drive.site.id)
    entries, link, _ = await graph.round(path)
    assert len(entries) == 1 + sum(1 for _ in drive.walk(drive.root))
    drive.create_folder(drive.root, "New", drive.owner)
    entries, _, _ = await graph.round(link)
    assert names(entries) == ["root", "New"]


async def test_token_as_function_argument(graph, drive, place):
    page = await graph.json(place + "(token='latest')")
    assert page["value"] == []
    token = page["@odata.deltaLink"].partition("token=")[2]
    drive.create_folder(drive.root, "New", drive.owner)
    for call in (f"(token='{token}')", f"(token={token})", f"?token={token}"):
        entries, link, _ = await graph.round(place + call)
        assert names(entries) == ["root", "New"]
        assert "(token" not in link


async def test_my_drive(graph):
    entries, link, _ = await graph.round("/me/drive/root/delta")
    assert "Notes.txt" in names(entries)
    assert "/me/drive/root/delta?token=" in link


async def test_link_keeps_the_query_as_it_was_sent(graph, place):
    _, link, pages = await graph.round(f"{place}?%24top=3&$select=id,name")
    assert "?%24top=3&$select=id,name&token=" in link
    assert "?%24top=3&$select=id,name&token=" in pages[0]["@odata.nextLink"]


async def test_header_refuses_the_folders_above(graph, drive, place, find):
    _, link, _ = await graph.round(place)
    drive.put_file(find("Press/Releases"), "x.txt", MemoryBlob(b"x"), drive.owner)
    entries, _, _ = await graph.round(link)
    assert names(entries) == ["root", "Press", "Releases", "x.txt"]
    entries, _, _ = await graph.round(link, headers={"deltaExcludeParent": ""})
    assert names(entries) == ["x.txt"]


async def test_deleted_entries(graph, drive, place, find, world):
    _, link, _ = await graph.round(place)
    file, folder = find("Welcome.md"), find("Press")
    for item in (file, folder):
        drive.delete(item)
    entries, _, _ = await graph.round(link)
    gone = {entry["id"]: entry for entry in entries if "deleted" in entry}
    assert set(gone) == {drive.item_id(file.uid), drive.item_id(folder.uid)}
    entry = gone[drive.item_id(file.uid)]
    assert entry["deleted"] == {"state": "deleted"}
    assert "file" in entry
    assert not {"name", "cTag", "eTag"} & set(entry)
    assert "path" not in entry["parentReference"]
    world.quirks.change(deleted_name=True, deleted_state="softdeleted")
    entries, _, _ = await graph.round(link)
    assert {"Welcome.md", "Press"} <= set(names(entries))
    assert entries[-1]["deleted"] == {"state": "softdeleted"}


async def test_select_without_deleted_makes_a_deletion_look_alive(graph, drive, place, find):
    _, link, _ = await graph.round(f"{place}?$select=id,name")
    _, careful, _ = await graph.round(f"{place}?$select=id,name,deleted")
    drive.delete(find("Welcome.md"))
    entries, _, _ = await graph.round(link)
    assert [set(entry) for entry in entries] == [{"@odata.type", "id"}]
    entries, _, _ = await graph.round(careful)
    assert entries[0]["deleted"]


async def test_quirks_about_path_and_ctag(graph, place, world):
    world.quirks.change(delta_path=False, delta_ctag=False)
    entries, _, _ = await graph.round(place)
    assert not any("path" in entry["parentReference"] or "cTag" in entry for entry in entries)


async def test_quirk_of_children_reported_with_their_folder(graph, drive, place, at, world):
    _, link, _ = await graph.round(place)
    world.quirks.deleted_children = True
    assert (await graph.call("DELETE", at("Press"))).status_code == 204
    entries, _, _ = await graph.round(link)
    assert sum("deleted" in entry for entry in entries) == 3


async def test_quirk_of_no_echo(graph, drive, place, find, world):
    _, link, _ = await graph.round(place)
    world.quirks.parent_echo = False
    drive.touch(find("Press/Releases/2026-09-01 Launch.html"))
    entries, _, _ = await graph.round(link)
    assert len(entries) == 1


async def test_quirks_of_empty_and_repeating_pages(graph, drive, place, world):
    plain, _, _ = await graph.round(f"{place}?$top=4")
    world.quirks.empty_page_every = 2
    entries, _, pages = await graph.round(f"{place}?$top=4")
    assert any(page["value"] == [] and "@odata.nextLink" in page for page in pages)
    assert entries == plain
    links = [page.get("@odata.nextLink") for page in pages]
    assert len(set(links)) == len(links)
    world.quirks.change(empty_page_every=0, repeat_across_pages=True)
    entries, _, _ = await graph.round(f"{place}?$top=4")
    assert len(entries) > len(plain)
    unique = {entry["id"]: entry for entry in entries}
    assert list(unique) == [entry["id"] for entry in plain]


async def test_two_rounds_side_by_side_do_not_take_each_others_full_pages(graph, place, world):
    world.quirks.empty_page_every = 2
    links, found = [f"{place}?$top=4"] * 2, [0, 0]
    for _ in range(40):
        for number, link in enumerate(links):
            if link:
                page = (await graph.get(link)).json()
                found[number] += len(page["value"])
                links[number] = page.get("@odata.nextLink", "")
    assert links == ["", ""]
    assert found[0] == found[1] > 0


@pytest.mark.parametrize(
    "code", ["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
)
async def test_expired_token_answers_410_with_a_place_to_start_again(
    graph, drive, place, world, code
):
    world.quirks.resync_code = code
    _, link, pages = await graph.round(f"{place}?$top=4")
    world.content.expire_delta_tokens()
    for stale in (link, pages[0]["@odata.nextLink"]):
        response = await graph.get(stale)
        assert response.status_code == 410
        error = response.json()["error"]
        assert error["code"] == "resyncRequired"
        assert error["innerError"]["code"] == code
        entries, _, _ = await graph.round(response.headers["location"])
        assert len(entries) == 1 + sum(1 for _ in drive.walk(drive.root))
    world.quirks.resync_location = False
    assert "location" not in (await graph.get(link)).headers


async def test_token_older_than_the_log_answers_410(graph, place, world):
    _, link, _ = await graph.round(place)
    world.clock.advance(timedelta(days=61))
    assert (await graph.get(link)).status_code == 410


async def test_a_time_as_token(graph, drive, place, world):
    world.clock.advance(timedelta(hours=2))
    drive.create_folder(drive.root, "New", drive.owner)
    entries, _, _ = await graph.round(f"{place}?token=2026-06-03T16%3A00%3A00Z")
    assert names(entries) == ["root", "New"]


async def test_broken_token_and_delta_of_a_folder(graph, drive, place, at):
    for path in (f"{place}?token=nonsense", at("Press") + ":/delta"):
        response = await graph.get(path)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "invalidRequest"


async def test_fast_path_and_single_item_agree(graph, drive, place):
    """What delta says of an item is what the item says of itself."""
    entries, _, _ = await graph.round(place)
    for entry in entries[1:]:
        single = await graph.json(f"/drives/{drive.id}/items/{entry['id']}")
        parent = {k: v for k, v in single["parentReference"].items() if k != "name"}
        expected = {
            **{k: v for k, v in single.items() if k[0] != "@"},
            "@odata.type": "#microsoft.graph.driveItem",
            "parentReference": parent,
        }
        assert entry == expected


async def test_sharing_changes_must_be_preferred_with_their_company(graph, place):
    refused = await graph.get(place, headers={"Prefer": "deltashowsharingchanges"})
    assert refused.status_code == 400
    assert "Must also prefer" in refused.json()["error"]["message"]
    whole = "deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges"
    assert (await graph.get(place, headers={"Prefer": whole})).status_code == 200


async def test_quirk_of_plain_paths(graph, place, world):
    def paths(entries):
        return {entry["parentReference"].get("path", "").partition("root:")[2] for entry in entries}

    entries, _, _ = await graph.round(place)
    assert "/Campaigns/2026%20Q3" in paths(entries)
    world.quirks.path_encoded = False
    entries, _, _ = await graph.round(place)
    assert "/Campaigns/2026 Q3" in paths(entries)


async def test_quirk_of_select_that_leaves_deletions_be(graph, drive, place, find, world):
    world.quirks.change(select_strips_deleted=False)
    _, link, _ = await graph.round(f"{place}?$select=id,name")
    drive.delete(find("Welcome.md"))
    (entry,) = (await graph.round(link))[0]
    assert entry["deleted"] == {"state": "deleted"}
    assert set(entry) == {"@odata.type", "id", "deleted"}


@pytest.mark.parametrize(
    ("form", "spelled"),
    [("bare", lambda tag: tag.strip('"')), ("lower", lambda tag: re.sub("[{}]", "", tag).lower())],
)
async def test_quirk_of_other_spellings_of_etags(graph, place, at, world, form, spelled):
    known, (usual, *_) = await graph.json(at("Welcome.md")), (await graph.round(place))[0][1:]
    world.quirks.change(etag_form=form)
    other = await graph.get(at("Welcome.md"))
    assert (other.json()["eTag"], other.json()["cTag"]) == (
        spelled(known["eTag"]),
        spelled(known["cTag"]),
    )
    assert other.headers["etag"] == known["eTag"]
    entry = next(e for e in (await graph.round(place))[0] if e["id"] == usual["id"])
    assert (entry["eTag"], entry["cTag"]) == (spelled(usual["eTag"]), spelled(usual["cTag"]))
    for tag, status in ((other.json()["eTag"], 200), ('"{0},9"', 412)):
        head = {"If-Match": tag}
        body = {"description": "x"}
        changed = await graph.call("PATCH", at("Welcome.md"), headers=head, json=body)
        assert changed.status_code == status
    with pytest.raises(ValueError, match="one of quoted, bare, lower"):
        world.quirks.change(etag_form="odd")
