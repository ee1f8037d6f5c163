"""How changes of lists, their parts and their items are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from m365sim.history.log import Scribe
    from m365sim.lists import Column, ContentType, Row, SharePointList
    from m365sim.lists.view import View


def note_list(scribe: Scribe, action: str, target: SharePointList) -> None:
    """Write down that a list came, went, or is called or set up otherwise."""
    by = target.created_by if action == "created" else None
    scribe.note(action, "list", list_ids(target), target.display_name, by=by)


def note_row(scribe: Scribe, target: SharePointList, before: Row | None, after: Row) -> None:
    """Write down that an item of a list came, went, or has other values."""
    details: dict[str, Any] = {}
    if before is None:
        action = "created"
    elif after.deleted != before.deleted:
        action = "deleted" if after.deleted else "restored"
    else:
        action = "updated"
        names = {*before.values, *after.values}
        changed = (name for name in names if before.values.get(name) != after.values.get(name))
        details["fields"] = sorted(changed)
        if before.attachments != after.attachments:
            details["attachments"] = [one.name for one in after.attachments]
    by = after.modified_by if action in ("created", "updated") else None
    of = {**list_ids(target), "listItem": str(after.id)}
    scribe.note(action, "listItem", of, str(after.values.get("Title", "")), by=by, **details)


def note_purged(scribe: Scribe, target: SharePointList, row: Row) -> None:
    """Write down that an item went from the recycle bin for good."""
    of = {**list_ids(target), "listItem": str(row.id)}
    scribe.note("purged", "listItem", of, str(row.values.get("Title", "")))


def note_view(scribe: Scribe, action: str, target: SharePointList, view: View) -> None:
    """Write down that a list got or lost a view, or that one shows something else."""
    scribe.note(action, "view", {**list_ids(target), "view": view.id}, view.title)


def note_part(scribe: Scribe, action: str, of: dict[str, str], part: Column | ContentType) -> None:
    """Write down that a site or a list (its ids) got, lost or changed a column or content type."""
    kind = "column" if hasattr(part, "display_name") else "contentType"
    scribe.note(action, kind, {**of, kind: part.id}, part.name)


def list_ids(target: SharePointList) -> dict[str, str]:
    """Return the ids by which a list is told of."""
    return {"site": target.site.id, "list": target.id}
