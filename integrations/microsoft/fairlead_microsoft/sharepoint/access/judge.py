"""Judge: whether a permission is one that somebody has, and by which way.

https://learn.microsoft.com/graph/api/resources/permission,
https://learn.microsoft.com/sharepoint/shareable-links-anyone-specific-people-organization. Access
is never assumed: a group that cannot be read, a role or a holder that is not known here count for
nothing, and are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from fairlead.errors import FairleadError
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.access.holders import (
    Holder,
    Kind,
    holder_of,
    login_in,
)
from fairlead_microsoft.sharepoint.access.people import Member
from fairlead_microsoft.sharepoint.access.site_groups import SiteGroups
from fairlead_microsoft.sharepoint.file_models import Grantees, Permission


class Level(IntEnum):
    """How much a role allows; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWNER = 3


_LEVELS = {
    "read": Level.READ,
    "write": Level.WRITE,
    "owner": Level.OWNER,
    "fullcontrol": Level.OWNER,
    "sp.full control": Level.OWNER,
    "sp.owner": Level.OWNER,
}
_ANYONE, _ORGANISATION = "anonymous", "organization"


@dataclass(slots=True)
class Finding:
    """What one permission means for somebody."""

    permission: Permission
    level: Level
    #: the ways by which they have it, each from the one it is given to on; empty: they have it not
    ways: list[list[Holder]] = field(default_factory=list)
    #: why it is not known whether they have it
    doubts: list[str] = field(default_factory=list)
    #: they would have it with the link in hand
    is_for_bearer: bool = False

    @property
    def holds(self) -> bool:
        """Whether they have it for certain."""
        return bool(self.ways) and self.level > Level.NONE


class Judge:
    """Judges the permissions of one item's site for one account."""

    def __init__(self, api: Graph, member: Member, groups: SiteGroups) -> None:
        self._api = api
        self._member = member
        self._groups = groups

    async def judge(self, permission: Permission) -> Finding:
        """Say what a permission means for the account."""
        level, strange = _level(permission.roles)
        found = Finding(permission, level)
        if permission.link is not None:
            await self._by_link(found, permission.link.scope or "")
        else:
            for grantees in _named(permission):
                await self._among(found, holder_of(grantees, login_in(permission)))
            if not found.ways:
                self._invited(found)
        if strange and found.ways:
            found.doubts.append(f"the role {strange}, which they have, is not known here")
        return found

    async def _by_link(self, found: Finding, scope: str) -> None:
        user = self._member.user
        if scope == _ORGANISATION and user.is_guest:
            return  # lets nobody in who is not of the organisation, whoever sent it on
        found.is_for_bearer = scope in (_ANYONE, _ORGANISATION)
        for grantees in found.permission.granted_to_identities_v2 or _named(found.permission):
            await self._among(found, holder_of(grantees))

    def _invited(self, found: Finding) -> None:
        invitation = found.permission.invitation
        address = ((invitation.email if invitation else None) or "").lower()
        if address and address == (self._member.user.mail or "").lower():
            found.ways.append([Holder(Kind.USER, self._member.user.id, address)])

    async def _among(self, found: Finding, holder: Holder) -> None:
        """Add the ways from a holder to the account, or why they are not known."""
        if holder.kind is not Kind.SITE_GROUP:
            if (doubt := await self._is_among(holder)) is True:
                found.ways.append([holder])
            elif doubt:
                found.doubts.append(str(doubt))
            return
        try:
            members = await self._groups.members(holder.id)
        except FairleadError as error:
            if error.retryable:
                raise
            found.doubts.append(f"the site group {holder.name} cannot be read: {error.message}")
            return
        for inner in members:
            if (doubt := await self._is_among(inner)) is True:
                found.ways.append([holder, inner])
            elif doubt:
                found.doubts.append(f"in the site group {holder.name}: {doubt}")

    async def _is_among(self, holder: Holder) -> bool | str:
        """Say whether the account is, or is in, a holder that is no group of a site; or a doubt."""
        user = self._member.user
        match holder.kind:
            case Kind.USER:
                return user.is_one(holder)
            case Kind.GROUP:
                return holder.id in self._member.groups
            case Kind.GROUP_OWNERS:
                return await self._owns(holder)
            case Kind.EVERYONE | Kind.EVERYONE_BUT_GUESTS:
                return holder.kind is Kind.EVERYONE or not user.is_guest
            case Kind.APPLICATION:
                return False  # of an app, not of a person
        return f"{holder.name or holder.id or 'somebody'} is of a kind that is not known here"

    async def _owns(self, holder: Holder) -> bool | str:
        try:
            return await self._member.owns(self._api, holder.id)
        except FairleadError as error:
            if error.retryable:
                raise
            return f"the owners of the group {holder.name} cannot be read: {error.message}"

    async def lengthen(self, way: list[Holder]) -> list[Holder]:
        """Return a way with the groups within groups that lead on to the account."""
        if way[-1].kind is not Kind.GROUP:
            return way
        try:
            return [*way[:-1], *(await self._member.way_into(self._api, way[-1]) or way[-1:])]
        except FairleadError as error:
            if error.retryable:
                raise
            return way  # that the account is in it is known all the same


def best(findings: Sequence[Finding]) -> Level:
    """Return how much several permissions allow together."""
    return max((one.level for one in findings if one.holds), default=Level.NONE)


def _named(permission: Permission) -> list[Grantees]:
    if permission.granted_to_v2 is not None:
        return [permission.granted_to_v2]
    if permission.granted_to_identities_v2:
        return permission.granted_to_identities_v2
    # the deprecated form shows groups of sites as users without an id: nobody is taken for one
    old = permission.granted_to_identities or []
    return [*old, permission.granted_to] if permission.granted_to is not None else old


def _level(roles: Sequence[str]) -> tuple[Level, str]:
    """Return how much roles allow, and the first that is not known."""
    known = [_LEVELS[role.lower()] for role in roles if role.lower() in _LEVELS]
    strange = next((role for role in roles if role.lower() not in _LEVELS), "")
    return max(known, default=Level.NONE), strange
