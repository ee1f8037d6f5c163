"""The log of all changes, in their order; it keeps the last ones.

Nothing of the kind is in the real service, whose audit log comes late and is not complete. It is
for tests: a copy that was made by following the changes must be what these changes lead to.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from m365sim.clock import Clock
from m365sim.history.acting import PYTHON, current, silent

if TYPE_CHECKING:
    from m365sim.files import Actor

KEPT = 20_000  # changes, of about a kilobyte each


@dataclass(frozen=True, slots=True)
class Entry:
    """One change."""

    number: int  # from 1 on, without gaps
    at: datetime  # by the cloud's clock
    tenant: str  # its id
    way: str  # graph, sharepoint, login: the surface asked; control; disk; python
    user: dict[str, str] | None  # id and displayName; None for an app on its own, and the service
    app: dict[str, str] | None
    action: str  # created, updated, renamed, moved, content, deleted, restored, purged, ...
    kind: str  # file, folder, listItem, list, column, permissions, site, consent, ...
    of: dict[str, str]  # ids of what changed, and of what it lies in: site, drive, list, item, ...
    name: str
    path: str | None = None  # of files, below their library's root
    details: dict[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """Return the change ready for JSON; the ids become keys of their own."""
        shown: dict[str, Any] = {
            "number": self.number,
            "at": self.at.isoformat(),
            "tenant": self.tenant,
            "way": self.way,
            "user": self.user,
            "app": self.app,
            "action": self.action,
            "kind": self.kind,
            **self.of,
            "name": self.name,
        }
        if self.path is not None:
            shown["path"] = self.path
        return {**shown, **self.details}


class History:
    """Every change of every tenant of a cloud since it began; `KEPT` of them are remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.head = 0  # the number of the latest change

    def of(self, tenant_id: str) -> Scribe:
        """Return what writes down the changes of one tenant."""
        return Scribe(self, tenant_id)

    def since(self, number: int = 0, tenant_id: str | None = None) -> list[Entry]:
        """Return the remembered changes after a number, in order; of one tenant, or of all."""
        newer = min(self.head - number, len(self._entries))
        found: list[Entry] = []
        for entry in reversed(self._entries):  # the newest are what is asked for, again and again
            if newer <= 0:
                break
            newer -= 1
            found.append(entry)
        return [one for one in reversed(found) if tenant_id in (None, one.tenant)]

    def lost(self, number: int) -> int:
        """Count the changes after a number that are no longer remembered."""
        return max(0, self.head - len(self._entries) - number)

    def report(self, number: int, tenant_id: str | None = None) -> dict[str, Any]:
        """Return the changes after a number, ready for JSON."""
        entries = [entry.report() for entry in self.since(number, tenant_id)]
        return {"head": self.head, "lost": self.lost(number), "entries": entries}

    def note(
        self,
        tenant_id: str,
        action: str,
        kind: str,
        of: dict[str, str],
        name: str,
        *,
        path: str | None = None,
        by: Actor | None = None,
        **details: Any,
    ) -> None:
        """Write a change down; who made it is told by the request, or else by `by`."""
        if silent.get():
            return
        here = current.get()
        principal = here.principal if here is not None else None
        if principal is not None:
            person = principal.user
            user = _named(person.id, person.display_name) if person is not None else None
            app = _named(principal.app_id, principal.app_display_name)
        elif here is not None and here.person is not None:
            user, app = _named(here.person.id, here.person.display_name), None
        else:
            user = _named(by.user_id, by.user_name) if by is not None else None
            app = _named(by.app_id, by.app_name) if by is not None else None
        self.head += 1
        way = here.way if here is not None else PYTHON
        at = self._clock.now()
        self._entries.append(
            Entry(self.head, at, tenant_id, way, user, app, action, kind, of, name, path, details)
        )


class Scribe:
    """Writes down the changes of one tenant."""

    __slots__ = ("_history", "_tenant_id")

    def __init__(self, history: History, tenant_id: str) -> None:
        self._history = history
        self._tenant_id = tenant_id

    def note(
        self,
        action: str,
        kind: str,
        of: dict[str, str],
        name: str,
        *,
        path: str | None = None,
        by: Actor | None = None,
        **details: Any,
    ) -> None:
        """Write a change down."""
        self._history.note(self._tenant_id, action, kind, of, name, path=path, by=by, **details)


def _named(one: str | None, name: str | None) -> dict[str, str] | None:
    return {"id": one, "displayName": name or ""} if one is not None else None
