"""Groups of the directory, and the groups that a site has of its own.

https://learn.microsoft.com/graph/api/resources/group. What is in a SharePoint group is not in
Graph v1.0: it is told by `_api/web/sitegroups`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from m365sim.sharing.grantees import Grantee, group_grantee


@dataclass(slots=True, eq=False)
class Group:
    """A Microsoft 365 group, or a security group."""

    id: str
    name: str
    mail: str | None
    created_at: datetime
    is_unified: bool = True
    is_public: bool = True
    members: list[str] = field(default_factory=list)  # ids of users, and of groups
    owners: list[str] = field(default_factory=list)  # ids of users

    @property
    def grantee(self) -> Grantee:
        """The group as one that access is granted to."""
        return group_grantee(self.id, self.name, self.mail, is_unified=self.is_unified)


@dataclass(slots=True, eq=False)
class SiteGroup:
    """A group of a site collection: its owners, members and visitors, or one made later."""

    number: int
    name: str
    members: list[Grantee] = field(default_factory=list)
    description: str | None = None
    owner: str | None = None  # name of the group that owns it; None: the site's owners
    members_edit: bool = False  # whether members may add and remove others
    members_only: bool = False  # whether others see who is in it
