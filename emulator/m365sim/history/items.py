"""How a change of a file or folder is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from m365sim.files import Drive, Item
    from m365sim.history.log import Scribe


def note_item(scribe: Scribe, drive: Drive, before: Item | None, after: Item) -> None:
    """Write down that an item came, went, or is another than before."""
    action, details = _difference(drive, before, after)
    if action == "updated" and not details:
        return  # its eTag moved on, as it does at times in the real service, and nothing else
    scribe.note(
        action,
        "folder" if after.is_folder else "file",
        {"site": drive.site.id, "drive": drive.id, "item": drive.item_id(after.uid)},
        after.name,
        path=drive.path(after),
        # Who deletes or restores something is not said by the item.
        by=after.modified_by if action not in ("deleted", "restored") else None,
        **details,
    )


def note_act(scribe: Scribe, drive: Drive, action: str, item: Item) -> None:
    """Write down what happened to an item without another state of it: `purged`, `checkedOut`."""
    of = {"site": drive.site.id, "drive": drive.id, "item": drive.item_id(item.uid)}
    scribe.note(action, "folder" if item.is_folder else "file", of, item.name)


def _difference(drive: Drive, before: Item | None, after: Item) -> tuple[str, dict[str, Any]]:
    """Tell the most telling thing that happened, and from what to what."""
    if before is None:
        return "created", {} if after.is_folder else {"size": after.size}
    if after.deleted != before.deleted:
        return "deleted" if after.deleted else "restored", {}
    details: dict[str, Any] = {}
    if after.name != before.name or after.parent != before.parent:
        details["from"] = drive.path(before)
    if after.blob is not before.blob:
        details |= {"size": after.size, "contentVersion": after.content_version}
    if after.fields != before.fields:
        old, new = before.fields or {}, after.fields or {}
        names = {*old, *new}
        details["fields"] = sorted(name for name in names if old.get(name) != new.get(name))
    claimed = (after.file_created_at, after.file_modified_at)
    if claimed != (before.file_created_at, before.file_modified_at):
        details["fileSystemInfo"] = list(claimed)  # seconds since 1970
    if after.parent != before.parent:
        return "moved", details
    if after.name != before.name:
        return "renamed", details
    return "content" if after.blob is not before.blob else "updated", details
