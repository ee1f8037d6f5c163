"""Permissions on drive items: listed, granted, linked, changed, taken away.

https://learn.microsoft.com/graph/api/driveitem-list-permissions, .../driveitem-invite,
.../driveitem-createlink, .../permission-get, .../permission-update, .../permission-delete
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from m365sim.files import Drive, Item
from m365sim.graph.access import check_drive
from m365sim.graph.call import Call
from m365sim.graph.offsets import offset_token, read_offset
from m365sim.graph.permission_shapes import permission_shape
from m365sim.graph.reply import GraphError, Headers, Reply, denied, invalid, json_reply, not_found
from m365sim.graph.shapes import CONTEXT, narrowed
from m365sim.sharing import Grantee, Level, Mail, Permission
from m365sim.sharing.acl import LEVELS, LinkScope, LinkType
from m365sim.sharing.invitations import (
    Inherited,
    Unresolved,
    change_roles,
    invite,
    keep_only,
    own_permission,
    recipient,
    revoke,
)
from m365sim.sharing.links import create_link

MAX_MESSAGE = 2000  # characters of an invitation's message

#: Recorded on every answer about permissions: they announce the end of `grantedTo`.
_DEPRECATION: Headers = [
    (b"deprecation", b"Fri, 03 Sep 2021 23:59:59 GMT"),
    (b"sunset", b"Sun, 01 Oct 2023 23:59:59 GMT"),
    (b"link", b'<https://developer.microsoft.com/en-us/graph/changes>;rel="deprecation"'),
]


async def list_permissions(call: Call) -> Reply:
    """List what is in force on an item: everything for its owners, else what is the caller's."""
    drive = call.drive()
    item = call.item(drive)
    shapes = shown_permissions(call, drive, item)
    start = read_offset(call.query.get("$skiptoken"))
    stop = start + call.top()
    selected = call.selected()
    value: dict[str, Any] = {"@odata.context": f"{_context(drive, item)}/permissions"}
    if stop < len(shapes):
        value["@odata.nextLink"] = call.link("$skiptoken", offset_token(stop))
    value["value"] = [narrowed(shape, selected) for shape in shapes[start:stop]]
    return json_reply(value, 200, _DEPRECATION)


async def get_permission(call: Call) -> Reply:
    """Return one of the permissions that the caller is shown."""
    drive = call.drive()
    item = call.item(drive)
    for shape in shown_permissions(call, drive, item):
        if shape["id"] == call.address.keys[0]:
            context = f"{_context(drive, item)}/permissions/$entity"
            whole = narrowed({"@odata.context": context, **shape}, call.selected())
            return json_reply(whole, 200, _DEPRECATION)
    raise not_found()


async def invite_to_item(call: Call) -> Reply:
    """Grant roles on an item to people and groups."""
    drive = call.drive(write=True)
    item = call.item(drive)
    body = await call.json()
    roles = _roles(body.get("roles"))
    if len(str(body.get("message") or "")) > MAX_MESSAGE:
        raise invalid(f"A message has at most {MAX_MESSAGE} characters.")
    if body.get("password"):
        raise invalid("Invitations with a password are for OneDrive personal only.")
    expires_at = _expiration(call, body)
    found = _recipients(call, body)
    _start_sharing(call, drive, item, body)
    made = invite(call.world.sharing, drive, item, found, roles, expires_at=expires_at)
    if body.get("sendInvitation") is True:
        _note_mails(call, drive, item, found, str(body.get("message") or ""))
    value = [permission_shape(call.world, drive, p, site_users=False) for p in made]
    context = f"{CONTEXT}#Collection(permission)"
    return json_reply({"@odata.context": context, "value": value}, 200, _DEPRECATION)


async def create_sharing_link(call: Call) -> Reply:
    """Make a sharing link, or return the app's equal one."""
    drive = call.drive(write=True)
    item = call.item(drive)
    body = await call.json()
    kind, scope = body.get("type", "view"), body.get("scope", "organization")
    if kind not in ("view", "edit"):
        # Embeddable links are for OneDrive personal only.
        raise invalid(f"The link type '{kind}' is not supported.")
    if scope not in ("anonymous", "organization", "users"):
        raise invalid(f"The link scope '{scope}' is not supported.")
    if body.get("password"):
        raise invalid("Links with a password are for OneDrive personal only.")
    expires_at = _expiration(call, body)
    _start_sharing(call, drive, item, body)
    principal = call.principal
    permission, is_new = create_link(
        call.world.sharing,
        drive,
        item,
        kind=cast("LinkType", kind),
        scope=cast("LinkScope", scope),
        app=(principal.app_id, principal.app_display_name),
        expires_at=expires_at,
    )
    shape = permission_shape(call.world, drive, permission)
    del shape["grantedToIdentities"], shape["grantedToIdentitiesV2"]
    whole = {"@odata.context": f"{CONTEXT}#microsoft.graph.permission", **shape}
    return json_reply(whole, 201 if is_new else 200, _DEPRECATION)


async def update_permission(call: Call) -> Reply:
    """Let a permission of the item itself allow something else."""
    drive, item, permission = _own(call)
    body = await call.json()
    if "expirationDateTime" in body:
        if permission.link is None:
            raise invalid("Only the permission of a sharing link can expire.")
        if permission.link.scope != "anonymous":
            # https://learn.microsoft.com/graph/api/permission-update
            raise invalid("Only sharing links for anyone can be changed.")
        permission.expires_at = _expiration(call, body)
        call.world.sharing.note(drive, item)
    if "roles" in body:
        if permission.link is not None:
            raise invalid("The roles of a sharing link cannot be changed.")
        change_roles(call.world.sharing, drive, item, permission, _roles(body["roles"]))
    elif "expirationDateTime" not in body:
        raise invalid("There is nothing to change.")
    shape = permission_shape(call.world, drive, permission)
    context = f"{_context(drive, item)}/permissions/$entity"
    return json_reply({"@odata.context": context, **shape}, 200, _DEPRECATION)


async def delete_permission(call: Call) -> Reply:
    """Take a permission off the item itself."""
    drive, item, permission = _own(call)
    revoke(call.world.sharing, drive, item, permission)
    return Reply(204)


async def get_share(call: Call) -> Reply:
    """Return what a sharing token stands for."""
    drive = call.drive()
    item = call.item(drive)
    owner = {"displayName": drive.owner.user_name or "System Account"}
    if drive.owner.user_id:
        owner["id"] = drive.owner.user_id
    shape = {
        "@odata.context": f"{CONTEXT}#shares/$entity",
        "id": call.address.share,
        "name": item.name,
        "owner": {"user": owner},
    }
    return json_reply(narrowed(shape, call.selected()))


async def get_share_permission(call: Call) -> Reply:
    """Return the permission that a sharing token stands for."""
    drive = call.drive()
    call.item(drive)
    found = call.world.sharing.find_link(call.address.share or "")
    if found is None:
        raise not_found()
    shape = permission_shape(call.world, drive, found[2], secrets=_can_share(call, drive, found[1]))
    context = f"{CONTEXT}#shares('{quote(call.address.share or '')}')/permission/$entity"
    return json_reply({"@odata.context": context, **shape}, 200, _DEPRECATION)


async def grant_by_link(call: Call) -> Reply:
    """Let people use a link that is for chosen people."""
    drive = call.drive(write=True)
    item = call.item(drive)
    found = call.world.sharing.find_link(call.address.share or "")
    link = found[2].link if found is not None else None
    if found is None or link is None:
        raise not_found()
    body = await call.json()
    if _roles(body.get("roles", list(found[2].roles))) != found[2].roles:
        raise invalid("The roles must be those of the link.")
    for one in _recipients(call, body):
        if not isinstance(one, Grantee):
            raise invalid("One or more users could not be resolved.", "noResolvedUsers")
        if one not in link.members:
            link.members.append(one)
    call.world.sharing.note(drive, item)
    value = [permission_shape(call.world, drive, found[2])]
    context = f"{CONTEXT}#Collection(permission)"
    return json_reply({"@odata.context": context, "value": value}, 200, _DEPRECATION)


def _note_mails(
    call: Call, drive: Drive, item: Item, recipients: list[Grantee | str], message: str
) -> None:
    now = call.world.clock.now()
    for one in recipients:
        address = one if isinstance(one, str) else one.email or one.name
        mail = Mail(address, drive.item_id(item.uid), item.name, message, now)
        call.world.sharing.mails.append(mail)


def _recipients(call: Call, body: dict[str, Any]) -> list[Grantee | str]:
    wanted = body.get("recipients")
    if not isinstance(wanted, list) or not wanted:
        raise invalid("At least one recipient is required.")
    if not all(isinstance(one, dict) for one in wanted):
        raise invalid("A recipient is an object.")
    try:
        return [
            recipient(
                call.world.sharing,
                object_id=one.get("objectId"),
                email=one.get("email"),
                alias=one.get("alias"),
            )
            for one in wanted
        ]
    except Unresolved as nobody:
        raise invalid(str(nobody), "noResolvedUsers") from nobody


def shown_permissions(call: Call, drive: Drive, item: Item) -> list[dict[str, Any]]:
    """Show what is in force on an item, as far as the caller may know."""
    sharing, user = call.world.sharing, call.principal.user
    found = sharing.effective(drive, item)
    if user is not None and call.viewer(drive).level(item) < Level.OWNER:
        found = [one for one in found if sharing.applies(one[0], user, drive.site)]
    secrets = _can_share(call, drive, item)
    return [
        permission_shape(call.world, drive, permission, inherited=not is_own, secrets=secrets)
        for permission, is_own in found
    ]


def _can_share(call: Call, drive: Drive, item: Item) -> bool:
    """Tell whether the caller could have granted what it sees."""
    try:
        check_drive(call.world.content, call.principal, drive, write=True)
    except GraphError:
        return False
    return call.viewer(drive).level(item) >= Level.WRITE


def _own(call: Call) -> tuple[Drive, Item, Permission]:
    drive = call.drive(write=True)
    item = call.item(drive)
    wanted = call.address.keys[0]
    if not any(one.id == wanted for one, _ in call.world.sharing.effective(drive, item)):
        raise not_found()
    try:
        return drive, item, own_permission(call.world.sharing, drive, item, wanted)
    except Inherited as above:
        raise denied(str(above)) from above


def _start_sharing(call: Call, drive: Drive, item: Item, body: dict[str, Any]) -> None:
    if body.get("retainInheritedPermissions") is False:
        keep_only(call.world.sharing, drive, item, call.principal.user)


def _roles(roles: Any) -> tuple[str, ...]:
    if isinstance(roles, list) and roles and set(roles) <= LEVELS.keys():
        return tuple(roles)
    raise invalid("Roles must be among read, write and owner.")


def _expiration(call: Call, body: dict[str, Any]) -> datetime | None:
    text = body.get("expirationDateTime")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as broken:
        raise invalid(f"'{text}' is no date and time.") from broken
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.year == 1:  # how Graph itself writes "never"
        return None
    if moment <= call.world.clock.now():
        raise invalid("The expiration must be in the future.")
    return moment


def _context(drive: Drive, item: Item) -> str:
    return f"{CONTEXT}#drives('{quote(drive.id)}')/items('{drive.item_id(item.uid)}')"
