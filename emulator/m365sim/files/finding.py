"""Which items of a library may say certain words: so few that a search need not look at them all.

What a computed tree says is known from its numbers and is not looked up in an index, which for a
million files would take more memory than all else. Items in memory are gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from m365sim.files.drive import Drive
from m365sim.files.item import Item


def candidates(drive: Drive, words: Sequence[str], *, in_content: bool = True) -> Iterator[Item]:
    """Yield the live items that may say all words, in lower case, in their names or contents.

    In each of two rows, computed ones and those in memory, they come in the order of their numbers.
    """
    base = drive.base
    if base is not None:
        has_holes = drive.has_deleted_folders
        for index in base.candidates(words, in_content=in_content):
            if not drive.is_in_memory(base.uid(index)):
                item = base.item(index)
                if not has_holes or drive.is_live(item):
                    yield item
    for uid in drive.in_memory(drive.log.head):
        found = drive.find(uid)
        if found is not None and found.parent is not None and drive.is_live(found):
            yield found


def is_below(drive: Drive, item: Item, folder: Item) -> bool:
    """Tell whether an item lies somewhere in a folder."""
    return folder.parent is None or any(one.uid == folder.uid for one in drive.ancestors(item))
