"""What a file or folder may be called.

https://support.microsoft.com/office/restrictions-and-limitations-in-onedrive-and-sharepoint-64883a5d-228e-48f5-b3d2-eb39e07630fa
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from m365sim.files.problems import BadName

MAX_PATH = 400  # characters of the decoded path, the library's own name included

_ILLEGAL = re.compile(r'["*:<>?/\\|\x00-\x1f]')
_RESERVED = re.compile(r"(?:\.lock|con|prn|aux|nul|com[0-9]|lpt[0-9]|desktop\.ini)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def quoted(path: str) -> str:
    """Encode a path for an address; remembered, since the same few are named all the time."""
    return quote(path)


def name_fault(name: str, *, at_root: bool = False) -> str | None:
    """Say what is wrong with a name; None when SharePoint takes it."""
    if not name or name in (".", ".."):
        return "a name must not be empty or dots"
    if found := _ILLEGAL.search(name):
        return f"a name must not contain {found.group()!r}"
    if name != name.strip() or name.endswith("."):
        return "a name must not begin or end with a space or end with a dot"
    if name.startswith("~$") or "_vti_" in name.lower():
        return "a name must not begin with ~$ or contain _vti_"
    if _RESERVED.fullmatch(name) or (at_root and name.lower() == "forms"):
        return f"{name} is a reserved name"
    return None


def check_name(name: str, *, at_root: bool = False) -> None:
    """Raise BadName unless SharePoint takes the name."""
    if fault := name_fault(name, at_root=at_root):
        raise BadName(f"The provided name cannot contain: {fault}.")


def numbered(name: str, number: int, *, is_folder: bool) -> str:
    """Return the name that a conflict leads to under `rename`: `a.txt` → `a 1.txt`."""
    stem, dot, extension = name.rpartition(".")
    if is_folder or not stem:
        return f"{name} {number}"
    return f"{stem} {number}{dot}{extension}"
