"""Good calls of the actions on files, people and rights by SharePoint's own API."""

from base64 import b64encode
from typing import Any

from v1_cases import CASES, SITE, V1Lab, case, unique

READ_ROLE = 1073741826


async def drive(lab: V1Lab) -> dict[str, str]:
    """Return where the library of the site is."""

    def found(world: Any) -> str:
        return str(world.content.site_at(world.content.host, SITE).drives[0].id)

    return {"siteId": SITE, "driveId": lab.tenant.call(found)}


async def _file(lab: V1Lab) -> dict[str, Any]:
    made = await lab.run("upload-drive-item", await CASES["upload-drive-item"](lab))
    return {**(await drive(lab)), "itemId": made["id"]}


async def _checked_out(lab: V1Lab) -> dict[str, Any]:
    given = await _file(lab)
    await lab.run("check-out-drive-item", given)
    return given


async def _with_versions(lab: V1Lab) -> dict[str, Any]:
    given = await CASES["upload-drive-item"](lab)
    for text in (b"one", b"two", b"three"):
        made = await lab.run("upload-drive-item", {**given, "content": b64encode(text).decode()})
    return {**(await drive(lab)), "itemId": made["id"], "versionId": "1.0"}


# -- files


@case
async def _list_drives(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _get_drive(lab: V1Lab) -> dict[str, Any]:
    return await drive(lab)


@case
async def _list_drive_children(lab: V1Lab) -> dict[str, Any]:
    return await drive(lab)


@case
async def _create_drive_folder(lab: V1Lab) -> dict[str, Any]:
    return {**(await drive(lab)), "parentItemId": "root", "name": unique("Folder #%")}


@case
async def _upload_drive_item(lab: V1Lab) -> dict[str, Any]:
    content = b64encode(b"hello").decode()
    name = unique("It's 50% of #") + ".txt"
    return {**(await drive(lab)), "parentItemId": "root", "fileName": name, "content": content}


@case
async def _get_drive_item(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _get_drive_item_by_path(lab: V1Lab) -> dict[str, Any]:
    return {**(await drive(lab)), "path": "Shared Documents/Welcome.md"}


@case
async def _download_drive_item_content(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _update_drive_item(lab: V1Lab) -> dict[str, Any]:
    return {**(await _file(lab)), "name": unique("Renamed") + ".txt"}


@case
async def _delete_drive_item(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _recycle_drive_item(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _copy_drive_item(lab: V1Lab) -> dict[str, Any]:
    where = await drive(lab)
    target = {"parentDriveId": where["driveId"], "parentItemId": "root"}
    return {**(await _file(lab)), **target, "name": unique("Copy") + ".txt"}


@case
async def _check_out_drive_item(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _check_in_drive_item(lab: V1Lab) -> dict[str, Any]:
    return {**(await _checked_out(lab)), "comment": "It's done"}


@case
async def _undo_drive_item_check_out(lab: V1Lab) -> dict[str, Any]:
    return await _checked_out(lab)


@case
async def _list_drive_item_versions(lab: V1Lab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _restore_drive_item_version(lab: V1Lab) -> dict[str, Any]:
    return await _with_versions(lab)


@case
async def _delete_drive_item_version(lab: V1Lab) -> dict[str, Any]:
    return await _with_versions(lab)


@case
async def _list_recycle_bin_items(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _restore_recycle_bin_item(lab: V1Lab) -> dict[str, Any]:
    told = await lab.run("recycle-drive-item", await _file(lab))
    return {"siteId": SITE, "recycledId": told["recycledId"]}


# -- attachments


@case
async def _list_attachments(lab: V1Lab) -> dict[str, Any]:
    return await CASES["get-list-item"](lab)


@case
async def _add_attachment(lab: V1Lab) -> dict[str, Any]:
    content = b64encode(b"hung on").decode()
    row = await CASES["get-list-item"](lab)
    return {**row, "fileName": "It's #1.txt", "content": content}


async def _attached(lab: V1Lab) -> dict[str, Any]:
    given = await CASES["add-attachment"](lab)
    await lab.run("add-attachment", given)
    del given["content"]
    return given


@case
async def _download_attachment(lab: V1Lab) -> dict[str, Any]:
    return await _attached(lab)


@case
async def _delete_attachment(lab: V1Lab) -> dict[str, Any]:
    return await _attached(lab)


# -- people and groups


async def person(lab: V1Lab) -> dict[str, Any]:
    """Return somebody whom the site knows."""
    people = await lab.run("list-site-users", {"siteId": SITE})
    return next(one for one in people["items"] if "megan" in one["loginName"])


@case
async def _list_site_users(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _get_site_user(lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE, "principalId": (await person(lab))["id"]}


@case
async def _ensure_site_user(lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE, "loginName": "megan@contoso.onmicrosoft.com"}


@case
async def _list_site_groups(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _create_site_group(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE, "title": unique("Crew"), "description": "All hands."}


async def _group(lab: V1Lab) -> dict[str, Any]:
    made = await lab.run("create-site-group", await CASES["create-site-group"](lab))
    return {"siteId": SITE, "groupId": made["id"]}


@case
async def _list_site_group_members(lab: V1Lab) -> dict[str, Any]:
    return await _group(lab)


@case
async def _delete_site_group(lab: V1Lab) -> dict[str, Any]:
    return await _group(lab)


@case
async def _add_site_group_member(lab: V1Lab) -> dict[str, Any]:
    return {**(await _group(lab)), "loginName": (await person(lab))["loginName"]}


@case
async def _remove_site_group_member(lab: V1Lab) -> dict[str, Any]:
    given = await CASES["add-site-group-member"](lab)
    one = await lab.run("add-site-group-member", given)
    return {"siteId": SITE, "groupId": given["groupId"], "principalId": one["id"]}


# -- rights


@case
async def _list_role_definitions(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _list_role_assignments(lab: V1Lab) -> dict[str, Any]:
    return await CASES["get-list"](lab)


@case
async def _break_role_inheritance(lab: V1Lab) -> dict[str, Any]:
    return await CASES["get-list-item"](lab)


async def _own_rights(lab: V1Lab) -> dict[str, Any]:
    given = await CASES["get-list"](lab)
    await lab.run("break-role-inheritance", given)
    return given


@case
async def _reset_role_inheritance(lab: V1Lab) -> dict[str, Any]:
    return await _own_rights(lab)


@case
async def _add_role_assignment(lab: V1Lab) -> dict[str, Any]:
    who = (await person(lab))["id"]
    return {**(await _own_rights(lab)), "principalId": who, "roleId": READ_ROLE}


@case
async def _remove_role_assignment(lab: V1Lab) -> dict[str, Any]:
    given = await CASES["add-role-assignment"](lab)
    await lab.run("add-role-assignment", given)
    return given


# -- search and terms


@case
async def _search(_lab: V1Lab) -> dict[str, Any]:
    return {"query": "welcome"}


@case
async def _list_term_groups(_lab: V1Lab) -> dict[str, Any]:
    return {}


async def _term_set(lab: V1Lab) -> dict[str, Any]:
    group = await lab.api("POST", "v2.1/termStore/groups", b'{"displayName":"People"}')
    names = b'{"localizedNames":[{"name":"Teams","languageTag":"en-US"}]}'
    made = await lab.api("POST", f"v2.1/termStore/groups/{group['id']}/sets", names)
    return {"groupId": group["id"], "setId": made["id"]}


@case
async def _list_term_sets(lab: V1Lab) -> dict[str, Any]:
    return {"groupId": (await _term_set(lab))["groupId"]}


@case
async def _list_terms(lab: V1Lab) -> dict[str, Any]:
    return {"setId": (await _term_set(lab))["setId"]}


@case
async def _create_term(lab: V1Lab) -> dict[str, Any]:
    return {"setId": (await _term_set(lab))["setId"], "label": "Crew"}
