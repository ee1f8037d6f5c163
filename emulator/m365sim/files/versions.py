"""The versions of a file: one for each content it ever had.

https://learn.microsoft.com/graph/api/resources/driveitemversion. They are read off the change log,
which holds each state that an item was in.
"""

from __future__ import annotations

from m365sim.files.drive import Drive
from m365sim.files.item import Item
from m365sim.files.problems import Missing


def versions(drive: Drive, item: Item) -> list[Item]:
    """List the states in which a file got another content, the newest first."""
    if item.is_folder:
        return []
    found: dict[int, Item] = {}
    for change in drive.log.of(item.uid):
        if change.before is not None:
            found.setdefault(change.before.content_version, change.before)
    found.setdefault(item.content_version, item)
    return [found[number] for number in sorted(found, reverse=True)]


def version(drive: Drive, item: Item, number: int) -> Item:
    """Return the state in which a file got its n-th content; Missing when there is none."""
    for state in versions(drive, item):
        if state.content_version == number:
            return state
    raise Missing("There is no such version.")
