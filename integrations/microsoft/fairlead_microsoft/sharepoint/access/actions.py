"""Actions that say whether somebody may reach a file or folder, and why."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.access.holders import Holder, Kind
from fairlead_microsoft.sharepoint.access.judge import Finding, Judge, Level, best
from fairlead_microsoft.sharepoint.access.origins import Origin, find_origins
from fairlead_microsoft.sharepoint.access.people import Member, find_member
from fairlead_microsoft.sharepoint.access.site_groups import SiteGroups
from fairlead_microsoft.sharepoint.file_models import Permission
from fairlead_microsoft.sharepoint.models import DriveId, GraphItem, ItemId, SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint

_SCOPES = ("Files.Read.All", "GroupMember.Read.All", "User.Read.All")
_SOURCE = "https://learn.microsoft.com/graph/api/driveitem-list-permissions"
_FIELDS = "id,name,parentReference,sharepointIds"

UserName = Annotated[
    str,
    Field(
        min_length=1,
        description="Whose access: id, sign-in name or address of an account of the directory.",
        examples=["megan@contoso.onmicrosoft.com"],
    ),
]
Needed = Annotated[
    Literal["read", "write", "owner"],
    Field(description="How much they must be allowed: to read it, to change it, or all."),
]


class Access(Record):
    """Whether somebody may reach an item."""

    #: true only if it is certain
    is_allowed: bool
    #: the most that is certain: `none`, `read`, `write` or `owner`
    level: str
    #: false: something could not be read that might allow it all the same; see `reason`
    is_certain: bool
    #: a sentence for people
    reason: str


class Step(Record):
    """One link of a chain."""

    #: `user`, `group`, `groupOwners`, `siteGroup`, `sharingLink`, `invitation`, `everyone`,
    #: `everyoneExceptExternalUsers`
    kind: str
    #: id of a user, group or sharing link, number of a group of the site
    id: str | None = None
    name: str | None = None


class Grant(Record):
    """A permission that somebody has, and how."""

    permission_id: str
    roles: list[str]
    level: str
    #: from the one that it is given to, to the account
    chain: list[Step]
    #: it comes from above
    is_inherited: bool
    #: what it was put on; left out if that cannot be told
    origin: Origin | None = None


class Doubt(Record):
    """A permission of which it is not known whether somebody has it; it counts for nothing."""

    permission_id: str
    roles: list[str]
    reason: str


class OpenLink(Record):
    """A sharing link that would let them in if they had it."""

    permission_id: str
    level: str
    #: `anonymous` or `organization`
    scope: str | None = None
    has_password: bool | None = None


class Account(Record):
    """Whose access it is."""

    id: str
    user_principal_name: str
    display_name: str | None = None
    is_guest: bool


class Explanation(Access):
    """Whether somebody may reach an item, and all that says so."""

    #: left out if there is no such account
    user: Account | None = None
    grants: list[Grant]
    doubts: list[Doubt]
    open_links: list[OpenLink]


class SharepointIds(Shape):
    """How SharePoint's own API finds an item."""

    site_url: str | None = None


class SitedItem(GraphItem):
    """An item, and the address of its site."""

    sharepoint_ids: SharepointIds | None = None


@dataclass(slots=True)
class _Case:
    """What was found out."""

    item: SitedItem
    member: Member | None
    judge: Judge | None
    findings: list[Finding]


@sharepoint.action(scopes=_SCOPES, source=_SOURCE, effect="read")
async def check_drive_item_access(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    user: UserName,
    level: Needed = "read",
) -> Access:
    """Say whether somebody may read, change or own a file or folder.

    Groups within groups, groups of the site, sharing links that were followed and inheritance are
    worked out. What cannot be read counts as no access. Groups of the site are read from
    SharePoint's own API, which an app on its own reaches with a certificate only.
    """
    return _told(await _look(ctx.api, site_id, drive_id, item_id, user), user, level)


@sharepoint.action(scopes=_SCOPES, source=_SOURCE)
async def explain_drive_item_access(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    user: UserName,
    level: Needed = "read",
) -> Explanation:
    """Say why somebody may, or may not, reach a file or folder.

    Of each permission that they have: through which groups or link, and what it was put on. As
    `check-drive-item-access` otherwise.
    """
    case = await _look(ctx.api, site_id, drive_id, item_id, user)
    access = _told(case, user, level)
    if case.member is None or case.judge is None:
        return Explanation(**dict(access), grants=[], doubts=[], open_links=[])
    held = [one for one in case.findings if one.holds]
    inherited = [one.permission.id for one in held if one.permission.inherited_from is not None]
    origins = await find_origins(ctx.api, drive_id, case.item, inherited)
    grants = []
    for one in held:
        chain = await case.judge.lengthen(one.ways[0])
        grants.append(_grant(one, chain, case, origins))
    about = case.member.user
    return Explanation(
        **dict(access),
        user=Account(
            id=about.id,
            user_principal_name=about.user_principal_name,
            display_name=about.display_name,
            is_guest=about.is_guest,
        ),
        grants=grants,
        doubts=[
            Doubt(permission_id=one.permission.id, roles=one.permission.roles, reason=doubt)
            for one in case.findings
            for doubt in one.doubts
        ],
        open_links=[
            OpenLink(
                permission_id=one.permission.id,
                level=_word(one.level),
                scope=one.permission.link.scope,
                has_password=one.permission.has_password,
            )
            for one in case.findings
            if one.is_for_bearer and not one.holds and one.permission.link is not None
        ],
    )


async def _look(api: Graph, site_id: str, drive_id: str, item_id: str, user: str) -> _Case:
    place = api.path("sites", site_id, "drives", drive_id, "items", item_id)
    told, listed = await api.read_many([f"{place}?$select={_FIELDS}", f"{place}/permissions"])
    for answer in (told, listed):
        if isinstance(answer, FairleadError):
            raise answer
    item = read_as(SitedItem, told)
    member = await find_member(api, user)
    if member is None:
        return _Case(item, None, None, [])
    site_url = item.sharepoint_ids.site_url if item.sharepoint_ids else None
    judge = Judge(api, member, SiteGroups(api, site_url))
    findings = [
        await judge.judge(one)
        async for page in api.pages_from(Permission, listed)
        for one in page.items
    ]
    return _Case(item, member, judge, findings)


def _told(case: _Case, name: str, needed: Needed) -> Access:
    if case.member is None:
        return _never(f"The directory has no account '{name}'.")
    user = case.member.user
    who = user.display_name or user.user_principal_name
    if user.account_enabled is False:
        return _never(f"The account of {who} is disabled.")
    level, wanted = best(case.findings), Level[needed.upper()]
    if level >= wanted:
        through = next(one for one in case.findings if one.holds and one.level >= wanted)
        ways = " > ".join(step.name or step.id for step in through.ways[0])
        reason = f"{who} has {_word(level)}: {ways}."
        return Access(is_allowed=True, level=_word(level), is_certain=True, reason=reason)
    # a strange role may mean anything
    doubts = [
        doubt
        for one in case.findings
        if one.level >= wanted or one.level is Level.NONE
        for doubt in one.doubts
    ]
    reason = f"No permission is known that gives {who} {needed}"
    if doubts:
        more = f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else ""
        reason += f"; but {doubts[0].rstrip('.')}{more}"
    return Access(is_allowed=False, level=_word(level), is_certain=not doubts, reason=f"{reason}.")


def _never(reason: str) -> Access:
    return Access(is_allowed=False, level="none", is_certain=True, reason=reason)


def _grant(found: Finding, way: list[Holder], case: _Case, origins: dict[str, Origin]) -> Grant:
    permission = found.permission
    chain = [Step(kind=one.kind, id=one.id or None, name=one.name or None) for one in way]
    if permission.link is not None:
        chain.insert(0, Step(kind="sharingLink", id=permission.id, name=permission.link.scope))
    elif permission.invitation is not None and permission.granted_to_v2 is None:
        chain.insert(0, Step(kind="invitation", name=permission.invitation.email))
    if case.member is not None:
        user = case.member.user
        if way[-1].kind is Kind.USER:
            chain.pop()  # named by whatever SharePoint knew
        chain.append(Step(kind=Kind.USER, id=user.id, name=user.display_name))
    is_inherited = permission.inherited_from is not None
    own = None if is_inherited else _own(case.item)
    return Grant(
        permission_id=permission.id,
        roles=permission.roles,
        level=_word(found.level),
        chain=chain,
        is_inherited=is_inherited,
        origin=own or origins.get(permission.id),
    )


def _own(item: GraphItem) -> Origin:
    is_root = item.parent_reference is None or item.parent_reference.id is None
    return Origin(item_id=item.id, name=None if is_root else item.name, is_root=is_root)


def _word(level: Level) -> str:
    return level.name.lower()
