"""The people of a site collection: a hidden list, into which all columns of people look.

Its numbers are the `AuthorLookupId` and `EditorLookupId` of items.
"""

from __future__ import annotations

from collections.abc import Callable

from m365sim.files import Actor, Site
from m365sim.files.item import SYSTEM
from m365sim.lists.generic import GenericList
from m365sim.lists.row import Row

_SYSTEM_NUMBER = 1_073_741_823
_APP_NUMBER = 1_073_741_822


class People:
    """The User Information List of a site collection."""

    def __init__(self, inner: GenericList, number: Callable[[Site, str], int]) -> None:
        self.list = inner
        self._number = number
        self._numbers: dict[str, int] = {}

    def number(self, actor: Actor) -> int:
        """Return the number of whoever did something; people not met before are added."""
        if actor.user_id is None:
            return _APP_NUMBER if actor.app_id else _SYSTEM_NUMBER
        known = self._numbers.get(actor.user_id)
        if known is None:
            values = _values(actor)
            known = self._numbers[actor.user_id] = self._number(self.list.site, values["Name"])
            self.list.add(values, SYSTEM, number=known)
        return known

    def name(self, number: int) -> str | None:
        """Return the name of a number; None when nobody has it."""
        if number == _SYSTEM_NUMBER:
            return "System Account"
        if number == _APP_NUMBER:
            return "SharePoint App"
        row = self.find(number)
        return str(row.values["Title"]) if row else None

    def find(self, number: int) -> Row | None:
        """Return the entry of a number."""
        if number not in self._numbers.values():
            return None
        return self.list.row(number)


def _values(actor: Actor) -> dict[str, str]:
    email = actor.user_email or ""
    return {
        "Title": actor.user_name or email,
        "Name": f"i:0#.f|membership|{email.lower()}",
        "EMail": email,
        "UserName": email,
    }
