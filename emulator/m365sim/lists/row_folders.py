"""Folders of a list that is no library: items that others lie in.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#create-list-item-in-a-folder
"""

from __future__ import annotations

from collections.abc import Iterator

from m365sim.clock import Clock
from m365sim.files import Site
from m365sim.files.enumeration import Rounds
from m365sim.files.problems import Missing
from m365sim.lists.row import Row
from m365sim.lists.row_log import RowLog
from m365sim.lists.schema import Schema


class RowFolders(RowLog):
    """A list whose items may lie in folders."""

    def __init__(
        self, site: Site, uid: bytes, schema: Schema, clock: Clock, rounds: Rounds
    ) -> None:
        super().__init__(site, uid, schema, clock, rounds)
        self._folders: set[int] = set()  # numbers of items that are folders, dead or alive

    def folder_named(self, parent: int, name: str) -> Row | None:
        """Return the folder of a name in another one (0: in the list itself), in any case."""
        for number in self._folders:
            row = self.find(number)
            if row is not None and row.parent == parent and row.leaf.lower() == name.lower():
                return row
        return None

    def folder_at(self, names: list[str]) -> int:
        """Return the number of the folder that names lead to, 0 for none; Missing without it."""
        parent = 0
        for name in names:
            found = self.folder_named(parent, name)
            if found is None:
                raise Missing("There is no such folder.")
            parent = found.id
        return parent

    def above(self, row: Row) -> list[Row]:
        """List the folders above an item, the outermost first."""
        chain: list[Row] = []
        while row.parent:
            states = self._numbers.get(row.parent)
            above = self._log[states[-1] - 1] if states else None
            if above is None:
                break
            row = above
            chain.append(row)
        return chain[::-1]

    def below(self, folder: int) -> Iterator[Row]:
        """Yield all live items below a folder, near and far."""
        within = {folder}
        for row in self.rows_after(0):  # an item may have a lower number than its folder
            if row.parent in within or any(one.id == folder for one in self.above(row)):
                within.add(row.id)
                yield row
