"""A site (a SharePoint web) and where it lives.

https://learn.microsoft.com/graph/api/resources/site
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from m365sim.files.ids import guid_of
from m365sim.files.names import quoted

if TYPE_CHECKING:
    from m365sim.files.drive import Drive


@dataclass(slots=True, eq=False)
class Site:
    """A site collection's root web, or a subsite."""

    host: str  # "contoso.sharepoint.com"
    path: str  # "/sites/marketing"; "" for the tenant's root site
    collection: bytes
    web: bytes
    name: str
    display_name: str
    created_at: datetime
    description: str = ""
    parent: Site | None = None  # of a subsite
    owner_id: str | None = None  # the user whose OneDrive this is
    in_group: bool = False
    drives: list[Drive] = field(default_factory=list)
    subsites: list[Site] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id as Graph writes it: host, site collection, web."""
        return f"{self.host},{guid_of(self.collection)},{guid_of(self.web)}"

    @property
    def web_url(self) -> str:
        """The address in the real service."""
        return f"https://{self.host}{quoted(self.path)}"

    @property
    def is_personal(self) -> bool:
        """Whether this is someone's OneDrive."""
        return self.owner_id is not None
