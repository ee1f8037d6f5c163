"""Change tokens: `version;scope;guid;ticks;number`.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/bb417456(v=office.14)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from m365sim.files import Site
from m365sim.files.ids import guid_of
from m365sim.lists import SharePointList
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError

SITE, WEB, LIST = 1, 2, 3
_TICKS_1970 = 621_355_968_000_000_000
_TICKS_PER_SECOND = 10_000_000


@dataclass(frozen=True, slots=True)
class ChangeToken:
    """A place in the history of a list or a site."""

    scope: int
    guid: str
    at: float  # seconds since 1970
    number: int

    def write(self) -> str:
        """Return the text."""
        ticks = int(self.at) * _TICKS_PER_SECOND + _TICKS_1970
        return f"1;{self.scope};{self.guid};{ticks};{self.number}"


def read_token(text: str, scope: int, guid: str) -> ChangeToken:
    """Read a token of a list or a site; RestError when it is none."""
    try:
        version, kind, whose, ticks, number = text.split(";")
        token = ChangeToken(
            int(kind),
            str(UUID(whose)),
            (int(ticks) - _TICKS_1970) / _TICKS_PER_SECOND,
            int(number),
        )
    except ValueError as broken:
        raise _bad("The changeToken is not valid.") from broken
    if version != "1" or token.number < -1:
        raise _bad("The changeToken is not valid.")
    if token.scope != scope or token.guid != guid:
        raise _bad("The changeToken refers to another object.")
    return token


def too_old() -> RestError:
    """Make the error for a token that the history does not reach back to."""
    return _bad("The changeToken refers to a time before the start of the current change log.")


def is_expired(call: Call, found: SharePointList, token: ChangeToken) -> bool:
    """Tell whether the history of a list does not reach back to a token, or on to it."""
    oldest = call.world.clock.now() - call.world.quirks.delta_retention
    if datetime.fromtimestamp(token.at, UTC) < oldest or token.number > found.head:
        return True
    return token.number < found.floor


def list_token(call: Call, found: SharePointList) -> str:
    """Return the token of a list's present."""
    return ChangeToken(LIST, found.id, call.world.clock.now().timestamp(), found.head).write()


def lists_of(call: Call, site: Site, scope: int) -> list[SharePointList]:
    """List what lists of a web, or of its whole site collection, the caller sees."""
    if scope == WEB:
        sites = [site]
    else:
        known = call.world.content.all_sites()
        sites = [one for one in known if one.collection == site.collection]
    return [found for one in sites for found in call.world.lists.of(one) if call.sees(found)]


def heads_token(call: Call, site: Site, scope: int, heads: dict[str, int]) -> str:
    """Return the token of a place in the history of all lists of a web or a site collection."""
    positions = call.world.rest.positions
    if not positions or positions[-1] != heads:
        positions.append(dict(heads))
    at = call.world.clock.now().timestamp()
    return ChangeToken(scope, guid_at(site, scope), at, len(positions) - 1).write()


def present_token(call: Call, site: Site, scope: int) -> str:
    """Return the token of the present of a web or a site collection."""
    heads = {found.id: found.head for found in lists_of(call, site, scope)}
    return heads_token(call, site, scope, heads | {"": len(call.world.lists.history)})


def guid_at(site: Site, scope: int) -> str:
    """Return whose token it is: that of the web, or that of its site collection."""
    return guid_of(site.web if scope == WEB else site.collection)


def _bad(message: str) -> RestError:
    return RestError(400, "-2146232832, Microsoft.SharePoint.SPException", message)
