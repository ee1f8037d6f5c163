"""The term store of a tenant: groups of sets of terms.

https://learn.microsoft.com/graph/api/resources/termstore-store. It begins with what every tenant
has: the group People, and in it the sets Department, Job Title and Location.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from m365sim.files.ids import guid_of, mint_uid


@dataclass(slots=True, eq=False)
class Term:
    """A term, and the terms below it."""

    id: str
    name: str
    made_at: int  # seconds since 1970
    children: list[Term] = field(default_factory=list)

    def walk(self) -> Iterator[Term]:
        """Yield the term and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True, eq=False)
class TermSet:
    """A set of terms."""

    id: str
    name: str
    made_at: int
    terms: list[Term] = field(default_factory=list)

    def all(self) -> Iterator[Term]:
        """Yield the terms at all depths."""
        for term in self.terms:
            yield from term.walk()


@dataclass(slots=True, eq=False)
class TermGroup:
    """A group of sets."""

    id: str
    name: str
    made_at: int
    scope: str = "global"
    sets: list[TermSet] = field(default_factory=list)


class TermStore:
    """The groups of a tenant."""

    def __init__(self) -> None:
        self.id = guid_of(mint_uid("term store"))
        self._made = 0
        people = TermGroup(self.new_id(), "People", 0, "system")
        people.sets = [
            TermSet(self.new_id(), name, 0) for name in ("Department", "Job Title", "Location")
        ]
        self.groups: list[TermGroup] = [people]

    def new_id(self) -> str:
        """Mint a GUID."""
        self._made += 1
        return guid_of(mint_uid("term", self._made))

    def sets(self) -> Iterator[TermSet]:
        """Yield all sets of all groups."""
        for group in self.groups:
            yield from group.sets
