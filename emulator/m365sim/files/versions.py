"""The versions of a file: one for each content it ever had.

https://learn.microsoft.com/graph/api/resources/driveitemversion. They are read off the change log,
which holds each state that an item was in.
"""

from __future__ import annotations

from dataclasses import replace

from m365sim.files.drive import Drive
from m365sim.files.item import Item
from m365sim.files.problems import Missing, NotAllowed


def versions(drive: Drive, item: Item) -> list[Item]:
    """List the states in which a file got another content, the newest first."""
    if item.is_folder:
        return []
    found: dict[int, Item] = {}
    for state in (*drive.states(item.uid), item):
        if (item.uid, state.version) not in drive.forgotten:
            first = found.setdefault(state.content_version, state)
            if state.fields != first.fields:  # its label and comment came later
                found[state.content_version] = replace(first, fields=state.fields)
    return [found[number] for number in sorted(found, reverse=True)]


def version(drive: Drive, item: Item, number: int) -> Item:
    """Return the state in which a file got its n-th content; Missing when there is none."""
    for state in versions(drive, item):
        if state.content_version == number:
            return state
    raise Missing("There is no such version.")


def forget_version(drive: Drive, item: Item, number: int) -> None:
    """Delete a version other than the current one, for good; Missing when there is none."""
    version(drive, item, number)
    if number == item.content_version:
        raise NotAllowed("The current version cannot be deleted.")
    for state in drive.states(item.uid):
        if state.content_version == number:
            drive.forgotten.add((item.uid, state.version))
