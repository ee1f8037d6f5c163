"""Which permissions cover which, for files and sites.

https://learn.microsoft.com/graph/permissions-reference and
https://learn.microsoft.com/graph/permissions-selected-overview
"""

from collections.abc import Iterable

from fairlead.model import scopes
from fairlead_microsoft.scopes import OPENID

#: weakest first; each covers those before it
LADDERS = (
    ("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"),
    ("Files.Read", "Files.Read.All", "Files.ReadWrite.All"),
    ("Files.Read", "Files.ReadWrite", "Files.ReadWrite.All"),
    ("Files.Read.All", "Sites.Read.All"),
    ("Files.ReadWrite.All", "Sites.ReadWrite.All"),
    ("User.Read", "User.ReadWrite"),
    ("User.Read.All", "User.ReadWrite.All"),
    ("User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    ("GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All"),
    ("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All"),
    ("GroupMember.Read.All", "Directory.Read.All"),
    ("AllSites.Read", "AllSites.Write", "AllSites.Manage", "AllSites.FullControl"),
    ("MyFiles.Read", "MyFiles.Write"),
)
_SELECTED = frozenset(
    {
        "Sites.Selected",
        "Lists.SelectedOperations.Selected",
        "ListItems.SelectedOperations.Selected",
        "Files.SelectedOperations.Selected",
    }
)
_CHANGES = ("ReadWrite", ".Write", "Manage", "FullControl")


def short(scope: str) -> str:
    """Return a scope without the address of its API."""
    return scope.rpartition("/")[2]


def named(asked: Iterable[str]) -> list[str]:
    """Return the permissions among scopes: neither OpenID's own nor `.default`."""
    names = [short(scope) for scope in asked]
    return [name for name in names if name not in OPENID and name != ".default"]


def covers(held: Iterable[str], wanted: str) -> bool:
    """Say whether one of these permissions allows what `wanted` does."""
    return scopes.covers(LADDERS, held, wanted)


def opens_selected(held: Iterable[str]) -> bool:
    """Say whether one of them opens chosen sites, lists or files."""
    return bool(_SELECTED & set(held))


def is_selected_only(held: Iterable[str]) -> bool:
    """Say whether they open chosen sites, lists or files only."""
    about = [name for name in held if name.startswith(("Sites.", "Files.", "Lists", "AllSites."))]
    return bool(about) and all(name in _SELECTED for name in about)


def broad(held: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return those that change things, where all that is wanted only reads."""
    if any(part in name for name in wanted for part in _CHANGES):
        return []
    return sorted(name for name in held if any(part in name for part in _CHANGES))
