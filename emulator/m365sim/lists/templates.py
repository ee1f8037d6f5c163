"""What lists are made from, and how they are called in addresses.

https://learn.microsoft.com/graph/api/resources/listinfo
"""

from __future__ import annotations

import re

LIBRARY = "documentLibrary"

#: Template → the site columns that its lists have from the start.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "genericList": (),
    "announcements": (),
    "contacts": ("Company", "WorkPhone"),
    "discussionBoard": (),
    "events": ("Location", "StartDate"),
    "issueTracking": ("AssignedTo", "Priority", "DueDate"),
    "links": ("URL",),
    "survey": (),
    "tasks": ("StartDate", "DueDate", "AssignedTo", "Priority", "PercentComplete"),
    LIBRARY: (),
}
_NOT_IN_URLS = re.compile(r'[\\/:*?"<>|#%&{}~^.+,;\']')


def free_name(title: str, taken: set[str]) -> str:
    """Return the name by which a new list of a title goes in addresses."""
    plain = _NOT_IN_URLS.sub("", title).strip() or "List"
    name, number = plain, 0
    while name.lower() in taken:
        number += 1
        name = f"{plain}{number}"
    return name
