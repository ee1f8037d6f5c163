"""A view of a list: which items and columns it shows, in what order.

https://learn.microsoft.com/previous-versions/office/sharepoint-server/ee541655(v=office.15)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from m365sim.files.ids import guid_of, mint_uid
from m365sim.lists.problems import Forbidden, Unacceptable

if TYPE_CHECKING:
    from m365sim.lists.sharepoint_list import SharePointList


@dataclass(slots=True, eq=False)
class View:
    """One view. It is changed in place: nobody keeps its history."""

    id: str
    title: str
    url_name: str  # of its page
    fields: list[str] = field(default_factory=list)  # internal names
    query: str = ""  # what is within `<Query>`
    row_limit: int = 30
    is_paged: bool = True
    is_default: bool = False
    is_personal: bool = False
    is_hidden: bool = False
    scope: int = 0  # 0 as folders lie, 1 recursive, 2 with folders, 3 files of one folder
    kind: str = "HTML"
    base_view_id: str = "1"
    aggregations: str | None = None
    formatter: str | None = None
    joins: str | None = None
    projected: str | None = None


class Views:
    """The views of a list; one of them is the default one."""

    def __init__(self, owner: SharePointList, *, is_library: bool) -> None:
        self._owner = owner
        self._is_library = is_library
        self._made = 0
        self.all: list[View] = []
        name = "AllItems"
        title, fields = "All Items", ["LinkTitle"]
        if is_library:
            title, fields = "All Documents", ["DocIcon", "LinkFilename", "Modified", "Editor"]
        first = self.add(title, fields, url_name=name)
        first.is_default = True
        first.query = (
            f'<OrderBy><FieldRef Name="{"FileLeafRef" if is_library else "ID"}"/></OrderBy>'
        )

    @property
    def default(self) -> View:
        """The view that is shown when none is asked for."""
        return next((view for view in self.all if view.is_default), self.all[0])

    def find(self, key: str) -> View | None:
        """Find a view by its id or its title, in any case."""
        wanted = key.strip("{}").lower()
        return next((v for v in self.all if wanted in (v.id, v.title.lower())), None)

    def add(self, title: str, fields: list[str], *, url_name: str = "") -> View:
        """Make a view."""
        if not title.strip():
            raise Unacceptable("A view needs a title.")
        self._made += 1
        uid = mint_uid("view", self._owner.site.collection, self._owner.uid, self._made)
        plain = "".join(letter for letter in title if letter.isalnum() or letter in " -_")
        name, number = url_name or plain.strip() or "View", 0
        taken = {view.url_name.lower() for view in self.all}
        while name.lower() in taken:
            number += 1
            name = f"{plain.strip() or 'View'}{number}"
        made = View(guid_of(uid), title, name, list(fields))
        self.all.append(made)
        return made

    def make_default(self, view: View) -> None:
        """Let a view be the one that is shown when none is asked for."""
        for known in self.all:
            known.is_default = known is view

    def remove(self, view: View) -> None:
        """Delete a view; the default one stays."""
        if view.is_default:
            raise Forbidden("The default view cannot be deleted.")
        self.all.remove(view)

    def place(self, view: View) -> str:
        """Return the server-relative path of a view's page."""
        middle = "/Forms" if self._is_library else ""
        return f"{self._owner.site.path}/{self._owner.folder}{middle}/{view.url_name}.aspx"
