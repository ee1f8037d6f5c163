"""Filters and orders of list items."""

import pytest

from m365sim.lists.problems import Unacceptable
from m365sim.lists.query import Filter, read_order, sort_key

ROW = {
    "fields/Title": "Echo sounder",
    "fields/Quantity": 2,
    "fields/Insured": True,
    "fields/Bought": "2026-02-03T09:30:00Z",
    "fields/KeeperLookupId": "7",
    "fields/Tags": ["heavy", "new"],
    "fields/Quote": "it's",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("fields/Title eq 'echo SOUNDER'", True),
        ("fields/Title ne 'x'", True),
        ("fields/Quantity gt 1", True),
        ("fields/Quantity ge 2.0 and fields/Quantity le 2", True),
        ("fields/Quantity lt 2", False),
        ("fields/Quantity eq '2'", True),
        ("fields/KeeperLookupId eq 7", True),
        ("fields/Insured eq true", True),
        ("fields/Insured eq false", False),
        ("fields/Missing eq null", True),
        ("fields/Title ne null", True),
        ("fields/Missing eq 'x'", False),
        ("fields/Missing ne 'x'", True),
        ("fields/Missing gt 1", False),
        ("fields/Bought gt 2026-02-03T10:00:00+01:00", True),
        ("fields/Bought lt '2026-02-03T09:30:01.500Z'", True),
        ("fields/Tags eq 'new'", True),
        ("startswith(fields/Title,'echo')", True),
        ("startswith(fields/Missing, 'a')", False),
        ("fields/Quote eq 'it''s'", True),
        ("not (fields/Quantity eq 2)", False),
        ("fields/Quantity eq 1 or fields/Quantity eq 2", True),
        ("fields/Quantity eq 2 or fields/Quantity eq 1 and fields/Title eq 'x'", True),
        ("(fields/Quantity eq 2 or fields/Quantity eq 1) and fields/Title eq 'x'", False),
    ],
)
def test_conditions(text, holds):
    assert Filter(text)(ROW.get) is holds


def test_a_condition_names_what_it_looks_at():
    condition = Filter("fields/A eq 1 and startswith(fields/B,'x')")
    assert condition.paths == ["fields/A", "fields/B"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fields/Title",
        "fields/Title eq",
        "fields/Title is 'x'",
        "fields/Title eq x",
        "fields/Title eq (",
        "contains(fields/Title,'x')",
        "startswith(fields/Title)",
        "startswith('x',fields/Title)",
        "(fields/A eq 1",
        "fields/A eq 1 fields/B eq 2",
        "fields/A eq ~1",
        "and",
    ],
)
def test_what_no_condition_can_be(text):
    with pytest.raises(Unacceptable, match="Invalid filter clause"):
        Filter(text)


def test_orders():
    assert read_order("") == []
    assert read_order("fields/A desc, id") == [("fields/A", True), ("id", False)]
    for wrong in ("fields/A down", "id,,"):
        with pytest.raises(Unacceptable):
            read_order(wrong)
    assert sorted([3, None, "b", "A", 1.5], key=sort_key) == [None, 1.5, 3, "A", "b"]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("id gt 5 and id le 9.5", 5, 9),
        ("fields/Title eq 'x' and (id ge 3)", 3, None),
        ("id eq 7", 7, 7),
        ("id gt 5 or id lt 3", 0, None),
        ("not (id gt 5)", 0, None),
        ("fields/Quantity gt 5", 0, None),
    ],
)
def test_what_an_index_of_ids_is_good_for(text, first, last):
    ids = Filter(text).ids
    assert ids.start == first
    assert last is None or ids.stop - 1 == last
