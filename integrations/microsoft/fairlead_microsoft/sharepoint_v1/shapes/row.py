"""A row of a list as SharePoint's own API tells it, and what is asked of each.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
"""

from dataclasses import dataclass
from typing import Any

#: an object of the vendor's, as it comes
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each row."""

    select: str
    expand: str | None = None

    @property
    def text(self) -> str:
        """The whole of it: another text is another question."""
        return f"{self.select} {self.expand or ''}"


def number_of(row: Row) -> int:
    """Return a row's number."""
    return int(row.get("Id") or row["ID"])


def is_folder(row: Row) -> bool:
    """Say whether a row is a folder."""
    return str(row.get("FileSystemObjectType", row.get("FSObjType", 0))) == "1"
