"""The syncs of lists, columns, content types, pages and rows against the emulator's truth."""

from urllib.parse import unquote

import pytest

from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.lists.site_pages import SitePages

PAGE = {"@odata.type": "#microsoft.graph.sitePage"}
APP = pytest.mark.parametrize("is_app", [False, True], ids=["user", "app"])


def lists_of(syncs, *sites):
    """Return what Graph tells of a site's lists: all but the system's own."""
    return [one for site in sites for one in syncs.world.lists.of(site) if not one.is_system]


def rows_of(found) -> dict[str, object]:
    return {f"{found.site.id}_{found.id}_{row.id}": row for row in found.rows_after(0)}


def chosen(syncs) -> tuple[list, dict]:
    sites = [syncs.site(), syncs.site("/sites/people")]
    ids = [site.id for site in sites]
    return sites, {"sites": ids, "site_ids": ids, "siteIds": ids, "selectedSites": ids}


async def test_lists_and_their_columns_come_and_go(syncs):
    sites, named = chosen(syncs)
    await syncs.run("lists", named)
    await syncs.run("list-columns", named)
    assert len(syncs.requests) == 1
    known = lists_of(syncs, *sites)
    held = syncs.live("lists")
    assert set(held) == {f"{one.site.id}|{one.id}" for one in known}
    library = syncs.world.lists.library(syncs.drive())
    record = held[f"{library.site.id}|{library.id}"]
    assert (record["site_id"], record["list_template"]) == (library.site.id, "documentLibrary")

    def columns() -> set[str]:
        return {
            f"{one.site.id}/{one.id}/{column.id}"
            for one in lists_of(syncs, *sites)
            for column in one.schema.columns.values()
        }

    assert set(syncs.live("list-columns")) == columns()
    made = syncs.world.lists.create(
        sites[0], "Parts", SYSTEM, columns=[{"name": "Weight", "number": {}}]
    )
    await syncs.run("lists", named)
    await syncs.run("list-columns", named)
    assert f"{made.site.id}|{made.id}" in syncs.live("lists")
    weight = next(o for o in syncs.live("list-columns").values() if o["name"] == "Weight")
    assert (weight["columnType"], weight["listId"]) == ("number", made.id)
    assert set(syncs.live("list-columns")) == columns()
    syncs.world.lists.remove(made)
    for name in ("lists", "list-columns"):
        ran = await syncs.run(name, named)
        assert ran.counts.deleted
    assert set(syncs.live("lists")) == set(held)
    assert set(syncs.live("list-columns")) == columns()


async def test_site_columns_and_content_types(syncs):
    sites, named = chosen(syncs)
    for name, part in (("site-columns", "columns"), ("content-types", "content_types")):
        await syncs.run(name, named)

        def truth(part=part) -> set[str]:
            return {
                f"{site.id}|{one.id}"
                for site in sites
                for one in getattr(syncs.world.lists.site_schema(site), part).values()
            }

        assert set(syncs.live(name)) == truth()
        fault = Fault(host="graph", path=f"*{sites[0].id.split(',')[1]}*", status=423, count=None)
        syncs.world.faults.add(fault)
        held = syncs.live(name)
        ran = await syncs.run(name, named)
        assert [skip.place for skip in ran.skipped] == [sites[0].id]
        assert syncs.live(name) == held
        syncs.world.faults.remove()
        # of two sites, one is chosen no more
        one_left = {key: value[:1] for key, value in named.items()}
        await syncs.run(name, one_left)
        assert {record["siteId"] for record in syncs.live(name).values()} == {sites[0].id}


async def test_pages_come_change_and_go(syncs):
    site = syncs.site()
    pages = SitePages(syncs.world.lists.pages(site))
    made = pages.create({**PAGE, "name": "news.aspx", "title": "News"}, SYSTEM)
    named = {"selectedSites": [site.id]}
    await syncs.run("site-pages", named)

    def titles() -> dict[str, str]:
        return {one["pageId"]: one["title"] for one in syncs.live("site-pages").values()}

    def truth() -> list[str]:
        return sorted(page.title for page in pages.all())

    assert sorted(titles().values()) == truth()
    assert all(key.startswith(f"{site.id}/") for key in syncs.live("site-pages"))
    made = pages.update(made, {**PAGE, "title": "Old news"}, SYSTEM)
    await syncs.run("site-pages", named)
    assert sorted(titles().values()) == truth()
    assert "Old news" in truth()
    pages.delete(made)
    ran = await syncs.run("site-pages", named)
    assert sorted(titles().values()) == truth()
    assert ran.counts.deleted == 1


@APP
async def test_rows_of_every_list(syncs, is_app):
    if is_app:
        syncs.be_app()
    sites, named = chosen(syncs)

    def truth() -> set[str]:
        return {key for one in lists_of(syncs, *sites) for key in rows_of(one)}

    await syncs.run("list-items", named)
    assert set(syncs.live("list-items")) == truth()
    again = await syncs.run("list-items", named)
    assert len(syncs.requests) == 1 + len(lists_of(syncs, *sites))
    assert (again.counts.added, again.counts.updated, again.counts.deleted) == (0, 0, 0)
    drive = syncs.drive()
    drive.delete(drive.resolve(drive.root, ["Welcome.md"]))
    drive.put_file(drive.root, "New.txt", MemoryBlob(b"n"), SYSTEM)
    made = syncs.world.lists.create(sites[0], "Parts", SYSTEM)
    made.add({"Title": "Bolt"}, SYSTEM)
    await syncs.run("list-items", named)
    assert set(syncs.live("list-items")) == truth()
    bolt = next(one for one in syncs.live("list-items").values() if one["listId"] == made.id)
    assert (bolt["name"], bolt["fields"]["Title"]) == ("Bolt", "Bolt")
    assert bolt["columns"]["Title"] == {"displayName": "Title", "type": "text", "value": "Bolt"}
    syncs.world.lists.remove(made)
    drive.delete(drive.resolve(drive.root, ["Campaigns"]))
    await syncs.run("list-items", named)
    assert set(syncs.live("list-items")) == truth()


async def test_lookups_and_persons_are_told_by_name(syncs):
    site = syncs.site()
    lists = syncs.world.lists
    makers = lists.create(site, "Makers", SYSTEM)
    acme = makers.add({"Title": "Acme"}, SYSTEM)
    parts = lists.create(
        site,
        "Parts",
        SYSTEM,
        columns=[
            {"name": "Maker", "lookup": {"listId": makers.id, "columnName": "Title"}},
            {"name": "Weight", "displayName": "Weight in g", "number": {}},
        ],
    )
    parts.add({"Title": "Bolt", "Maker": acme.id, "Weight": 12.5}, SYSTEM)
    await syncs.run("list-items", {"sites": [site.id]})
    (bolt,) = [one for one in syncs.live("list-items").values() if one["listId"] == parts.id]
    assert bolt["columns"]["Maker"] == {
        "displayName": "Maker",
        "type": "lookup",
        "value": "Acme",
        "lookupId": str(acme.id),
        "lookupListId": makers.id,
    }
    assert bolt["columns"]["Weight"] == {
        "displayName": "Weight in g",
        "type": "number",
        "value": 12.5,
    }
    author = bolt["columns"]["Author"]
    assert author["type"] == "personOrGroup"
    assert author["value"]
    # another column: all rows are read again, by themselves
    lists.add_column(parts, {"name": "Colour", "text": {}})
    parts.update(parts.row(1), {"Colour": "red"}, SYSTEM)
    await syncs.run("list-items", {"sites": [site.id]})
    (bolt,) = [one for one in syncs.live("list-items").values() if one["listId"] == parts.id]
    assert bolt["columns"]["Colour"]["value"] == "red"


async def test_rows_lie_where_their_folder_and_list_do(syncs):
    site, drive = syncs.site(), syncs.drive()
    named = {"sites": [site.id]}
    library = syncs.world.lists.library(drive)
    folder = drive.create_folder(drive.root, "Plans", SYSTEM)
    inner = drive.create_folder(folder, "In §1", SYSTEM)
    drive.put_file(inner, "Kept, too.txt", MemoryBlob(b"k"), SYSTEM)
    await syncs.run("list-items", named)

    def addresses() -> list[str]:
        rows = syncs.live("list-items").values()
        found = [unquote(row["webUrl"]) for row in rows if row["listId"] == library.id]
        return sorted(url for url in found if "/In " in url)

    beginning = f"{site.web_url}/Shared Documents"
    assert addresses() == [f"{beginning}/Plans/In §1", f"{beginning}/Plans/In §1/Kept, too.txt"]
    drive.update(folder, SYSTEM, name="Pläne & more")
    ran = await syncs.run("list-items", named)
    moved = f"{beginning}/Pläne & more/In §1"
    assert addresses() == [moved, f"{moved}/Kept, too.txt"]
    # of the folder and of what lies below it
    assert ran.counts.updated == 3
    # a library under another address: its feed says nothing, and it is read afresh
    drive.url_name = "Papers"
    await syncs.run("list-items", named)
    moved = f"{site.web_url}/Papers/Pläne & more/In §1"
    assert addresses() == [moved, f"{moved}/Kept, too.txt"]
    again = await syncs.run("list-items", named)
    assert (again.counts.updated, again.counts.unchanged) == (0, 0)


async def test_a_library_beyond_the_view_threshold(syncs):
    big = syncs.world.content.add_site("/sites/big", "Big", description="Big")
    drive = syncs.world.content.add_drive(big, synthetic_files=5_001)
    syncs.be_app()
    await syncs.run("list-items", {"sites": [big.id]})
    library = syncs.world.lists.library(drive)
    assert library.is_large()
    assert set(syncs.live("list-items")) == {
        key for one in lists_of(syncs, big) for key in rows_of(one)
    }
    assert len(syncs.live("list-items")) > 5_000


async def test_a_closed_list_or_site_is_kept(syncs):
    sites, named = chosen(syncs)
    await syncs.run("list-items", named)
    held = syncs.live("list-items")
    library = syncs.world.lists.library(syncs.drive())
    closed = f"*{sites[0].id.split(',')[1]}*{library.id}/items/delta*"
    syncs.world.faults.add(Fault(host="graph", path=closed, status=403))
    ran = await syncs.run("list-items", named)
    assert [skip.place for skip in ran.skipped] == [f"{sites[0].id}/{library.id}"]
    assert syncs.live("list-items") == held
    syncs.world.faults.add(
        Fault(host="graph", path=f"*{sites[1].id.split(',')[1]}*/lists?*", status=423)
    )
    ran = await syncs.run("list-items", named)
    assert [skip.place for skip in ran.skipped] == [sites[1].id]
    assert syncs.live("list-items") == held


async def test_a_site_that_is_gone_takes_its_rows_along(syncs):
    syncs.be_app()
    await syncs.run("list-items")
    people = syncs.site("/sites/people")
    assert any(one["siteId"] == people.id for one in syncs.live("list-items").values())
    syncs.world.content.remove_site(people)
    ran = await syncs.run("list-items")
    assert not any(one["siteId"] == people.id for one in syncs.live("list-items").values())
    assert not ran.skipped
