"""The syncs `webs`, `lists`, `permissions` and `users-and-groups` of SharePoint's own API."""

import pytest

from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import user_grantee

ENGINEERING = {"sites": ["/sites/engineering"]}


async def test_webs_come_and_go_with_their_subsites(syncs):
    top, lab = syncs.site("/sites/engineering"), syncs.site("/sites/engineering/lab")
    await syncs.run("webs", ENGINEERING)
    assert {top.id, lab.id} <= syncs.live("webs").keys()
    assert syncs.live("webs")[lab.id]["name"] == "lab"
    held = syncs.live("webs")
    syncs.fault("*/sites/engineering/_api/web/webs*", status=403, count=None)
    ran = await syncs.run("webs", ENGINEERING)
    assert [one.place for one in ran.skipped] == [top.id]
    assert syncs.live("webs") == held
    syncs.world.faults.remove()
    made = syncs.world.content.add_site("/sites/engineering/new", "New", parent=top)
    await syncs.run("webs", ENGINEERING)
    assert made.id in syncs.live("webs")
    syncs.world.content.remove_site(made)
    ran = await syncs.run("webs", ENGINEERING)
    assert ran.counts.deleted == 1
    assert not ran.skipped
    assert syncs.live("webs").keys() == held.keys()


async def test_a_web_that_is_listed_no_more_and_closed_stays(syncs):
    lab = syncs.site("/sites/engineering/lab")
    await syncs.run("webs", ENGINEERING)
    # whoever asks sees it no more among the subsites, and is refused at its own door
    empty = '{"value":[]}'
    syncs.fault("*/engineering/_api/web/webs*", status=200, body=empty, count=None)
    syncs.fault("*/engineering/lab/*", status=403, count=None)
    ran = await syncs.run("webs", ENGINEERING)
    assert [one.place for one in ran.skipped] == [lab.id]
    assert lab.id in syncs.live("webs")


async def test_without_metadata_it_is_the_root_site(syncs):
    await syncs.run("webs", {})
    root = syncs.site("")
    assert root.id in syncs.live("webs")


async def test_lists_come_change_and_go(syncs):
    def truth() -> dict[str, str]:
        return {
            f"{one.site.id}|{one.id}": one.display_name
            for one in syncs.world.lists.of(syncs.site())
            if not one.is_system
        }

    def held() -> dict[str, str]:
        return {key: one["displayName"] for key, one in syncs.live("lists").items()}

    await syncs.run("lists")
    assert held() == truth()
    made = syncs.world.lists.create(syncs.site(), "Parts", SYSTEM)
    await syncs.run("lists")
    assert held() == truth()
    made.describe(display_name="Components", description=None)
    await syncs.run("lists")
    assert held() == truth()
    before = held()
    syncs.fault("*/_api/web/lists*", status=423, count=None)
    with pytest.raises(Exception, match="locked"):  # of one site, that is all there is
        await syncs.run("lists")
    assert held() == before
    syncs.world.faults.remove()
    syncs.world.lists.remove(made)
    ran = await syncs.run("lists")
    assert (held(), ran.counts.deleted) == (truth(), 1)


async def test_permissions_begin_and_end(syncs):
    drive, sharing = syncs.drive(), syncs.world.sharing
    top = drive.create_folder(drive.root, "Top", SYSTEM)
    below = drive.create_folder(top, "Below", SYSTEM)
    leaf = drive.put_file(below, "leaf.txt", MemoryBlob(b"leaf"), SYSTEM)[0]
    people = syncs.world.directory.users_of(syncs.world.tenant.id)

    def grant(item) -> None:
        grantee = user_grantee(people[0])
        sharing.own_acl(drive, item).add(Permission(grantee.permission_id, ("read",), grantee))
        sharing.note(drive, item)

    def scopes() -> set[str]:
        return {
            one["itemId"]
            for one in syncs.live("permissions").values()
            if one["driveId"] == drive.id
        }

    def truth() -> set[str]:
        return {
            drive.item_id(item.uid)
            for item in (drive.root, *drive.walk(drive.root))
            if item.parent is None or sharing.item_acl(drive, item) is not None
        }

    await syncs.run("permissions")
    grant(leaf)
    await syncs.run("permissions")
    assert drive.item_id(leaf.uid) in scopes()
    assert scopes() == truth()
    grant(below)
    drive.update(top, SYSTEM, name="Moved")
    ran = await syncs.run("permissions")
    assert not any(batch.restart for batch in ran.batches)
    assert scopes() == truth()
    sharing.restore_inheritance(drive, below)
    await syncs.run("permissions")
    assert scopes() == truth()
    # the log tells of the folder alone
    drive.delete(drive.resolve(drive.root, ["Moved"]))
    await syncs.run("permissions")
    assert scopes() == truth()
    drive.restore(top.uid)
    await syncs.run("permissions")
    assert scopes() == truth()
    assert drive.item_id(leaf.uid) in scopes()


async def test_users_and_groups_of_a_site_collection(syncs):
    await syncs.run("users-and-groups")
    site = syncs.site()
    held = syncs.live("users-and-groups")
    groups = {one["principalId"]: one for one in held.values() if one["kind"] == "siteGroup"}
    known = syncs.world.sharing.site_groups(site)
    assert groups.keys() == {group.number for group in known}
    users = {one["principalId"] for one in held.values() if one["kind"] == "user"}
    assert users
    for group in known:
        assert len(groups[group.number]["members"]) == len(group.members)
    assert all(one["siteId"] == site.id for one in held.values())
    syncs.fault("*/siteusers*", status=503, count=None)
    with pytest.raises(Exception, match="later"):
        await syncs.run("users-and-groups")
    assert syncs.live("users-and-groups") == held
