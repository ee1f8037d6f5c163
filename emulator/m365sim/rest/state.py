"""What `_api` remembers of a tenant beyond the content store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from m365sim.lists.terms import TermStore
from m365sim.transfer.intake import Intake

if TYPE_CHECKING:
    from m365sim.files import Site
    from m365sim.rest.definitions import Definition
    from m365sim.sharing import Grantee


@dataclass(slots=True, eq=False)
class ChunkedUpload:
    """The bytes of a file that arrive in chunks."""

    drive_id: str
    uid: bytes
    intake: Intake


@dataclass(slots=True)
class RestState:
    """Uploads under way, and the places in the history of whole sites that tokens stand for."""

    uploads: dict[UUID, ChunkedUpload] = field(default_factory=dict)
    #: Number of a change token of a site → list id → number of its last change.
    positions: list[dict[str, int]] = field(default_factory=list)
    terms: TermStore = field(default_factory=TermStore)
    second_stage: set[str] = field(default_factory=set)  # ids of what is there in the recycle bin
    #: Site collection → number → role, of those that somebody made.
    definitions: dict[bytes, dict[int, Definition]] = field(default_factory=dict)
    #: Site collection → whom it was made to know.
    met: dict[bytes, list[Grantee]] = field(default_factory=dict)

    def meet(self, site: Site, grantee: Grantee) -> None:
        """Let a site collection know somebody."""
        known = self.met.setdefault(site.collection, [])
        if grantee not in known:
            known.append(grantee)
