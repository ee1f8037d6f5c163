"""The column values of list items in Graph's JSON.

https://learn.microsoft.com/graph/api/resources/fieldvalueset. What is shown, and as what, was taken
from recordings: counts and `...LookupId` are texts, what is not set is left out, several values
come with a type annotation, the retention columns are empty texts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from m365sim.files import Actor, Item
from m365sim.files.ids import guid_of
from m365sim.graph.shapes import iso_seconds
from m365sim.lists import Column, Library, Row, SharePointList
from m365sim.lists.formula import Incalculable, calculate
from m365sim.lists.generic import GenericList
from m365sim.lists.problems import Unacceptable

if TYPE_CHECKING:
    from m365sim.world import World

_LOOKUP_ID = "LookupId"
_RETENTION = (
    "_ComplianceFlags",
    "_ComplianceTag",
    "_ComplianceTagWrittenTime",
    "_ComplianceTagUserId",
)


class FieldShapes:
    """Shows the values of items of one list."""

    def __init__(self, world: World, target: SharePointList) -> None:
        self._lists = world.lists
        self._list = target
        self._people = world.lists.people(target.site)
        self._numbers: dict[Actor, int] = {}
        columns = target.schema.columns.values()
        self._calculated = [column for column in columns if column.kind == "calculated"]
        self._hidden: dict[str, Callable[[Row], Any]] = {
            "ContentTypeId": lambda row: row.content_type,
            "Created_x0020_Date": lambda row: iso_seconds(row.created_at),
            "FSObjType": lambda row: "1" if row.is_folder else "0",
            "FileDirRef": lambda row: self.place(row)[0],
            "FileRef": lambda row: "/".join(self.place(row)),
            "File_x0020_Size": lambda row: str(row.item.size) if row.item else None,
            "File_x0020_Type": lambda row: _extension(row.item) if row.item else None,
            "GUID": lambda row: guid_of(row.uid),
            "Last_x0020_Modified": lambda row: iso_seconds(row.modified_at),
            "Order": lambda row: row.id * 100,
            "UniqueId": lambda row: guid_of(row.uid),
            "_Level": lambda row: row.values.get("_Level", 1),
            "_ModerationStatus": lambda row: row.values.get("_ModerationStatus", 0),
            "owshiddenversion": lambda row: row.version,
        }

    def fields(self, row: Row, wanted: list[str] | None = None) -> dict[str, Any]:
        """Show the values of an item: all that are not hidden, or those that are asked for."""
        tag = {"@odata.etag": etag(row)}
        if wanted is None:
            return tag | self._all(row)
        shown = self._all(row, hidden=True)
        picked: dict[str, Any] = {}
        for name in wanted:
            if name in shown:
                kind = f"{name}@odata.type"
                picked |= {key: shown[key] for key in (kind, name) if key in shown}
            elif (value := self._asked_for(row, name)) is not None:
                picked[name] = value
        return tag | picked

    def value(self, row: Row, path: str) -> Any:
        """Return what a path of a filter such as `fields/Title` leads to."""
        name = _field(path)
        if name.lower() == "id":
            return row.id
        shown = self._all(row, hidden=True)
        return shown[name] if name in shown else self._asked_for(row, name)

    def is_indexed(self, path: str) -> bool:
        """Tell whether a path can be filtered or sorted by; Unacceptable when there is none."""
        name = _field(path)
        if name.lower() == "id":
            return True
        column = self._list.schema.columns.get(name)
        if column is None:
            column = self._list.schema.columns.get(name.removesuffix(_LOOKUP_ID))
        if column is None:
            raise Unacceptable("Provided field name is not recognized.")
        return column.indexed

    def person(self, actor: Actor) -> int:
        """Return the number by which the site knows whoever did something."""
        known = self._numbers.get(actor)
        if known is None:
            known = self._numbers[actor] = self._people.number(actor)
        return known

    def _asked_for(self, row: Row, name: str) -> Any:
        """Return a value that is shown to those only who ask for it by name."""
        if name in self._hidden:
            return self._hidden[name](row)
        column = self._list.schema.columns.get(name)
        return self._looked_up(column, row) if column is not None and column.is_lookup else None

    def _all(self, row: Row, *, hidden: bool = False) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if row.item is not None:
            shown["FileLeafRef"] = row.item.name
        for name, value in row.values.items():
            column = self._list.schema.columns.get(name)
            if column is not None and (hidden or not column.hidden):
                shown |= self._valued(column, value)
        for column in self._calculated:
            value = calculate(column.settings["formula"], lambda name: self._operand(row, name))
            if value is not None and (hidden or not column.hidden):
                shown[column.name] = value
        types = self._list.schema.content_types
        kind = types.get(row.content_type)
        shown |= {
            "id": str(row.id),
            "ContentType": kind.name if kind else "",
            "Modified": iso_seconds(row.modified_at),
            "Created": iso_seconds(row.created_at),
            "AuthorLookupId": str(self.person(row.created_by)),
            "EditorLookupId": str(self.person(row.modified_by)),
            "_UIVersionString": row.values.get("_UIVersionString", f"{_version(row)}.0"),
        }
        shown |= self._of_row(row) if row.item is None else self._of_file(row, row.item)
        return shown | dict.fromkeys(_RETENTION, "")

    def _of_row(self, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"Attachments": bool(row.attachments), "Edit": ""}
        if "Title" in row.values:
            shown |= {"LinkTitleNoMenu": row.values["Title"], "LinkTitle": row.values["Title"]}
        files = folders = 0
        if row.is_folder:
            shown["FileLeafRef"] = row.leaf
            below = [one for one in self._list.rows_after(0) if one.parent == row.id]
            folders = sum(one.is_folder for one in below)
            files = len(below) - folders
        return shown | {"ItemChildCount": str(files), "FolderChildCount": str(folders)}

    def _of_file(self, row: Row, item: Item) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "_CheckinComment": row.values.get("_CheckinComment", ""),
            "LinkFilenameNoMenu": item.name,
            "LinkFilename": item.name,
        }
        files = folders = 0
        if not item.is_folder:
            if extension := _extension(item):
                shown["DocIcon"] = extension
            shown["FileSizeDisplay"] = str(item.size)
        elif isinstance(self._list, Library):
            children = self._list.drive.children(item.uid)
            folders = sum(child.is_folder for child in children)
            files = len(children) - folders
        return shown | {
            "ItemChildCount": str(files),
            "FolderChildCount": str(folders),
            "_CommentCount": "",
            "_LikeCount": "",
            "_DisplayName": "",
            "Edit": "0",
            "ParentVersionStringLookupId": str(row.id),
            "ParentLeafNameLookupId": str(row.id),
        }

    def _operand(self, row: Row, name: str) -> Any:
        """Return what a formula finds under the name of a column, inside or outside."""
        for column in self._list.schema.columns.values():
            if name in (column.name, column.display_name) and not column.hidden:
                if column.is_lookup:
                    return self._looked_up(column, row)
                return row.values.get(column.name)
        raise Incalculable

    def _valued(self, column: Column, value: Any) -> dict[str, Any]:
        if not column.is_lookup:
            if isinstance(value, list):
                kind = "#Collection(String)" if column.kind == "choice" else None
                return (
                    {f"{column.name}@odata.type": kind} | {column.name: value}
                    if kind
                    else {column.name: value}
                )
            return {column.name: value}
        if column.is_multiple:
            return {column.name: [self._reference(column, number) for number in value]}
        return {f"{column.name}{_LOOKUP_ID}": str(value)}

    def _reference(self, column: Column, number: int) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "LookupId": number,
            "LookupValue": self._text(column, number) or "",
        }
        if column.kind == "personOrGroup" and (row := self._people.find(number)) is not None:
            shown["Email"] = row.values.get("EMail", "")
        return shown

    def _looked_up(self, column: Column, row: Row) -> str | None:
        if column.name in ("Author", "Editor"):
            actor = row.created_by if column.name == "Author" else row.modified_by
            return self._people.name(self.person(actor))
        number = row.values.get(column.name)
        return self._text(column, number) if isinstance(number, int) else None

    def _text(self, column: Column, number: int) -> str | None:
        """Return what the item that a column looks at shows in the column it looks for."""
        if column.kind == "personOrGroup":
            return self._people.name(number)
        source = self._lists.looked_up(self._list.site, column)
        row = source.find(number) if source is not None else None
        if row is None:
            return None
        found = row.values.get(column.settings["columnName"])
        if found is None and row.item is not None:
            found = row.item.name
        return None if found is None else str(found)

    def place(self, row: Row) -> tuple[str, str]:
        """Return the server-relative path of the folder an item lies in, and its name there."""
        top = f"{self._list.site.path}/{self._list.folder}"
        if isinstance(self._list, GenericList):
            above = "".join(f"/{folder.leaf}" for folder in self._list.above(row))
            return top + above, row.name
        if row.item is None or not isinstance(self._list, Library):
            return top, row.name
        above, _, name = self._list.drive.path(row.item).rpartition("/")
        return top + above, name


def etag(row: Row) -> str:
    """Return the eTag of a list item as reads show it, quotes included."""
    return f'"{guid_of(row.uid)},{row.version}"'


def _version(row: Row) -> int:
    return row.version if row.item is None else max(1, row.item.content_version)


def _field(path: str) -> str:
    top, _, name = path.partition("/")
    if top.lower() == "id" and not name:
        return "id"
    if top != "fields" or not name:
        raise Unacceptable("Invalid filter clause")
    return name


def _extension(item: Item) -> str:
    return item.name.rpartition(".")[2].lower() if "." in item.name and not item.is_folder else ""
