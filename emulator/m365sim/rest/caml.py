"""CAML, the language of views and queries: what is wanted of a list, and which items fit.

https://learn.microsoft.com/sharepoint/dev/schema/query-schema,
https://learn.microsoft.com/sharepoint/dev/schema/view-element-view; the threshold:
https://learn.microsoft.com/microsoft-365/community/large-lists-large-libraries-in-sharepoint
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from m365sim.rest.errors import RestError, bad_query


@dataclass(frozen=True, slots=True)
class View:
    """What a `<View>` says."""

    fields: tuple[str, ...] = ()
    sorting: tuple[tuple[str, bool], ...] = ()  # names, and whether each runs downwards
    condition: ET.Element | None = None
    row_limit: int | None = None
    is_paged: bool = False
    scope: str = ""

    @property
    def is_by_id(self) -> bool:
        """Whether the items come in the order of their numbers."""
        return not self.sorting or self.sorting == (("ID", False),)


def read_xml(text: str) -> ET.Element:
    """Read XML that a client sent."""
    if "<!" in text:  # neither types nor entities belong into a view
        raise bad_xml()
    try:
        return ET.fromstring(text)  # noqa: S314 - without a document type, see above
    except ET.ParseError as broken:
        raise bad_xml() from broken


def bad_xml() -> RestError:
    """Make the error for a view or a query that cannot be read."""
    return bad_query("Cannot complete this action. The query or view is not well-formed XML.")


def read_view(text: str) -> View:
    """Read a `<View>`; nothing stands for everything."""
    whole = read_xml(text or "<View />")
    if whole.tag != "View":
        raise bad_query("Cannot complete this action. The ViewXml must be a View element.")
    limit = whole.find("RowLimit")
    count = (limit.text or "").strip() if limit is not None else ""
    if count and not count.isdigit():
        raise bad_query("Cannot complete this action. The RowLimit is no number.")
    return View(
        tuple(ref.get("Name", "") for ref in whole.findall("ViewFields/FieldRef")),
        tuple(
            (ref.get("Name", ""), ref.get("Ascending", "TRUE").upper() == "FALSE")
            for ref in whole.findall("Query/OrderBy/FieldRef")
        ),
        whole.find("Query/Where/*"),
        int(count) if count else None,
        limit is not None and limit.get("Paged", "").upper() == "TRUE",
        whole.get("Scope", ""),
    )


def id_range(condition: ET.Element | None) -> range:
    """Return the numbers among which all items that fit must be."""
    low, high = 1, 2**62
    for part in parts(condition) if condition is not None else ():
        text = (part.findtext("Value") or "").strip()
        if name_of(part) != "ID" or not text.isdigit():
            continue
        number = int(text)
        match part.tag:
            case "Gt":
                low = max(low, number + 1)
            case "Geq":
                low = max(low, number)
            case "Lt":
                high = min(high, number - 1)
            case "Leq":
                high = min(high, number)
            case "Eq":
                low, high = max(low, number), min(high, number)
    return range(low, max(low, high + 1))


def parts(condition: ET.Element) -> Iterator[ET.Element]:
    """Yield the tests that must all hold."""
    if condition.tag == "And":
        for one in condition:
            yield from parts(one)
    else:
        yield condition


def name_of(test: ET.Element) -> str:
    """Return the name of the field that a test looks at."""
    ref = test.find("FieldRef")
    return ref.get("Name", "") if ref is not None else ""
