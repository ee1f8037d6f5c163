"""The person whose access is asked for, and the groups that the person is in.

https://learn.microsoft.com/graph/api/user-get,
https://learn.microsoft.com/graph/api/user-list-transitivememberof (groups within groups included).
"""

from dataclasses import dataclass, field
from typing import Any

from fairlead.errors import FairleadError, Rejected
from fairlead.sdk import Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.access.holders import Holder, Kind
from fairlead_microsoft.sharepoint.wire import invalid

_ABOUT = "id,userPrincipalName,mail,displayName,userType,accountEnabled"
_NOT_FOUND = 404
#: groups a page
_PAGE = 999


class User(Shape):
    """An account of the directory."""

    id: str
    user_principal_name: str
    mail: str | None = None
    display_name: str | None = None
    user_type: str | None = None
    account_enabled: bool | None = None

    @property
    def is_guest(self) -> bool:
        """Comes from outside, by either sign of it: whoever is in doubt has less."""
        return self.user_type == "Guest" or "#ext#" in self.user_principal_name.lower()

    def is_one(self, holder: Holder) -> bool:
        """Say whether a holder of the kind `user` is this account."""
        if holder.id:
            return holder.id.lower() == self.id.lower()
        return bool(holder.upn) and holder.upn == self.user_principal_name.lower()


class Group(Shape):
    """A group of the directory."""

    id: str
    display_name: str | None = None


@dataclass(slots=True)
class Member:
    """An account and the groups it is in, by id."""

    user: User
    groups: dict[str, str]
    #: group id -> does the account own it; asked for once
    _owned: dict[str, bool] = field(default_factory=dict)

    async def owns(self, api: Graph, group_id: str) -> bool:
        """Say whether the account is among the owners of a group."""
        if group_id not in self._owned:
            owners = api.items(Group, api.path("groups", group_id, "owners"), select="id")
            found = [one.id.lower() async for one in owners]
            self._owned[group_id] = self.user.id.lower() in found
        return self._owned[group_id]

    async def way_into(self, api: Graph, group: Holder) -> list[Holder]:
        """Return the groups that lead from one to the account: itself, those within it, in order.

        The shortest of several. Empty if none is found any more.
        """
        direct = api.items(
            Group, api.path("users", self.user.id, "memberOf", "microsoft.graph.group"), select="id"
        )
        holding = {one.id.lower() async for one in direct}
        ways = [[group]]
        seen = {group.id}
        while ways:
            way = ways.pop(0)
            if way[-1].id in holding:
                return way
            path = api.path("groups", way[-1].id, "members", "microsoft.graph.group")
            async for inner in api.items(Group, path, select="id,displayName"):
                key = inner.id.lower()
                # only those that the account is in can lead to it
                if key in self.groups and key not in seen:
                    seen.add(key)
                    ways.append([*way, Holder(Kind.GROUP, key, inner.display_name or "")])
        return []


async def find_member(api: Graph, name: str) -> Member | None:
    """Find an account by its id, sign-in name or address; None if the directory has no such one.

    Rejected: the connection may not read users or their groups.
    """
    found = await _read(api, name)
    if found is None and "@" in name:
        quoted = name.replace("'", "''")
        path = api.path("users")
        page = await api.get_json(path, filter=f"mail eq '{quoted}'", select=_ABOUT, top=2)
        people = page.get("value") or []
        if len(people) > 1:
            raise invalid(f"Several accounts have the address {name}; name one by its id.")
        found = await _read(api, people[0]["id"]) if people else None
    return found


async def _read(api: Graph, name: str) -> Member | None:
    user = api.path("users", name)
    about, groups = await api.read_many(
        [
            f"{user}?$select={_ABOUT}",
            f"{user}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$top={_PAGE}",
        ]
    )
    if isinstance(about, Rejected) and about.provider_status == _NOT_FOUND:
        return None
    for answer in (about, groups):
        if isinstance(answer, FairleadError):
            raise answer
    return Member(read_as(User, about), await _names(api, groups))


async def _names(api: Graph, first: Any) -> dict[str, str]:
    return {
        one.id.lower(): one.display_name or ""
        async for page in api.pages_from(Group, first)
        for one in page.items
    }
