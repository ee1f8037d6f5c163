"""All that `_api` models, in one table."""

from __future__ import annotations

from m365sim.rest import (
    attachments,
    changes,
    checkouts,
    content_types,
    definitions,
    fields,
    file_writes,
    files,
    get_items,
    groups,
    inheritance,
    item_changes,
    item_writes,
    items,
    list_folders,
    lists,
    moves,
    people,
    recycled,
    render,
    roles,
    search,
    subwebs,
    uploads,
    versions,
    views,
    web_ids,
    webhooks,
    webs,
)
from m365sim.rest.tables import Tables

_ROOMS = (
    webs,
    subwebs,
    list_folders,
    lists,
    fields,
    content_types,
    views,
    items,
    attachments,
    files,
    uploads,
    versions,
    checkouts,
    recycled,
    people,
    definitions,
    roles,
    search,
    web_ids,
    webhooks,
)
_ACTIONS_ALONE = (
    inheritance,
    groups,
    file_writes,
    moves,
    item_writes,
    changes,
    item_changes,
    render,
    get_items,
)

TABLES = Tables(
    [kind for room in _ROOMS for kind in room.KINDS],
    [step for room in _ROOMS for step in room.STEPS],
    [action for room in (*_ROOMS, *_ACTIONS_ALONE) for action in room.ACTIONS],
)


def spelled(kind: str, name: str) -> str:
    """Write how something is reached, for people: `{web}/lists/{list}/items`."""
    return f"{{{kind}}}" + (f"/{name}" if name and name != "()" else "")


def rows() -> list[tuple[str, str, str, str]]:
    """List verbs, addresses, what is modelled, and sources."""
    found = []
    for step in TABLES.steps.values():
        if step.name != "()":
            written = step.name + ("(...)" if step.is_function else "")
            said = step.modelled or f"the {step.leads_to}"
            found.append(("GET", spelled(step.kind, written), said, step.source))
    for action in TABLES.actions.values():
        address = spelled(action.kind, action.name)
        found.append((action.method, address, action.modelled, action.source))
    return found
