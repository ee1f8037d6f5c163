"""Which items of a list fit a CAML query.

https://learn.microsoft.com/sharepoint/dev/schema/query-schema; the threshold:
https://learn.microsoft.com/microsoft-365/community/large-lists-large-libraries-in-sharepoint
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from m365sim.lists import Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.lists.problems import Throttled
from m365sim.lists.sharepoint_list import VIEW_THRESHOLD
from m365sim.rest.call import Call
from m365sim.rest.caml import View, id_range, name_of, parts
from m365sim.rest.errors import RestError, bad_query, no_folder
from m365sim.rest.items import shapes
from m365sim.rest.list_folders import folder_number, located
from m365sim.rest.memberships import members
from m365sim.rest.query import sort_key

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Eq": operator.eq,
    "Neq": operator.ne,
    "Gt": operator.gt,
    "Geq": operator.ge,
    "Lt": operator.lt,
    "Leq": operator.le,
    "BeginsWith": lambda value, wanted: str(value).startswith(str(wanted)),
    "Contains": lambda value, wanted: str(wanted) in str(value),
    "Includes": operator.eq,
    "NotIncludes": operator.ne,
}
_NO_SUCH_FIELD = (
    "One or more field types are not installed properly. Go to the list settings page to delete "
    "these fields."
)
_WITHOUT_COLUMN = frozenset({"ID", "FileLeafRef", "File_x0020_Size", "File_x0020_Type"})


class Search:
    """Finds the items of a list that a view shows, in its order."""

    def __init__(
        self, call: Call, found: SharePointList, view: View, folder: str | None = None
    ) -> None:
        self._call = call
        self._list = found
        self._view = view
        self._read = shapes(call, found)
        self._above_number = 0  # of the folder, in a list that is no library
        self._above = self._folder(folder)
        for name, _ in view.sorting:
            self._check_field(name)
        for ref in view.condition.iter("FieldRef") if view.condition is not None else ():
            self._check_field(ref.get("Name", ""))

    def page(
        self, position: dict[str, str], limit: int | None
    ) -> tuple[list[Row], dict[str, str] | None]:
        """Return the items at a place, and the place that follows; None at the end."""
        if limit is not None and limit > VIEW_THRESHOLD and self._list.is_large():
            raise _too_many()
        if limit is None and self._list.is_large() and self._view.condition is None:
            raise _too_many()
        last = int(position["p_ID"]) if position.get("p_ID", "").isdigit() else 0
        first = int(position["PageFirstRow"]) if position.get("PageFirstRow", "").isdigit() else 1
        if self._view.is_by_id:
            rows = self._matching(last)
        else:
            rows = iter(self._sorted_after(last, first))
        page: list[Row] = []
        for row in rows:
            if limit is not None and len(page) == limit:
                return page, self._position(page[-1], first + limit)
            page.append(row)
        return page, None

    def fits(self, row: Row) -> bool:
        """Tell whether an item, wherever it lies, fulfils the condition."""
        return self._view.condition is None or self._holds(row, self._view.condition)

    def _position(self, last: Row, first: int) -> dict[str, str]:
        place = {"Paged": "TRUE"}
        for name, _ in self._view.sorting:
            if name != "ID":
                value = self._read.value(last, f"fields/{name}")
                place[f"p_{name}"] = "" if value is None else str(value)
        return place | {"p_ID": str(last.id), "PageFirstRow": str(first)}

    def _sorted_after(self, last: int, first: int) -> list[Row]:
        names = [name for name, _ in self._view.sorting]
        if self._list.is_large() and self._narrow() is None and not self._indexed(names[0]):
            raise _too_many()
        whole = list(self._matching(0))
        for name, down in reversed(self._view.sorting):
            whole.sort(key=self._key(name), reverse=down)
        at = next((n for n, row in enumerate(whole, 1) if last and row.id == last), first - 1)
        return whole[at:]

    def _key(self, name: str) -> Callable[[Row], Any]:
        return lambda row: sort_key(self._read.value(row, f"fields/{name}"))

    def _matching(self, after: int) -> Iterator[Row]:
        view, found = self._view, self._list
        ids = id_range(view.condition)
        if view.condition is not None and found.is_large() and self._narrow() is None:
            raise _too_many()
        for row in found.rows_after(max(after, ids.start - 1)):
            if row.id >= ids.stop:
                return
            if self._is_in(row) and (view.condition is None or self._holds(row, view.condition)):
                yield row

    def _narrow(self) -> range | None:
        """Return what an index narrows the search to, if that is little enough."""
        condition = self._view.condition
        if condition is None:
            return None
        ids = id_range(condition)
        if min(ids.stop - 1, self._list.last) - ids.start < VIEW_THRESHOLD:
            return ids
        for part in parts(condition):
            name = name_of(part)
            if name != "ID" and self._indexed(name):
                hits = 0
                for row in self._list.rows_after(ids.start - 1):
                    hits += self._holds(row, part)
                    if hits > VIEW_THRESHOLD:
                        break
                else:
                    return ids
        return None

    def _indexed(self, name: str) -> bool:
        column = self._list.schema.columns.get(name)
        return name == "ID" or (column is not None and column.indexed)

    # -- where

    def _folder(self, place: str | None) -> bytes | None:
        if isinstance(self._list, GenericList):
            names = located(self._call, self._list, place) if place else []
            self._above_number = folder_number(self._list, names)
            return None
        if not isinstance(self._list, Library):
            return None
        if not place:
            return self._list.drive.root.uid
        drive, above = self._call.resolve(place)
        if drive is not self._list.drive:
            raise no_folder()
        return above.uid

    def _is_in(self, row: Row) -> bool:
        item, found = row.item, self._list
        scope = self._view.scope.lower()
        if isinstance(found, GenericList):
            return self._is_in_list(found, row, scope) and self._call.sees_row(found, row)
        if item is None or not isinstance(found, Library):
            return self._call.sees_row(found, row)
        if scope in ("recursive", "recursiveall"):
            if scope == "recursive" and item.is_folder:
                return False
            if self._above != found.drive.root.uid:
                above = {one.uid for one in found.drive.ancestors(item)}
                if self._above not in above:
                    return False
        elif item.parent != self._above or (scope == "filesonly" and item.is_folder):
            return False
        return self._call.sees_row(found, row)

    def _is_in_list(self, found: GenericList, row: Row, scope: str) -> bool:
        top = self._above_number
        if scope in ("recursive", "recursiveall"):
            if scope == "recursive" and row.is_folder:
                return False
            return top == 0 or any(one.id == top for one in found.above(row))
        return row.parent == top and not (scope == "filesonly" and row.is_folder)

    # -- what

    def _holds(self, row: Row, test: ET.Element) -> bool:  # noqa: PLR0911 - one per test
        match test.tag:
            case "And":
                return all(self._holds(row, one) for one in test)
            case "Or":
                return any(self._holds(row, one) for one in test)
            case "Not":
                return not all(self._holds(row, one) for one in test)
            case "IsNull" | "IsNotNull":
                is_null = self._value(row, test) in (None, "", [])
                return is_null is (test.tag == "IsNull")
            case "In":
                values = test.findall("Values/Value")
                return any(self._compares(row, test, "Eq", value) for value in values)
            case "Membership":
                return bool(self._numbers(row, test) & members(self._call, test))
        if test.tag not in _COMPARISONS:
            raise bad_query(f"Cannot complete this action. '{test.tag}' is no test of a query.")
        value = test.find("Value")
        return self._compares(row, test, test.tag, value if value is not None else ET.Element("v"))

    def _compares(self, row: Row, test: ET.Element, name: str, value: ET.Element) -> bool:
        compare, wanted = _COMPARISONS[name], self._wanted(value)
        found = self._value(row, test)
        several = found if isinstance(found, list) else [found]
        if name in ("Neq", "NotIncludes"):
            return all(self._is(compare, one, wanted, value) for one in several)
        return any(self._is(compare, one, wanted, value) for one in several)

    @staticmethod
    def _is(
        compare: Callable[[Any, Any], bool], found: Any, wanted: str, value: ET.Element
    ) -> bool:
        if found is None:
            return compare is operator.ne
        if isinstance(found, dict):
            found = found.get("LookupValue", found.get("Url", ""))
        if value.get("Type", "") == "DateTime":
            return compare(*_moments(str(found), wanted, value))
        if isinstance(found, bool):
            found = int(found)
            wanted = {"true": "1", "yes": "1", "false": "0", "no": "0"}.get(wanted.lower(), wanted)
        if isinstance(found, (int, float)):
            try:
                return compare(float(found), float(wanted))
            except ValueError:
                return compare is operator.ne
        return compare(str(found).lower(), wanted.lower())

    def _value(self, row: Row, test: ET.Element) -> Any:
        ref = test.find("FieldRef")
        name = name_of(test)
        if ref is not None and ref.get("LookupId", "").upper() == "TRUE":
            numbers = self._numbers(row, test)
            return sorted(numbers) if numbers else None
        return self._read.value(row, f"fields/{name}")

    def _numbers(self, row: Row, test: ET.Element) -> set[int]:
        name = name_of(test)
        if name in ("Author", "Editor"):
            return {self._read.person(row.created_by if name == "Author" else row.modified_by)}
        value = row.values.get(name)
        if isinstance(value, list):
            return set(value)
        return {value} if isinstance(value, int) else set()

    def _wanted(self, value: ET.Element) -> str:
        today = value.find("Today")
        now = self._call.world.clock.now()
        if today is not None:
            days = int(today.get("OffsetDays", today.get("Offset", "0")))
            return (now + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")
        if value.find("Now") is not None:
            return now.strftime("%Y-%m-%dT%H:%M:%SZ")
        if value.find("UserID") is not None:
            return str(self._call.world.lists.people(self._call.site).number(self._call.actor()))
        return value.text or ""

    def _check_field(self, name: str) -> None:
        if name in _WITHOUT_COLUMN or name in self._list.schema.columns:
            return
        raise RestError(500, "-2130575340, Microsoft.SharePoint.SPException", _NO_SUCH_FIELD)


def _moments(found: str, wanted: str, value: ET.Element) -> tuple[datetime, datetime]:
    try:
        both = [datetime.fromisoformat(text.strip().replace(" ", "T")) for text in (found, wanted)]
    except ValueError as broken:
        raise bad_query(f"'{wanted}' is no date and time.") from broken
    left, right = (one if one.tzinfo else one.replace(tzinfo=UTC) for one in both)
    if value.get("IncludeTimeValue", "").upper() != "TRUE":
        left, right = (
            one.replace(hour=0, minute=0, second=0, microsecond=0) for one in (left, right)
        )
    return left, right


def _too_many() -> Throttled:
    return Throttled("The list view threshold is exceeded.")
