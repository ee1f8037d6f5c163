"""Who may do how much: site groups, groups of the directory, claims, guests, inheritance."""

import pytest

from m365sim.sharing import Level, Permission
from m365sim.sharing.grantees import everyone, group_grantee, site_group_grantee, user_grantee
from m365sim.sharing.invitations import change_roles, invite, recipient, revoke
from m365sim.sharing.links import create_link


def at(drive, path):
    return drive.resolve(drive.root, path.split("/"))


def test_a_new_site(world, level, person, guest):
    assert level(person("alex")) == Level.OWNER
    assert level(person("megan")) == Level.WRITE
    assert level(guest) == Level.NONE
    assert level(None) == Level.OWNER  # an app: its token alone counts


def test_everyone_has_guests_in_it(world, drive, level, guest):
    grantee = everyone()
    world.sharing.drive_acl(drive).add(Permission("e", ("read",), grantee))
    assert level(guest) == Level.READ


def test_groups_within_groups(world, drive, level, guest, person):
    inner = world.sharing.add_group("Inner", [guest])
    outer = world.sharing.add_group("Outer", [])
    outer.members.append(inner.id)
    inner.members.append(outer.id)  # a circle, which must end
    invite(world.sharing, drive, at(drive, "Handbook"), [outer.grantee], ("write",))
    assert level(guest, "Handbook/On call.md") == Level.WRITE
    assert level(guest, "Reviews") == Level.NONE
    stranger = group_grantee("nobody", "Gone", None, is_unified=False)
    invite(world.sharing, drive, at(drive, "Reviews"), [stranger], ("write",))
    assert level(guest, "Reviews") == Level.NONE


def test_owners_of_a_team_own_its_site(world, site, level, person):
    group = world.sharing.group_of(site)
    megan = person("megan")
    assert world.sharing.site_of(group) is site
    assert level(megan) == Level.WRITE
    group.owners.append(megan.id)
    assert level(megan) == Level.OWNER


def test_a_site_group_made_later(world, site, drive, level, guest):
    group = world.sharing.add_site_group(site, "Reviewers", [user_grantee(guest)])
    assert group.number > 5
    grantee = site_group_grantee(group.number, group.name)
    invite(world.sharing, drive, at(drive, "Reviews"), [grantee], ("read",))
    assert level(guest, "Reviews/2026/Review 01.txt") == Level.READ
    group.members.clear()
    assert level(guest, "Reviews") == Level.NONE


def test_breaking_and_restoring_inheritance(world, drive, level, person):
    megan = person("megan")
    folder = at(drive, "Handbook")
    copied = world.sharing.break_inheritance(drive, folder, copy=True)
    assert level(megan, "Handbook") == Level.WRITE
    members = next(p for p in copied.permissions.values() if p.roles == ("write",))
    revoke(world.sharing, drive, folder, members)
    assert level(megan, "Handbook/On call.md") == Level.NONE
    assert level(megan, "Reviews") == Level.WRITE
    world.sharing.restore_inheritance(drive, folder)
    assert level(megan, "Handbook/On call.md") == Level.WRITE


def test_a_library_may_go_on_with_a_copy_of_what_its_site_allows(world, site, drive, level, person):
    megan, alex = person("megan"), person("alex")
    copied = world.sharing.break_inheritance(drive, drive.root, copy=True)
    assert (level(megan, "README.md"), level(alex, "README.md")) == (Level.WRITE, Level.OWNER)
    assert copied.permissions.keys() == world.sharing.site_acl(site).permissions.keys()

    inherited = next(
        p for p in world.sharing.site_acl(site).permissions.values() if p.roles == ("write",)
    )
    change_roles(world.sharing, drive, drive.root, copied.permissions[inherited.id], ("read",))
    assert level(megan, "README.md") == Level.READ
    assert inherited.roles == ("write",)  # the site's own is another one
    revoke(world.sharing, drive, drive.root, copied.permissions[inherited.id])
    assert level(megan, "README.md") == Level.NONE


def test_what_is_put_on_an_item_itself_counts_before_a_copy(world, drive, person):
    folder, item = at(drive, "Handbook"), at(drive, "Handbook/On call.md")
    invite(world.sharing, drive, folder, [user_grantee(person("megan"))], ("write",))
    (own,) = invite(world.sharing, drive, item, [user_grantee(person("megan"))], ("read",))
    copied = world.sharing.break_inheritance(drive, item, copy=True)
    assert copied.permissions[own.id].roles == ("read",)
    assert len(copied.permissions) > 1


def test_a_whole_library_may_be_closed(world, drive, level, person):
    world.sharing.break_inheritance(drive, drive.root, copy=False)
    assert level(person("alex"), "README.md") == Level.NONE
    world.sharing.restore_inheritance(drive, drive.root)
    assert level(person("alex"), "README.md") == Level.OWNER


def test_a_subsite_has_what_its_site_has(world, site, principal, person, guest):
    lab = site.subsites[0]
    assert world.sharing.sees_site(principal(person("megan")), lab)
    assert not world.sharing.sees_site(principal(guest), lab)
    assert world.sharing.site_groups(lab)[0].name == "Engineering & Research Owners"
    world.sharing.site_acl(lab).inherits = False
    assert not world.sharing.sees_site(principal(person("alex")), lab)


def test_something_shared_opens_the_site_but_does_not_list_it(world, site, drive, principal, guest):
    invite(world.sharing, drive, at(drive, "Reviews"), [user_grantee(guest)], ("read",))
    assert world.sharing.sees_site(principal(guest), site)
    assert not world.sharing.sees_site(principal(guest), site, limited=False)


def test_an_address_outside_is_whoever_signs_in_with_it(world, drive, level, guest):
    found = recipient(world.sharing, object_id=None, email="Gina@Fabrikam.com", alias=None)
    assert found == user_grantee(guest)  # she is in the directory already
    invite(world.sharing, drive, at(drive, "README.md"), ["new@fabrikam.com"], ("read",))
    assert level(guest, "README.md") == Level.NONE
    guest.email = "new@fabrikam.com"
    assert level(guest, "README.md") == Level.READ


def test_links_of_the_organisation_are_not_for_guests(world, drive, level, guest, person):
    item = at(drive, "README.md")
    made, _ = create_link(
        world.sharing, drive, item, kind="edit", scope="organization", app=("a", "App")
    )
    assert made.link is not None
    made.link.redeemed |= {guest.id}
    assert level(guest, "README.md") == Level.NONE
    made, _ = create_link(
        world.sharing, drive, item, kind="view", scope="anonymous", app=("a", "App")
    )
    assert made.link is not None
    made.link.redeemed |= {guest.id}
    assert level(guest, "README.md") == Level.READ


def test_an_app_that_was_granted_items_sees_those(world, drive, principal):
    from m365sim.entra.contoso import DAEMON_APP_ID
    from m365sim.sharing.grantees import app_grantee

    grantee = app_grantee(DAEMON_APP_ID, "nightly-indexer", world.tenant.id)
    invite(world.sharing, drive, at(drive, "Reviews"), [grantee], ("write",))
    viewer = world.sharing.viewer(principal(None), drive)
    viewer.restrict_to_grants()
    assert viewer.level(at(drive, "Reviews/2026")) == Level.WRITE
    assert not viewer.sees(at(drive, "README.md"))
    assert not viewer.sees_everything
    assert viewer.reaches()


def test_users_of_a_site_are_numbered_as_it_meets_them(world, site, person, guest):
    first = world.sharing.site_user_number(site, "a")
    assert world.sharing.site_user_number(site, "b") == first + 1
    assert world.sharing.site_user_number(site, "a") == first
    known = world.sharing.site_users(site)
    assert {"a": first, "b": first + 1}.items() <= known.items()


def test_a_change_shows_in_the_drives_log(world, drive, person):
    item = at(drive, "README.md")
    before = drive.log.head
    invite(world.sharing, drive, item, [user_grantee(person("megan"))], ("read",))
    assert drive.log.head == before + 1
    assert world.sharing.changed(drive, item.uid, before, drive.log.head)
    assert not world.sharing.changed(drive, item.uid, before + 1, drive.log.head + 9)
    assert world.sharing.changes(drive, before) == 1
    assert world.sharing.changes(drive, before + 1) == 0
    assert world.sharing.shared_items(drive) == [item]
    drive.delete(item)
    assert world.sharing.shared_items(drive) == []


@pytest.mark.parametrize("scope", ["users", "organization", "anonymous"])
def test_how_widely_an_item_is_shared(world, drive, person, scope):
    item = at(drive, "README.md")
    assert world.sharing.scope(drive, item.uid) is None
    world.sharing.own_acl(drive, item)
    assert world.sharing.scope(drive, item.uid) == ""
    invite(world.sharing, drive, item, [user_grantee(person("megan"))], ("read",))
    create_link(world.sharing, drive, item, kind="view", scope=scope, app=("a", "App"))
    assert world.sharing.scope(drive, item.uid) == scope
