"""Sharing links: made once per kind and app, then found again.

https://learn.microsoft.com/graph/api/driveitem-createlink
"""

from __future__ import annotations

import base64
from datetime import datetime

from m365sim.files import Drive, Item, Site
from m365sim.files.ids import mint_uid
from m365sim.sharing.acl import Link, LinkScope, LinkType, Permission
from m365sim.sharing.face import Sharing

_ROLES: dict[LinkType, str] = {"view": "read", "edit": "write"}
#: The letter that tells an application what opens a link.
_LETTERS = {
    "docx": "w",
    "xlsx": "x",
    "pptx": "p",
    "pdf": "b",
    "txt": "t",
    "md": "t",
    "csv": "t",
    "png": "i",
    "jpg": "i",
    "jpeg": "i",
    "gif": "i",
    "mp4": "v",
}


def create_link(
    sharing: Sharing,
    drive: Drive,
    item: Item,
    *,
    kind: LinkType,
    scope: LinkScope,
    app: tuple[str, str],
    expires_at: datetime | None = None,
) -> tuple[Permission, bool]:
    """Return a link to an item; the second value tells whether it is a new one.

    `app` is the id and the name of who asks: each app has links of its own.
    """
    acl = sharing.own_acl(drive, item)
    for permission in acl.permissions.values():
        link = permission.link
        if link is None or permission.expires_at != expires_at:
            continue
        if (link.type, link.scope, link.app_id) == (kind, scope, app[0]):
            return permission, False
    number = sharing.new_id()
    web_url = _web_url(drive, item, number)
    made = Permission(
        number, (_ROLES[kind],), link=Link(scope, kind, web_url, *app), expires_at=expires_at
    )
    acl.add(made)
    sharing.note(drive, item)
    return made, True


def _web_url(drive: Drive, item: Item, number: str) -> str:
    extension = item.name.rpartition(".")[2].lower()
    letter = "f" if item.is_folder else _LETTERS.get(extension, "u")
    digest = mint_uid("link", number) + mint_uid("link again", number)
    token = base64.urlsafe_b64encode(b"\x10" + digest).decode().rstrip("=")
    return f"https://{drive.site.host}/:{letter}:/{_place(drive.site)}{token}"


def _place(site: Site) -> str:
    """Shorten a site's path as links do: `s/marketing/`, `g/personal/alex/`, `r/`."""
    if site.is_personal:
        return f"g{site.path}/"
    first, _, rest = site.path.lstrip("/").partition("/")
    short = {"sites": "s", "teams": "t"}.get(first)
    return f"{short}/{rest}/" if short else "r/"
