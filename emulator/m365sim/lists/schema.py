"""The columns and content types of a site or of a list, and what may be done to them.

https://learn.microsoft.com/graph/api/resources/columndefinition, .../contenttype
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from m365sim.files.ids import guid_of
from m365sim.files.problems import Missing, NameTaken
from m365sim.lists.column import Column, changed_column, new_column
from m365sim.lists.content_type import ContentType, changed_type, child_id
from m365sim.lists.problems import Forbidden, Unacceptable


class Schema:
    """Columns by internal name, and content types by id, in the order they came."""

    def __init__(
        self,
        columns: dict[str, Column],
        content_types: dict[str, ContentType],
        new_uid: Callable[[], bytes],
    ) -> None:
        self.columns = columns
        self.content_types = content_types
        self._new_uid = new_uid
        #: Called after each change: `created`, `updated` or `deleted`, and the part as it is then.
        self.told: Callable[[str, Column | ContentType], None] | None = None

    # -- columns

    def column(self, column_id: str) -> Column:
        """Find a column by its id or its internal name."""
        wanted = column_id.lower()
        for column in self.columns.values():
            if wanted in (column.id, column.name.lower()):
                return column
        raise Missing("There is no such column.")

    def add_column(self, body: dict[str, Any]) -> Column:
        """Add the column that a request asks for."""
        column = new_column(guid_of(self._new_uid()), body)
        if any(
            column.display_name.lower() == known.display_name.lower() and not known.hidden
            for known in self.columns.values()
        ):
            raise NameTaken("There is a column of that name.")
        taken = {known.lower() for known in self.columns}
        name, number = column.name, 0
        while name.lower() in taken:  # "Author" is there under another title: "Author0"
            name, number = f"{column.name}{number}", number + 1
        column = replace(column, name=name)
        self.columns[name] = column
        self._tell("created", column)
        return column

    def change_column(self, column: Column, body: dict[str, Any]) -> Column:
        """Change a column as a request asks; its internal name stays."""
        if column.built_in and column.read_only and set(body) - {"description", "displayName"}:
            raise Forbidden("That column belongs to the service.")
        after = changed_column(column, body)
        self.columns[column.name] = after
        self._tell("updated", after)
        return after

    def remove_column(self, column: Column) -> None:
        """Delete a column that does not belong to the service."""
        if column.built_in:
            raise Forbidden("That column belongs to the service.")
        del self.columns[column.name]
        self._tell("deleted", column)

    # -- content types

    def content_type(self, type_id: str) -> ContentType:
        """Find a content type by its id, in any case."""
        for known in self.content_types.values():
            if known.id.lower() == type_id.lower():
                return known
        raise Missing("There is no such content type.")

    def add_content_type(self, parent: ContentType, body: dict[str, Any]) -> ContentType:
        """Derive a content type from another, as a request asks."""
        if not isinstance(body.get("name"), str):
            raise Unacceptable("A content type needs a name.")
        blank = ContentType(child_id(parent.id, self._new_uid()), "", parent.id)
        return self._put(changed_type(blank, body), parent.columns)

    def copy_content_type(self, source: ContentType) -> ContentType:
        """Take over a content type of the site: a child of it that looks the same."""
        copied = ContentType(
            child_id(source.id, self._new_uid()),
            source.name,
            source.id,
            source.group,
            source.description,
            source.hidden,
            source.read_only,
            source.sealed,
        )
        return self._put(copied, source.columns)

    def change_content_type(self, known: ContentType, body: dict[str, Any]) -> ContentType:
        """Change a content type as a request asks."""
        if known.sealed and body.get("sealed") is not False:
            raise Forbidden("The content type is sealed.")
        if known.read_only and body.get("readOnly") is not False:
            raise Forbidden("The content type is read-only.")
        after = changed_type(known, body)
        self.content_types[known.id] = after
        self._tell("updated", after)
        return after

    def remove_content_type(self, known: ContentType) -> None:
        """Delete a content type that does not belong to the service."""
        if known.built_in or known.sealed or known.read_only:
            raise Forbidden("That content type belongs to the service.")
        del self.content_types[known.id]
        self._tell("deleted", known)

    def _put(self, made: ContentType, columns: tuple[str, ...]) -> ContentType:
        if any(known.name.lower() == made.name.lower() for known in self.content_types.values()):
            raise NameTaken("There is a content type of that name.")
        whole = ContentType(
            made.id,
            made.name,
            made.parent,
            made.group,
            made.description,
            made.hidden,
            made.read_only,
            made.sealed,
            columns=columns,
        )
        self.content_types[whole.id] = whole
        self._tell("created", whole)
        return whole

    def _tell(self, action: str, part: Column | ContentType) -> None:
        if self.told is not None:
            self.told(action, part)
