"""Property: whatever was granted to whom, the actions say what the tenant itself enforces.

Random tenants: groups within groups (in circles too), groups of the site, guests, people who are
disabled or removed; permissions on folders at any depth, broken inheritance, links that were
followed or sent to somebody, invitations of addresses outside. The judge is the emulator, asked by
each person for the item.
"""

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from m365sim.files.item import SYSTEM
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import (
    everyone,
    everyone_but_guests,
    group_grantee,
    owners_grantee,
    site_group_grantee,
    user_grantee,
)
from m365sim.sharing.links import create_link

LEVELS = ("none", "read", "write", "owner")
APP = ("app-1", "An app")


class Story:
    """A site of its own, in which anything happens."""

    def __init__(self, lab: Any, rnd: Random, number: int) -> None:
        self.lab, self.rnd = lab, rnd
        self.sharing = lab.world.sharing
        self.site = lab.world.content.add_site(f"/sites/story{number}", f"Story {number}")
        self.drive = lab.world.content.add_drive(self.site, "Documents")
        self.people = [lab.new_user(f"p{number}x{n}", is_guest=n % 3 == 2) for n in range(6)]
        self.groups = [self.sharing.add_group(f"Group {n}", []) for n in range(4)]
        self.items = [self.drive.root]
        folder = self.drive.root
        for depth in range(3):
            folder = self.drive.create_folder(folder, f"Folder {depth}", SYSTEM)
            self.items += [folder, lab.put(self.drive, folder, f"file {depth}.txt")]
        if rnd.random() < 0.8:  # else everyone but guests may do nearly all
            self.sharing.site_acl(self.site).permissions.clear()
        self.made = [
            self.sharing.add_site_group(self.site, f"Readers {number} {n}", []) for n in range(2)
        ]

    def happen(self) -> None:
        rnd = self.rnd
        item = rnd.choice(self.items)
        what = rnd.choice(("grant", "grant", "grant", "join", "join", "break", "link", "invite"))
        if what == "grant":
            self.put_on(item)
        elif what == "join":
            group = rnd.choice([*self.groups, *self.made])
            if group in self.made:
                group.members.append(self.someone(no_site_groups=True))
            elif rnd.random() < 0.2:
                group.owners.append(rnd.choice(self.people).id)
            else:
                group.members.append(rnd.choice([*self.people, *self.groups]).id)
        elif what == "break":
            self.sharing.break_inheritance(self.drive, item, copy=rnd.random() < 0.4)
        elif what == "link":
            self.link(item)
        else:
            acl = self.sharing.own_acl(self.drive, item)
            address = rnd.choice([p.email for p in self.people] + ["nobody@elsewhere.example"])
            acl.add(Permission(self.sharing.new_id(), ("read",), invited=address))

    def someone(self, *, no_site_groups: bool = False) -> Any:
        group = self.rnd.choice(self.groups)
        holders = [
            *(user_grantee(self.rnd.choice(self.people)) for _ in range(3)),
            group_grantee(group.id, group.name, None, is_unified=self.rnd.random() < 0.5),
            owners_grantee(group.id, group.name, None),
            everyone(),
            everyone_but_guests(self.lab.tenant.id),
        ]
        if not no_site_groups:
            made = self.rnd.choice(self.made)
            holders += [site_group_grantee(made.number, made.name)] * 3
        return self.rnd.choice(holders)

    def put_on(self, item: Any) -> None:
        holder = self.someone()
        role = self.rnd.choice(("read", "read", "write", "owner"))
        acl = self.sharing.own_acl(self.drive, item)
        acl.add(Permission(holder.permission_id, (role,), holder))

    def link(self, item: Any) -> None:
        rnd = self.rnd
        scope = rnd.choice(("anonymous", "organization", "users"))
        kind = rnd.choice(("view", "edit"))
        made, _ = create_link(self.sharing, self.drive, item, kind=kind, scope=scope, app=APP)
        assert made.link is not None
        made.link.redeemed.update(p.id for p in rnd.sample(self.people, rnd.randrange(3)))
        if scope == "users":
            made.link.members.append(self.someone(no_site_groups=True))

    def leave(self) -> None:
        """Let one person be disabled, and another removed."""
        first, second = self.rnd.sample(self.people, 2)
        now = self.lab.world.clock.now()
        self.lab.world.directory.disable_user(first, now)
        self.lab.world.directory.remove_user(second, now)


async def test_it_says_what_the_tenant_enforces(access):
    asked = allowed = 0
    for number in range(24):
        rnd = Random(number)
        story = Story(access, rnd, number)
        for _ in range(rnd.randrange(4, 24)):
            story.happen()
        if number % 2:
            story.leave()
        pairs = [(item, user) for item in story.items for user in story.people]
        for item, user in rnd.sample(pairs, 8):
            where = access.where(story.drive, item)
            truth = access.level(story.drive, item, user)
            is_there = user.enabled and user.id in access.world.directory.users
            name = rnd.choice((user.id, user.upn, user.email))
            told = await access.run("check-drive-item-access", **where, user=name)
            why = (number, user.display_name, item.name, told)
            assert told["level"] == LEVELS[truth], why
            assert told["isCertain"], why
            if is_there:
                opens = await access.opens(story.drive, item, user)
                assert told["isAllowed"] == opens == (truth > 0), why
            whole = await access.run(
                "explain-drive-item-access", **where, user=user.upn, level="write"
            )
            assert whole["isAllowed"] == (truth >= 2), why
            assert whole["level"] == told["level"], why
            check_grants(story, item, user, whole, is_there=is_there)
            asked, allowed = asked + 1, allowed + told["isAllowed"]
    assert asked == 192
    assert 0.2 < allowed / asked < 0.9  # both happen


def check_grants(story: Story, item: Any, user: Any, told: Any, *, is_there: bool) -> None:
    """Each grant is one that is there, comes from where it says, and leads to the person."""
    if not is_there:
        assert told["level"] == "none"
        return
    chain = [item, *reversed(story.drive.ancestors(item))]
    for grant in told["grants"]:
        place = next(
            (one for one in chain if story.drive.item_id(one.uid) == grant["origin"]["itemId"]),
            None,
        )
        assert place is not None
        assert grant["isInherited"] == (place is not item)
        assert grant["origin"]["isRoot"] == (place.parent is None)
        own = story.sharing.own_acl_if_any(story.drive, place)
        of_site = story.sharing.site_acl(story.site).permissions
        assert grant["permissionId"] in ({**own.permissions} if own else {}) or (
            place.parent is None and grant["permissionId"] in of_site
        )
        assert grant["chain"][-1]["id"] == user.id
        groups = [step["id"] for step in grant["chain"] if step["kind"] == "group"]
        for above, below in pairwise(groups):
            assert below in next(g for g in story.groups if g.id == above).members


@pytest.mark.parametrize("kind", ["id", "upn", "email"])
async def test_whoever_is_not_there_has_nothing(access, kind):
    story = Story(access, Random(1), 900)
    name = {"id": access.world.sharing.new_id(), "upn": "x@contoso.onmicrosoft.com"}
    told = await access.run(
        "explain-drive-item-access",
        **access.where(story.drive, story.drive.root),
        user=name.get(kind, "x@elsewhere.example"),
    )
    assert (told["isAllowed"], told["level"], told["grants"]) == (False, "none", [])
    assert "has no account" in told["reason"]
    assert "user" not in told
