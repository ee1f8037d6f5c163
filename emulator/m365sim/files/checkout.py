"""Checking out: one person has a file to himself until it is checked in, or given up.

https://learn.microsoft.com/graph/api/driveitem-checkout, .../driveitem-checkin, and
https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest. What
is saved meanwhile is seen by the one who has the file alone, others see it when it is checked in
(https://support.microsoft.com/office/check-out-check-in-or-discard-changes-to-files-in-a-library-7e2c12a9-a874-4393-9511-1378a700f6de):
for them the file stays as it was taken, its eTag and cTag too; where it lies and what it is called
is not part of a draft.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from m365sim.files.item import Actor, Item
from m365sim.files.problems import CheckedOut, NotAllowed
from m365sim.history.acting import current

if TYPE_CHECKING:
    from m365sim.files.drive import Drive
    from m365sim.files.tree import Tree

COMMENT = "_CheckinComment"  # the column that holds what was said when a version was checked in
OF_A_PAGE = "~checkedOutBy"  # where pages hold who has them, among their column values


@dataclass(frozen=True, slots=True)
class Checkout:
    """Who has a file, and how it was when they took it."""

    by: Actor
    before: Item


def holder(drive: Drive, item: Item) -> Actor | None:
    """Return who has a file checked out."""
    found = drive.checked_out.get(item.uid)
    if found is not None:
        return found.by
    page: Actor | None = (item.fields or {}).get(OF_A_PAGE)
    return page


def is_hidden(held: Checkout) -> bool:
    """Tell whether what is saved meanwhile is not for whoever makes the request under way."""
    here = current.get()
    principal = here.principal if here is not None else None
    if principal is None:  # the program itself, or an address that proves for whom it was made
        return False
    mine = principal.user.id if principal.user is not None else principal.app_id
    return mine != (held.by.user_id or held.by.app_id)


def as_seen(tree: Tree, item: Item) -> Item:
    """Return a state of a file as whoever makes the request under way sees it."""
    held = tree.checked_out.get(item.uid)
    if held is None or item.version <= held.before.version + 1 or not is_hidden(held):
        return item
    return replace(
        held.before,
        version=held.before.version + 1,  # that it was taken is seen
        name=item.name,
        parent=item.parent,
        deleted=item.deleted,
    )


def is_draft(tree: Tree, item: Item) -> bool:
    """Tell whether a state of a file is one that only its holder sees."""
    held = tree.checked_out.get(item.uid)
    return held is not None and item.version > held.before.version + 1


def is_held_from(drive: Drive, item: Item, by: Actor) -> bool:
    """Tell whether somebody else has a file checked out."""
    found = drive.checked_out.get(item.uid)
    return found is not None and not _is_same(found.by, by)


def check_lock(drive: Drive, item: Item, by: Actor) -> None:
    """Refuse whoever is not the one that has a file checked out."""
    found = drive.checked_out.get(item.uid)
    if found is not None and not _is_same(found.by, by):
        raise _held(drive, item, found.by)


def check_out(drive: Drive, item: Item, by: Actor) -> Item:
    """Give a file to somebody alone."""
    if item.is_folder:
        raise NotAllowed("A folder cannot be checked out.")
    found = holder(drive, item)
    if found is not None and not _is_same(found, by):
        raise _held(drive, item, found)
    if found is None:
        drive.checked_out[item.uid] = Checkout(by, item)
        drive.tell("checkedOut", item)
        return drive.touch(item)
    return item


def check_in(drive: Drive, item: Item, by: Actor, comment: str = "", *, is_major: bool) -> Item:
    """Give a file back; all that was saved meanwhile is one version with a comment."""
    taken = _taken(drive, item, by)
    del drive.checked_out[item.uid]
    drive.tell("checkedIn", item)
    for state in drive.states(item.uid):
        if taken.before.content_version < state.content_version < item.content_version:
            drive.forgotten.add((item.uid, state.version))
    fields = {**(item.fields or {}), COMMENT: comment}
    if drive.minor_versions:
        fields |= major_label(item) if is_major else {}
    after = replace(item, fields=fields, version=item.version + 1)
    return drive.commit(item, after, drive.now())


def undo_check_out(drive: Drive, item: Item, by: Actor, *, is_owner: bool) -> Item:
    """Give a file up: it is again what it was when it was taken."""
    taken = drive.checked_out.get(item.uid)
    if taken is None:
        raise NotAllowed(f'The file "{drive.place(item)}" is not checked out.')
    if not is_owner:
        check_lock(drive, item, by)
    item, before = drive.stored(item.uid), taken.before
    del drive.checked_out[item.uid]
    drive.tell("checkoutDiscarded", item)
    for state in (*drive.states(item.uid), item):
        if state.content_version > before.content_version:
            drive.forgotten.add((item.uid, state.version))
    after = replace(
        item,
        blob=before.blob,
        fields=before.fields,
        content_version=before.content_version,
        version=item.version + 1,
        modified_at=before.modified_at,
        modified_by=before.modified_by,
    )
    return drive.commit(item, after, drive.now())


def label(item: Item) -> tuple[int, int]:
    """Return a file's version: its major and its minor number."""
    written = str((item.fields or {}).get("_UIVersionString", ""))
    major, dot, minor = written.partition(".")
    if dot and major.isdigit() and minor.isdigit():
        return int(major), int(minor)
    return max(1, item.content_version), 0


def minor_label(item: Item | None) -> dict[str, object]:
    """Return the column values of the draft that follows a version."""
    major, minor = label(item) if item is not None else (0, 0)
    return {"_UIVersionString": f"{major}.{minor + 1}", "_Level": 2}


def major_label(item: Item) -> dict[str, object]:
    """Return the column values of the published version that follows a draft."""
    return {"_UIVersionString": f"{label(item)[0] + 1}.0", "_Level": 1}


def publish(drive: Drive, item: Item, by: Actor, comment: str, *, back: bool = False) -> Item:
    """Make a draft a major version; `back`: a major version a draft again."""
    if not drive.minor_versions:
        raise NotAllowed(
            "You can only publish, unpublish documents in a minor version enabled list."
        )
    check_lock(drive, item, by)
    drive.checked_out.pop(item.uid, None)
    major, minor = label(item)
    if not back and minor == 0:
        raise NotAllowed("The file is published already.")
    if back and minor:
        raise NotAllowed("The file is not published.")
    values = major_label(item)
    if back:
        values = {"_UIVersionString": f"{major - 1}.{1}", "_Level": 2}
    fields = {**(item.fields or {}), **values, COMMENT: comment}
    return drive.commit(item, replace(item, fields=fields, version=item.version + 1), drive.now())


def _taken(drive: Drive, item: Item, by: Actor) -> Checkout:
    taken = drive.checked_out.get(item.uid)
    if taken is None:
        raise NotAllowed(f'The file "{drive.place(item)}" is not checked out.')
    check_lock(drive, item, by)
    return taken


def _is_same(one: Actor, other: Actor) -> bool:
    return (one.user_id or one.app_id) == (other.user_id or other.app_id)


def _held(drive: Drive, item: Item, by: Actor) -> CheckedOut:
    name = by.user_name or by.app_name or "another user"
    return CheckedOut(f'The file "{drive.place(item)}" is checked out for editing by {name}.')
