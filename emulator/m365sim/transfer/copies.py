"""Copies: accepted at once, watched at an address of the tenant host that needs no token.

https://learn.microsoft.com/graph/api/driveitem-copy,
https://learn.microsoft.com/graph/long-running-actions-overview. The copying itself is done when the
request comes; how it went is told a little later, by the clock or by the number of polls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from m365sim.files import Actor, Drive, Item
from m365sim.files.adoption import adopt
from m365sim.files.checkout import check_lock
from m365sim.files.drive import Conflict
from m365sim.files.ids import guid_of, mint_uid
from m365sim.files.problems import NotAllowed, Refused
from m365sim.files.versions import versions
from m365sim.transfer.preauth import origin_of

if TYPE_CHECKING:
    from m365sim.world import World

TAKES = timedelta(seconds=5)
KEPT = timedelta(hours=1)  # how long the address of a monitor answers
MAX_ITEMS = 30_000  # in one copy


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What is to be copied, and where it goes."""

    source: Drive
    item: Item
    target: Drive
    parent: Item
    name: str
    conflict: Conflict = "fail"
    children_only: bool = False
    all_versions: bool = False


@dataclass(slots=True)
class CopyJob:
    """A copy that was accepted, and how it went."""

    id: str
    begun_at: datetime
    polls_left: int
    resource_id: str | None = None
    refused: Refused | None = None

    def is_done(self, now: datetime) -> bool:
        """Tell whether the end may be told; each question brings it nearer."""
        if now - self.begun_at >= TAKES:
            return True
        self.polls_left -= 1
        return self.polls_left < 0


def begin_copy(world: World, order: CopyOrder, by: Actor) -> tuple[CopyJob, str]:
    """Copy; the second value is the address that tells how it goes."""
    number = guid_of(mint_uid("copy", order.target.id, world.rng.getrandbits(64)))
    job = CopyJob(number, world.clock.now(), world.quirks.copy_polls)
    try:
        job.resource_id = order.target.item_id(_Copier(order, by).copy().uid)
    except Refused as refused:
        job.refused = refused
    world.content.copies[number] = job
    return job, f"{origin_of(world, order.target)}/_api/v2.0/monitor/{number}"


def copy_now(order: CopyOrder, by: Actor) -> Item:
    """Copy while the caller waits; raises Refused."""
    return _Copier(order, by).copy()


def move_now(order: CopyOrder, by: Actor) -> Item:
    """Move to another library with versions, values and times; the ids are new ones there."""
    source, target, item = order.source, order.target, order.item
    for one in (item, *source.walk(item)):
        check_lock(source, one, by)
    made: dict[bytes, Item] = {}
    for one in (item, *source.walk(item)):
        states = [one] if one.is_folder else list(reversed(versions(source, one)))
        parent = order.parent if one is item else made[one.parent or b""]
        name, conflict = one.name, order.conflict
        if one is item:
            name = order.name
        elif parent is not order.parent:
            conflict = "replace"
        made[one.uid] = adopt(target, states, parent, name, conflict)
    source.delete(item)
    source.purge(item.uid)
    return made[item.uid]


def find_copy(world: World, number: str) -> CopyJob | None:
    """Return a copy whose end may still be asked for."""
    job = world.content.copies.get(number)
    if job is not None and world.clock.now() - job.begun_at > KEPT:
        del world.content.copies[number]
        return None
    return job


class _Copier:
    """Carries an order out."""

    def __init__(self, order: CopyOrder, by: Actor) -> None:
        self._order = order
        self._by = by

    def copy(self) -> Item:
        order, item = self._order, self._order.item
        inside = {order.parent.uid, *(one.uid for one in order.target.ancestors(order.parent))}
        if order.source is order.target and item.uid in inside and not order.children_only:
            raise NotAllowed("A folder cannot be copied into itself.")
        below = list(order.source.walk(item)) if item.is_folder else []
        if len(below) >= MAX_ITEMS:
            raise NotAllowed(f"No more than {MAX_ITEMS} items can be copied at once.")
        made: dict[bytes, Item] = {}
        if order.children_only:
            made[item.uid] = order.parent
        else:
            made[item.uid] = self._put(item, order.parent, order.name, order.conflict)
        for one in below:
            parent = made[one.parent or b""]
            conflict = order.conflict if parent is order.parent else "replace"
            made[one.uid] = self._put(one, parent, one.name, conflict)
        return made[item.uid]

    def _put(self, item: Item, parent: Item, name: str, conflict: Conflict) -> Item:
        order, target = self._order, self._order.target
        if item.is_folder:
            return target.create_folder(parent, name, self._by, conflict)
        states = versions(order.source, item) if order.all_versions else [item]
        blobs = [state.blob for state in reversed(states) if state.blob is not None]
        made, _ = target.put_file(parent, name, blobs[0], self._by, conflict)
        for blob in blobs[1:]:
            made = target.replace_content(made, blob, self._by)
        return made
