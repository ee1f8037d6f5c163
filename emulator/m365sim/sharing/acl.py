"""Permissions on a site, a library or an item, and what a role allows.

https://learn.microsoft.com/graph/api/resources/permission
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Literal

from m365sim.sharing.grantees import Grantee

LinkScope = Literal["anonymous", "organization", "users"]
LinkType = Literal["view", "edit"]


class Level(IntEnum):
    """How much somebody may do."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWNER = 3


LEVELS = {
    "read": Level.READ,
    "write": Level.WRITE,
    "owner": Level.OWNER,
    "fullcontrol": Level.OWNER,
}


@dataclass(slots=True, eq=False)
class Link:
    """A sharing link: whoever comes by it has access, within its scope."""

    scope: LinkScope
    type: LinkType
    web_url: str
    app_id: str
    app_name: str
    prevents_download: bool = False
    members: list[Grantee] = field(default_factory=list)  # whom it was sent to
    redeemed: set[str] = field(default_factory=set)  # ids of users who followed it

    @property
    def share_id(self) -> str:
        """The token that the shares API takes in place of the link."""
        return "u!" + base64.urlsafe_b64encode(self.web_url.encode()).decode().rstrip("=")


@dataclass(slots=True, eq=False)
class Permission:
    """Roles granted to somebody, or by a link."""

    id: str
    roles: tuple[str, ...]
    grantee: Grantee | None = None  # None for links, and for invitations not yet taken up
    link: Link | None = None
    invited: str | None = None  # the e-mail address of an invitation
    expires_at: datetime | None = None
    definitions: tuple[int, ...] = ()  # SharePoint's roles, where they are more than the above

    @property
    def level(self) -> Level:
        """How much it allows."""
        return max((LEVELS[role] for role in self.roles), default=Level.NONE)

    @property
    def share_id(self) -> str:
        """The token that the shares API takes; recordings show the id itself but for links."""
        return self.link.share_id if self.link is not None else self.id


@dataclass(slots=True, eq=False)
class Acl:
    """The permissions put right on a resource; those from above count as well if it inherits."""

    inherits: bool = True
    permissions: dict[str, Permission] = field(default_factory=dict)

    def add(self, permission: Permission) -> Permission:
        """Put a permission on, in place of the one of its id."""
        self.permissions[permission.id] = permission
        return permission
