"""One good call of each action on drives, files, versions and sharing."""

from typing import Any

from action_cases import ActionLab, case, unique

from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM

_LIBRARY = "/sites/marketing/Shared Documents"
_MEGAN = {"recipients": [{"email": "megan@contoso.onmicrosoft.com"}], "roles": ["read"]}


async def _drive(lab: ActionLab) -> dict[str, Any]:
    def drive_id(world: Any) -> str:
        drive = next(d for d in world.content.drives() if d.site.path == "/sites/marketing")
        return str(drive.id)

    return {"siteId": lab.site(), "driveId": lab.tenant.call(drive_id)}


async def _file(lab: ActionLab) -> dict[str, Any]:
    item_id = lab.tenant.put(f"{_LIBRARY}/{unique('Letter')}.txt", "Dear all")
    return {**(await _drive(lab)), "itemId": item_id}


async def _target(lab: ActionLab) -> dict[str, Any]:
    return {**(await _drive(lab)), "parentItemId": "root", "fileName": f"{unique('Up')}.txt"}


async def _permission(lab: ActionLab) -> dict[str, Any]:
    where = await _file(lab)
    made = await lab.run("add-drive-item-permission", {**where, **_MEGAN})
    return {**where, "permissionId": made["permissions"][0]["id"]}


@case
async def _get_drive(lab: ActionLab) -> dict[str, Any]:
    return await _drive(lab)


@case
async def _list_drives(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _list_drive_children(lab: ActionLab) -> dict[str, Any]:
    return await _drive(lab)


@case
async def _search_drive_items(lab: ActionLab) -> dict[str, Any]:
    return {**(await _drive(lab)), "query": "Letter"}


@case
async def _create_drive_folder(lab: ActionLab) -> dict[str, Any]:
    return {**(await _drive(lab)), "parentItemId": "root", "name": unique("Folder")}


@case
async def _get_drive_item(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _update_drive_item(lab: ActionLab) -> dict[str, Any]:
    return {**(await _file(lab)), "name": f"{unique('Renamed')}.txt"}


@case
async def _delete_drive_item(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _copy_drive_item(lab: ActionLab) -> dict[str, Any]:
    where = await _file(lab)
    to = {"parentDriveId": where["driveId"], "parentItemId": "root"}
    return {**where, **to, "name": f"{unique('Copy')}.txt"}


@case
async def _download_drive_item_content(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _fetch_file(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _upload_drive_item(lab: ActionLab) -> dict[str, Any]:
    return {**(await _target(lab)), "content": "aGVsbG8="}


@case
async def _create_drive_upload_session(lab: ActionLab) -> dict[str, Any]:
    return await _target(lab)


@case
async def _get_drive_item_thumbnail(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _get_thumbnails(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _list_drive_item_versions(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _restore_drive_item_version(lab: ActionLab) -> dict[str, Any]:
    where = await _file(lab)

    def edit(world: Any) -> None:
        drive = next(d for d in world.content.drives() if d.id == where["driveId"])
        drive.replace_content(drive.by_id(where["itemId"]), MemoryBlob(b"Dear you"), SYSTEM)

    lab.tenant.call(edit)
    return {**where, "versionId": "1.0"}


@case
async def _add_drive_item_permission(lab: ActionLab) -> dict[str, Any]:
    return {**(await _file(lab)), **_MEGAN}


@case
async def _list_drive_item_permissions(lab: ActionLab) -> dict[str, Any]:
    return await _file(lab)


@case
async def _update_drive_item_permission(lab: ActionLab) -> dict[str, Any]:
    return {**(await _permission(lab)), "roles": ["write"]}


@case
async def _remove_drive_item_permission(lab: ActionLab) -> dict[str, Any]:
    return await _permission(lab)


@case
async def _create_sharing_link(lab: ActionLab) -> dict[str, Any]:
    return {**(await _file(lab)), "type": "view", "scope": "organization"}


@case
async def _resolve_url(lab: ActionLab) -> dict[str, Any]:
    return {"url": f"https://{lab.site().partition(',')[0]}/sites/marketing"}


@case
async def _check_drive_item_access(lab: ActionLab) -> dict[str, Any]:
    return {**(await _file(lab)), "user": "megan@contoso.onmicrosoft.com"}


@case
async def _explain_drive_item_access(lab: ActionLab) -> dict[str, Any]:
    return {**(await _check_drive_item_access(lab)), "level": "write"}
