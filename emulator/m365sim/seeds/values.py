"""Reads the columns of a tenant file, and the values that items have in them.

Both as Graph takes them, with three conveniences: a lookup column names its list by title, and
people and looked-up items are named instead of numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from m365sim.files import Site
from m365sim.files.problems import Missing
from m365sim.lists import SharePointList
from m365sim.lists.column import Column
from m365sim.lists.values import default_values, read_values
from m365sim.seeds.names import Names, actor_of
from m365sim.yaml_file import Place, Source

if TYPE_CHECKING:
    from m365sim.world import World


class Values:
    """The columns and values of one tenant file."""

    def __init__(self, world: World, source: Source, names: Names) -> None:
        self._world = world
        self._source = source
        self._names = names

    def add_columns(
        self, target: SharePointList, columns: Sequence[dict[str, Any]], place: Place
    ) -> None:
        """Add columns to a list or library."""
        for number, body in enumerate(columns):
            here = (*place, number)
            with self._source.blaming(here):
                self._world.lists.add_column(target, self._column(target.site, body, here))

    def add_site_columns(self, site: Site, columns: Sequence[dict[str, Any]], place: Place) -> None:
        """Add columns to what a site offers."""
        for number, body in enumerate(columns):
            with self._source.blaming((*place, number)):
                self._world.lists.site_schema(site).add_column(body)

    def read(
        self, target: SharePointList, given: dict[str, Any], place: Place, *, defaults: bool = False
    ) -> dict[str, Any]:
        """Return the values of an item by internal names; `defaults` fills in those not given."""
        read: dict[str, Any] = {}
        for key, value in given.items():
            here = (*place, key)
            column = self._known(target, key)
            if column is None:
                raise self._source.bad(here, f"there is no column {key}")
            name = column.name
            if column.is_lookup and value is not None:
                value = self._looked_up(target, column, value, here)  # noqa: PLW2901
                name = f"{name}LookupId"
            with self._source.blaming(here):
                read |= read_values(target, {name: _simple(value)}, lambda *_: True)
        if defaults:
            read = default_values(target, read, self._world.clock.now()) | read
        return {name: value for name, value in read.items() if value is not None}

    @staticmethod
    def _known(target: SharePointList, key: str) -> Column | None:
        columns = target.schema.columns
        titled = (c for c in columns.values() if c.display_name == key and not c.hidden)
        return columns.get(key) or next(titled, None)

    def _column(self, site: Site, body: dict[str, Any], place: Place) -> dict[str, Any]:
        lookup = body.get("lookup")
        if not isinstance(lookup, dict) or "list" not in lookup:
            return body
        title = str(lookup["list"])
        try:
            target = self._world.lists.find(site, title)
        except Missing as missing:
            reason = f"there is no list {title} in the site"
            raise self._source.bad((*place, "lookup", "list"), reason) from missing
        inner = {key: value for key, value in lookup.items() if key not in ("list", "column")}
        inner |= {"listId": target.id, "columnName": lookup.get("column", "Title")}
        return {**body, "lookup": inner}

    def _looked_up(self, target: SharePointList, column: Column, value: Any, place: Place) -> Any:
        if isinstance(value, list):
            return [self._one(target, column, v, (*place, n)) for n, v in enumerate(value)]
        return self._one(target, column, value, place)

    def _one(self, target: SharePointList, column: Column, value: Any, place: Place) -> int:
        lists = self._world.lists
        if column.kind == "personOrGroup" and isinstance(value, str):
            return lists.people(target.site).number(actor_of(self._names.user(value, place)))
        there = lists.looked_up(target.site, column)
        for row in there.rows_after(0) if there is not None else ():
            if value == row.id or (value == row.values.get("Title") and isinstance(value, str)):
                return row.id
        raise self._source.bad(place, f"{column.display_name} finds no item {value}")


def _simple(value: Any) -> Any:
    """Write moments, which YAML reads on its own, as Graph's clients do."""
    return value.isoformat() if hasattr(value, "isoformat") else value
