"""What kinds of objects `_api` has, how one leads to another, and what can be done to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from m365sim.graph.reply import Reply
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.values import Result

_REST = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/"
WEBS = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)"
LISTS = _REST + "working-with-lists-and-list-items-with-rest"
FILES = _REST + "working-with-folders-and-files-with-rest"


@dataclass(frozen=True, slots=True)
class Node:
    """Something that an address leads to."""

    kind: str
    uri: str  # below `_api/`
    of: Any = None  # what it stands for


Go = Callable[[Call, Node, Segment], Node]
Do = Callable[[Call, Node, Segment], Awaitable[Node | Result | Reply]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What objects of a kind look like; a collection has members in place of values."""

    name: str
    type: str | Callable[[Node], str] = ""
    values: Callable[[Call, Node], Mapping[str, Any]] | None = None
    members: Callable[[Call, Node], Iterable[Node]] | None = None
    #: Properties that are there for those who ask for them only.
    extras: Mapping[str, Callable[[Call, Node], Any]] = field(default_factory=dict)
    #: Properties that some of its objects have: who asks the others for them gets nothing.
    of_some: frozenset[str] = frozenset()
    #: Leads to objects under names that only the object itself knows.
    dynamic: Callable[[Call, Node, str], Node | None] | None = None
    etag: Callable[[Call, Node], str] | None = None
    #: Members from a number on: they are paged by `$skiptoken`, and `$skip` is ignored.
    after: Callable[[Call, Node, int], Iterable[Node]] | None = None

    @property
    def is_paged(self) -> bool:
        """Whether members come in pages, as list items do."""
        return self.after is not None


@dataclass(frozen=True, slots=True)
class Step:
    """How one object leads to another; the name "()" stands for a key in parentheses."""

    kind: str
    name: str
    go: Go
    leads_to: str
    modelled: str = ""
    is_function: bool = False  # takes what is in parentheses itself
    source: str = LISTS


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done to an object: a verb alone, or a verb and a name."""

    kind: str
    name: str
    method: str
    do: Do
    modelled: str
    source: str = LISTS


class Tables:
    """All kinds, steps and actions."""

    def __init__(
        self, kinds: Iterable[Kind], steps: Iterable[Step], actions: Iterable[Action]
    ) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self.steps = {(step.kind, step.name.lower()): step for step in steps}
        self.actions = {(a.kind, a.name.lower(), a.method): a for a in actions}

    def links(self, kind: str) -> tuple[str, ...]:
        """Return the names of what an object of a kind leads to by name alone."""
        return tuple(
            step.name
            for (known, _), step in self.steps.items()
            if known == kind and not step.is_function and step.name != "()"
        )
