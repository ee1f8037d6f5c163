"""The sync `permissions` against the emulator's truth: what it says of every item is so."""

import pytest

from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import user_grantee

ALL = ("Sites.FullControl.All", "Files.Read.All")


def at(drive, path: str):
    return drive.resolve(drive.root, path.split("/"))


def named(drive) -> dict:
    return {"drives": [{"siteId": drive.site.id, "driveId": drive.id}]}


def truth(syncs, drive) -> dict[str, set[str]]:
    """Return the permissions in force on every item."""
    return {
        drive.item_id(item.uid): {
            permission.id for permission, _ in syncs.world.sharing.effective(drive, item)
        }
        for item in (drive.root, *drive.walk(drive.root))
    }


def told(syncs, drive) -> dict[str, set[str]]:
    """Return what the records say: an item without any has those of the folder above."""
    own: dict[str, set[str]] = {}
    for record in syncs.live("permissions").values():
        own.setdefault(record["itemId"], set()).add(record["permissionId"])
    found = {}
    for item in (drive.root, *drive.walk(drive.root)):
        chain = [item, *reversed(drive.ancestors(item))]
        keys = [drive.item_id(one.uid) for one in chain]
        found[keys[0]] = next(own[key] for key in keys if key in own)
    return found


def grant(syncs, drive, item, name: str) -> str:
    user = syncs.world.directory.user_by_upn(f"{name}@{syncs.world.tenant.domain}")
    grantee = user_grantee(user)
    acl = syncs.world.sharing.own_acl(drive, item)
    acl.add(Permission(grantee.permission_id, ("read",), grantee))
    syncs.world.sharing.note(drive, item)
    return grantee.permission_id


def guest(syncs, drive) -> list[str]:
    """Return the names of people who have nothing on the drive's root."""
    held = truth(syncs, drive)[drive.item_id(drive.root.uid)]
    users = syncs.world.directory.users_of(syncs.world.tenant.id)
    return [
        one.upn.partition("@")[0] for one in users if user_grantee(one).permission_id not in held
    ]


async def test_what_it_says_of_every_item_is_so(syncs):
    syncs.be_app(ALL)
    drive, sharing = syncs.drive("/sites/engineering"), syncs.world.sharing
    folder = drive.create_folder(drive.root, "Secret", SYSTEM)
    inner = drive.create_folder(folder, "Inner", SYSTEM)
    drive.put_file(inner, "plan.txt", MemoryBlob(b"p"), SYSTEM)
    sharing.break_inheritance(drive, at(drive, "Secret"), copy=True)
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    scopes = {record["itemId"] for record in syncs.live("permissions").values()}
    assert len(scopes) < len(truth(syncs, drive)) / 2
    # one deeper, then one above it: what lies deeper has that from above
    someone, another, *_ = guest(syncs, drive)
    grant(syncs, drive, at(drive, "Secret/Inner"), someone)
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    grant(syncs, drive, at(drive, "Secret"), another)
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    # of the library itself
    grant(syncs, drive, drive.root, someone)
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    # inherited again, and gone
    sharing.restore_inheritance(drive, at(drive, "Secret"))
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    drive.delete(at(drive, "Secret"))
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    assert len({record["itemId"] for record in syncs.live("permissions").values()}) < len(scopes)


async def test_nothing_changed_costs_three_exchanges(syncs):
    syncs.be_app(ALL)
    drive = syncs.drive()
    await syncs.run("permissions", named(drive))
    ran = await syncs.run("permissions", named(drive))
    assert len(syncs.requests) == 3
    assert (ran.counts.added, ran.counts.updated, ran.counts.deleted) == (0, 0, 0)
    assert {one["driveId"] for one in syncs.live("permissions").values()} == {drive.id}


async def test_requests_are_for_what_has_permissions_of_its_own(syncs):
    """400 files, of which 30 have their own: 20 of those an exchange, none for the others."""
    syncs.be_app(ALL)
    drive, sharing = syncs.drive("/sites/engineering"), syncs.world.sharing
    folder = drive.create_folder(drive.root, "Many", SYSTEM)
    files = [
        drive.put_file(folder, f"{number}.txt", MemoryBlob(b"x"), SYSTEM)[0]
        for number in range(400)
    ]
    who, other, *_ = guest(syncs, drive)
    for file in files[:30]:
        grant(syncs, drive, file, who)
    people = list(syncs.world.directory.users_of(syncs.world.tenant.id))
    group = sharing.add_group("All hands", people)
    acl = sharing.own_acl(drive, files[0])
    acl.add(Permission(group.grantee.permission_id, ("read",), group.grantee))
    begun = len(sharing.shared_items(drive))
    await syncs.run("permissions", named(drive))
    pages = sum("delta" in url for url in syncs.requests)
    batches = [url for url in syncs.requests if "$batch" in url]
    # the root and its permissions, the feed, and what has its own, 20 at a time a page
    assert len(syncs.requests) == 2 + pages + len(batches)
    assert len(batches) <= -(-begun // 20) + pages
    assert told(syncs, drive) == truth(syncs, drive)
    # a group is one record, however many people are in it
    of_group = [
        record
        for record in syncs.live("permissions").values()
        if record["permissionId"] == group.grantee.permission_id
    ]
    assert len(of_group) == 1
    assert of_group[0]["grantedToV2"]["group"]["id"] == group.id
    # one that changed costs one exchange more than none
    grant(syncs, drive, files[7], other)
    await syncs.run("permissions", named(drive))
    assert len(syncs.requests) == 3 + 1
    assert told(syncs, drive) == truth(syncs, drive)


async def test_a_sweep_keeps_to_its_budget_and_ends(syncs, monkeypatch):
    from fairlead_microsoft.sharepoint.syncs import permissions

    monkeypatch.setattr(permissions, "_SWEPT", 10)
    syncs.be_app(ALL)
    drive = syncs.drive("/sites/engineering")
    folder = drive.create_folder(drive.root, "Many", SYSTEM)
    who, other, *_ = guest(syncs, drive)
    files = []
    for number in range(24):
        files.append(drive.put_file(folder, f"{number}.txt", MemoryBlob(b"x"), SYSTEM)[0])
        grant(syncs, drive, files[-1], who)
    begun = len(syncs.world.sharing.shared_items(drive))
    await syncs.run("permissions", named(drive))
    assert told(syncs, drive) == truth(syncs, drive)
    # of the folder above all of them: it shows in none of them
    grant(syncs, drive, folder, other)
    runs = 0
    while told(syncs, drive) != truth(syncs, drive):
        await syncs.run("permissions", named(drive))
        runs += 1
        batches = sum("$batch" in url for url in syncs.requests)
        assert batches <= 1
        assert runs <= -(-begun // 10)
    assert runs == -(-begun // 10)
    await syncs.run("permissions", named(drive))
    assert len(syncs.requests) == 3


async def test_an_item_that_will_not_tell_is_asked_again(syncs):
    syncs.be_app(ALL)
    drive = syncs.drive()
    await syncs.run("permissions", named(drive))
    item = at(drive, "Welcome.md")
    who, *_ = guest(syncs, drive)
    grant(syncs, drive, item, who)
    key = drive.item_id(item.uid)
    syncs.world.faults.add(Fault(host="graph", path=f"*/items/{key}/permissions", status=403))
    ran = await syncs.run("permissions", named(drive))
    assert [skip.place for skip in ran.skipped] == [f"{drive.id}/{key}"]
    ran = await syncs.run("permissions", named(drive))
    assert not ran.skipped
    assert told(syncs, drive) == truth(syncs, drive)


async def test_a_closed_drive_keeps_its_permissions(syncs):
    syncs.be_app(ALL)
    good, bad = syncs.drive(), syncs.drive("/sites/people")
    both = {"drives": [*named(good)["drives"], *named(bad)["drives"]]}
    await syncs.run("permissions", both)
    held = syncs.live("permissions")
    syncs.world.faults.add(Fault(host="graph", path=f"*{bad.id[-8:]}/root*", status=423))
    ran = await syncs.run("permissions", both)
    assert [skip.place for skip in ran.skipped] == [f"{bad.site.id}/{bad.id}"]
    assert syncs.live("permissions") == held
    await syncs.run("permissions", named(good))
    assert {one["driveId"] for one in syncs.live("permissions").values()} == {good.id}


@pytest.mark.parametrize("length", [10, 250])
def test_a_very_long_id_is_shortened(length):
    from fairlead_microsoft.sharepoint.syncs.permissions import GraphPermission, Permission

    made = Permission.of("d" * 66, "i" * 34, GraphPermission(id="p" * length))
    assert len(made.id) <= 255
    assert made.permission_id == "p" * length
