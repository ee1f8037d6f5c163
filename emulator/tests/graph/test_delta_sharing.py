"""What delta shows of a drive to somebody who may not see all of it, and of changes of permissions."""

from datetime import timedelta

import pytest

from m365sim.sharing.grantees import user_grantee
from m365sim.sharing.invitations import invite, revoke
from m365sim.testing import delegated_token

TRAVERSE = "deltashowremovedasdeleted, deltatraversepermissiongaps"


@pytest.fixture
def place(drive):
    return f"/drives/{drive.id}/root/delta"


@pytest.fixture
def person(world):
    return lambda name: world.directory.user_by_upn(f"{name}@contoso.onmicrosoft.com")


@pytest.fixture
def share(world, drive, find, person):
    def grant(path, name, role="read"):
        return invite(world.sharing, drive, find(path), [user_grantee(person(name))], (role,))[0]

    return grant


def names(entries):
    return [entry.get("name") for entry in entries]


async def test_a_change_of_permissions_shows_with_the_same_tag(graph, world, place, share, find):
    _, link, _ = await graph.round(place)
    version = find("Welcome.md").version
    share("Welcome.md", "megan", "write")
    entries, link, _ = await graph.round(link)
    assert names(entries) == ["root", "Welcome.md"]
    assert entries[1]["eTag"].endswith(f'{version}"')
    assert entries[1]["shared"] == {"scope": "users"}
    entries, _, _ = await graph.round(link)
    assert entries == []


async def test_sharing_changes_are_marked_on_files(graph, world, drive, place, share):
    prefer = {"Prefer": f"{TRAVERSE}, deltashowsharingchanges"}
    _, link, _ = await graph.round(place, headers=prefer)
    share("Welcome.md", "megan")
    share("Press", "megan")
    drive.create_folder(drive.root, "New", drive.owner)
    entries, _, _ = await graph.round(link, headers=prefer)
    marked = {e["name"]: e.get("@microsoft.graph.sharedChanged") for e in entries}
    assert marked == {"root": None, "Welcome.md": "True", "Press": None, "New": None}
    unmarked, _, _ = await graph.round(link)
    assert not any("@microsoft.graph.sharedChanged" in entry for entry in unmarked)
    world.quirks.change(shared_changed_on_folders=True)
    entries, _, _ = await graph.round(link, headers=prefer)
    assert {e["name"] for e in entries if "@microsoft.graph.sharedChanged" in e} == {
        "Welcome.md",
        "Press",
    }
    entries, _, _ = await graph.round(place, headers=prefer)
    assert not any("@microsoft.graph.sharedChanged" in entry for entry in entries)


async def test_sharing_is_told_where_hierarchies_begin(graph, drive, place, share, at):
    share("Press", "megan")
    await graph.call(
        "POST", at("Welcome.md") + ":/createLink", json={"type": "view", "scope": "anonymous"}
    )
    entries, _, _ = await graph.round(place, headers={"Prefer": "hierarchicalsharing"})
    shown = {entry["name"]: entry["shared"] for entry in entries if "shared" in entry}
    assert shown == {"root": {}, "Press": {}, "Welcome.md": {"scope": "anonymous"}}


async def test_what_cannot_be_seen_is_not_there(graph, world, drive, place, find, person):
    closed = world.sharing.break_inheritance(drive, find("Campaigns"), copy=False)
    megan = user_grantee(person("megan"))
    item = find("Campaigns/2026 Q3")
    invite(world.sharing, drive, item, [megan], ("read",))
    everything, _, _ = await graph.round(place)
    assert "Campaigns" not in names(everything)  # Alex owns the site, and yet was shut out
    graph.token = delegated_token(world, "megan", lifetime=timedelta(days=400))
    entries, _, _ = await graph.round(place)
    assert "Press" in names(entries)
    assert not {"Campaigns", "2026 Q3", "2026 Q4", "Brief.docx"} & set(names(entries))
    entries, _, _ = await graph.round(place, headers={"Prefer": TRAVERSE})
    assert {"2026 Q3", "Brief.docx"} <= set(names(entries))
    assert not {"Campaigns", "2026 Q4", "Ideas.txt"} & set(names(entries))
    assert not closed.inherits


async def test_what_was_taken_away_is_deleted_if_that_is_preferred(
    graph, world, drive, place, share, find, person
):
    world.sharing.break_inheritance(drive, find("Press"), copy=False)
    grant = share("Press", "megan")
    share("Press", "alex", "owner")
    graph.token = delegated_token(world, "megan", lifetime=timedelta(days=400))
    entries, link, _ = await graph.round(place)
    press = next(e for e in entries if e["name"] == "Press")
    revoke(world.sharing, drive, find("Press"), grant)
    silent, _, _ = await graph.round(link)
    assert names(silent) == ["root"]
    told, _, _ = await graph.round(link, headers={"Prefer": "deltashowremovedasdeleted"})
    gone = [entry for entry in told if "deleted" in entry]
    assert [entry["id"] for entry in gone] == [press["id"]]
    # What happens in there from now on is no concern of hers.
    folder = find("Press")
    drive.create_folder(folder, "Secret", drive.owner)
    drive.delete(drive.resolve(folder, ["Secret"]))
    told, _, _ = await graph.round(link)
    assert names(told) == ["root"]


async def test_who_sees_but_a_few_items_needs_to_cross_gaps(
    graph, world, drive, find, person, place
):
    world.sharing.break_inheritance(drive, drive.root, copy=False)
    megan = user_grantee(person("megan"))
    invite(world.sharing, drive, find("Campaigns/2026 Q4"), [megan], ("read",))
    graph.token = delegated_token(world, "megan", lifetime=timedelta(days=400))
    assert (await graph.get(place)).status_code == 404
    entries, link, _ = await graph.round(place, headers={"Prefer": TRAVERSE})
    assert names(entries) == ["2026 Q4", "Ideas.txt"]
    drive.create_folder(find("Campaigns/2026 Q4"), "New", drive.owner)
    drive.create_folder(find("Campaigns/2026 Q3"), "Secret", drive.owner)
    entries, _, _ = await graph.round(link, headers={"Prefer": TRAVERSE})
    assert names(entries) == ["2026 Q4", "New"]
