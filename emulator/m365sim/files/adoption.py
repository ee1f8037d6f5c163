"""What comes from another library, with all its versions.

https://learn.microsoft.com/graph/api/driveitem-copy
"""

from __future__ import annotations

from dataclasses import replace

from m365sim.files.drive import Conflict, Drive
from m365sim.files.item import Item
from m365sim.files.problems import NameTaken


def adopt(
    drive: Drive, states: list[Item], parent: Item, name: str, conflict: Conflict = "fail"
) -> Item:
    """Take in what was in another library, its versions oldest first, under a new id."""
    drive.check_place(parent, name)
    latest = states[-1]
    if taken := drive.child(parent.uid, name):
        if conflict == "replace" and taken.is_folder == latest.is_folder:
            if taken.is_folder:
                return taken
            drive.delete(taken)
        elif conflict == "rename":
            name = drive.free_name(parent, name, is_folder=latest.is_folder)
        else:
            raise NameTaken("An item with the same name already exists under the parent")
    uid, made = drive.new_uid(), None
    for number, state in enumerate(states, start=1):
        after = replace(
            state,
            uid=uid,
            parent=parent.uid,
            name=name,
            version=number,
            content_version=0 if state.is_folder else number,
            deleted=False,
        )
        made = drive.commit(made, after, drive.now())
    return made or latest
