"""Sharing tokens: what they stand for, and what they let their bearer do.

https://learn.microsoft.com/graph/api/shares-get: a token is a `shareId`, or `u!` and the address of
a sharing link, or of the item itself, in base64url. Anonymous links need a signed-in user too.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from m365sim.files import Drive, Item
from m365sim.files.problems import Missing
from m365sim.graph.reply import denied, invalid, not_found
from m365sim.history.permissions import note_item_permissions
from m365sim.sharing import Level, Link
from m365sim.sharing.grantees import is_guest

if TYPE_CHECKING:
    from m365sim.graph.call import Call


@dataclass(frozen=True, slots=True)
class Shared:
    """What a sharing token stands for, and the level it lends for this request, if any."""

    drive: Drive
    item: Item
    level: Level | None


def open_share(call: Call) -> Shared:
    """Return what the addressed token stands for; following a link may be refused."""
    token = call.address.share or ""
    sharing = call.world.sharing
    found = sharing.find_link(token)
    if found is None:
        found_item = _by_address(call, token)
        if found_item is None:
            raise not_found("The sharing link no longer exists, or you do not have permission.")
        return Shared(*found_item, None)
    drive, item, permission = found
    link, user = permission.link, call.principal.user
    if link is None or user is None:
        return Shared(drive, item, None)
    wishes = {wish.strip().lower() for wish in call.headers.get("prefer", "").split(",")}
    if not _may_follow(link, call, drive):
        if sharing.viewer(call.principal, drive).sees(item):
            return Shared(drive, item, None)
        raise denied("The sharing link is not meant for this user.")
    if "redeemsharinglink" in wishes:
        link.redeemed.add(user.id)
        note_item_permissions(sharing, drive, item)
    elif "redeemsharinglinkifnecessary" not in wishes:
        return Shared(drive, item, None)
    return Shared(drive, item, permission.level)


def _may_follow(link: Link, call: Call, drive: Drive) -> bool:
    user = call.principal.user
    if user is None:
        return False
    if link.scope == "users":
        sharing = call.world.sharing
        return any(sharing.is_among(member, user, drive.site) for member in link.members)
    if link.scope == "organization":
        return user.tenant_id == call.world.tenant.id and not is_guest(user)
    return True


def _by_address(call: Call, token: str) -> tuple[Drive, Item] | None:
    if not token.startswith("u!"):
        return None
    text = token[2:].replace("-", "+").replace("_", "/")
    try:
        url = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as broken:
        raise invalid("The sharing token is not valid.") from broken
    parts = urlsplit(url)
    path = unquote(parts.path)
    for drive in call.world.content.drives():
        top = f"{drive.site.path}/{drive.url_name}"
        if drive.site.host == parts.netloc and f"{path}/".startswith(f"{top}/"):
            names = [name for name in path.removeprefix(top).split("/") if name]
            try:
                return drive, drive.resolve(drive.root, names)
            except Missing:
                return None
    return None
