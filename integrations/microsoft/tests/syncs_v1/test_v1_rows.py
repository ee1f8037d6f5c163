"""The sync `list-items` of SharePoint's own API against the emulator's truth."""

from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM


def lists_of(syncs, *sites):
    """Return what Graph tells of a site's lists: all but the system's own."""
    return [one for site in sites for one in syncs.world.lists.of(site) if not one.is_system]


def truth_of(syncs, *sites) -> dict[str, tuple]:
    return {
        f"{found.site.id}_{found.id}_{row.id}": (
            row.values.get("Title"),
            str(row.parent) if row.parent else None,
        )
        for found in lists_of(syncs, *sites)
        for row in found.rows_after(0)
    }


def held(syncs) -> dict[str, tuple]:
    return {
        key: (one["fields"].get("Title"), one.get("parentItemId"))
        for key, one in syncs.live("list-items").items()
    }


async def test_rows_of_every_list(syncs):
    site = syncs.site()
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, site)
    again = await syncs.run("list-items")
    assert len(syncs.requests) == 3
    assert (again.counts.added, again.counts.updated, again.counts.deleted) == (0, 0, 0)
    drive = syncs.drive()
    drive.delete(drive.resolve(drive.root, ["Welcome.md"]))
    top = drive.create_folder(drive.root, "Top", SYSTEM)
    drive.put_file(top, "New.txt", MemoryBlob(b"n"), SYSTEM)
    made = syncs.world.lists.create(site, "Parts", SYSTEM)
    row = made.add({"Title": "Bolt"}, SYSTEM)
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, site)
    made.update(row, {"Title": "Nut"}, SYSTEM)
    other = made.add({"Title": "Nail"}, SYSTEM)
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, site)
    made.delete(other)
    drive.delete(top)
    ran = await syncs.run("list-items")
    assert ran.counts.deleted == 3
    assert held(syncs) == truth_of(syncs, site)
    made.restore(made.bin()[0][0])
    drive.restore(top.uid)
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, site)
    syncs.world.lists.remove(made)
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, site)


async def test_lookups_persons_and_choices_are_told_as_graph_tells_them(syncs):
    site, lists = syncs.site(), syncs.world.lists
    makers = lists.create(site, "Makers", SYSTEM)
    acme = makers.add({"Title": "Acme"}, SYSTEM)
    parts = lists.create(
        site,
        "Parts",
        SYSTEM,
        columns=[
            {"name": "Maker", "lookup": {"listId": makers.id, "columnName": "Title"}},
            {"name": "Weight", "displayName": "Weight in g", "number": {}},
            {
                "name": "Colours",
                "choice": {"choices": ["red", "blue"], "displayAs": "checkBoxes"},
            },
        ],
    )
    values = {"Title": "Bolt", "Maker": acme.id, "Weight": 12.5, "Colours": ["red"]}
    parts.add(values, SYSTEM)
    await syncs.run("list-items")
    (bolt,) = [one for one in syncs.live("list-items").values() if one["listId"] == parts.id]
    assert bolt["columns"]["Maker"] == {
        "displayName": "Maker",
        "type": "lookup",
        "value": "Acme",
        "lookupId": str(acme.id),
        "lookupListId": makers.id,
    }
    assert bolt["columns"]["Weight"]["value"] == 12.5
    assert bolt["columns"]["Colours"]["value"] == ["red"]
    assert bolt["columns"]["Author"]["type"] == "personOrGroup"
    # another column: all rows are read again, by themselves
    lists.add_column(parts, {"name": "Colour", "text": {}})
    parts.update(parts.row(1), {"Colour": "red"}, SYSTEM)
    await syncs.run("list-items")
    (bolt,) = [one for one in syncs.live("list-items").values() if one["listId"] == parts.id]
    assert bolt["columns"]["Colour"]["value"] == "red"


async def test_tokens_that_are_too_old_lead_to_a_full_read(syncs):
    made = syncs.world.lists.create(syncs.site(), "Parts", SYSTEM)
    row = made.add({"Title": "Bolt"}, SYSTEM)
    await syncs.run("list-items")
    made.delete(row)
    syncs.world.content.expire_delta_tokens()
    ran = await syncs.run("list-items")
    assert any(batch.restart for batch in ran.batches)
    assert held(syncs) == truth_of(syncs, syncs.site())


async def test_many_changes_come_in_several_pages(syncs):
    made = syncs.world.lists.create(syncs.site(), "Parts", SYSTEM)
    await syncs.run("list-items")
    rows = [made.add({"Title": f"Part {number}"}, SYSTEM) for number in range(1_100)]
    for row in rows[::7]:
        made.delete(row)
    await syncs.run("list-items")
    assert held(syncs) == truth_of(syncs, syncs.site())
    assert len([one for one in syncs.requests if "changessincetoken" in one]) > 2


async def test_a_closed_list_keeps_its_rows(syncs):
    made = syncs.world.lists.create(syncs.site(), "Parts", SYSTEM)
    made.add({"Title": "Bolt"}, SYSTEM)
    await syncs.run("list-items")
    before = syncs.live("list-items")
    made.add({"Title": "Nut"}, SYSTEM)
    syncs.fault(f"*{made.id}*", status=403, count=None)
    ran = await syncs.run("list-items")
    assert [one.place for one in ran.skipped] == [f"{syncs.site().id}/{made.id}"]
    assert syncs.live("list-items") == before


async def test_several_lookups_and_persons_are_told(syncs):
    site, lists = syncs.site(), syncs.world.lists
    makers = lists.create(site, "Makers", SYSTEM)
    numbers = [makers.add({"Title": name}, SYSTEM).id for name in ("Acme", "Bolt & Co")]
    source = {"listId": makers.id, "columnName": "Title", "allowMultipleValues": True}
    parts = lists.create(site, "Parts", SYSTEM, columns=[{"name": "Makers", "lookup": source}])
    parts.add({"Title": "Nut", "Makers": numbers}, SYSTEM)
    parts.add({"Title": "Nail"}, SYSTEM)
    await syncs.run("list-items")
    told = {
        one["fields"]["Title"]: one["columns"].get("Makers", {}).get("value")
        for one in syncs.live("list-items").values()
        if one["listId"] == parts.id
    }
    assert told == {
        "Nut": [
            {"LookupId": numbers[0], "LookupValue": "Acme"},
            {"LookupId": numbers[1], "LookupValue": "Bolt & Co"},
        ],
        "Nail": None,
    }
