"""What a request may say of a column, and what SharePoint makes of its name."""

import pytest

from m365sim.lists.builtin_columns import (
    generic_columns,
    library_columns,
    page_columns,
    people_columns,
    site_columns,
)
from m365sim.lists.column import FACETS, changed_column, internal_name, new_column
from m365sim.lists.problems import Unacceptable


@pytest.mark.parametrize(
    ("name", "internal"),
    [
        ("Title", "Title"),
        ("Serial Number", "Serial_x0020_Number"),
        ("item-links", "item_x002d_links"),
        ("Größe", "Größe"),
        ("50%", "_x0035_0_x0025_"),
        ("a" * 40, "a" * 40),
        ("b " * 20, ("b_x0020_" * 20)[:32]),
    ],
)
def test_internal_names(name, internal):
    assert internal_name(name) == internal


@pytest.mark.parametrize("kind", sorted(FACETS.keys() - {"contentApprovalStatus"}))
def test_every_kind_has_its_settings_by_default(kind):
    given = {
        "lookup": {"listId": "x", "columnName": "Title"},
        "calculated": {"formula": "=1"},
    }.get(kind, {})
    column = new_column("id", {"name": "C", kind: given})
    assert column.kind == kind
    assert column.settings == FACETS[kind] | given
    assert column.read_only == (kind == "calculated")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "needs a name"),
        ({"name": " ", "text": {}}, "needs a name"),
        ({"name": 5, "text": {}}, "needs a name"),
        ({"name": "C"}, "exactly one"),
        ({"name": "C", "text": {}, "number": {}}, "exactly one"),
        ({"name": "C", "contentApprovalStatus": {}}, "cannot be created"),
        ({"name": "C", "text": []}, "'text' has the wrong type"),
        ({"name": "C", "text": {"nonsense": 1}}, "'nonsense' does not exist"),
        ({"name": "C", "text": {"maxLength": "255"}}, "'maxLength' has the wrong type"),
        ({"name": "C", "text": {"maxLength": True}}, "'maxLength' has the wrong type"),
        ({"name": "C", "choice": {"choices": [1]}}, "Choices must be texts"),
        ({"name": "C", "lookup": {"listId": "x"}}, "listId and a columnName"),
        ({"name": "C", "calculated": {}}, "needs a formula"),
        ({"name": "C", "text": {}, "hidden": "no"}, "'hidden' has the wrong type"),
        ({"name": "C", "text": {}, "nonsense": 1}, "'nonsense' does not exist"),
        ({"name": "C", "text": {}, "defaultValue": "x"}, "'defaultValue' has the wrong type"),
    ],
)
def test_what_no_column_can_be(body, complaint):
    with pytest.raises(Unacceptable, match=complaint):
        new_column("id", body)


def test_a_change_keeps_the_rest_and_the_type():
    column = new_column("id", {"name": "C", "choice": {"choices": ["a"]}, "required": True})
    changed = changed_column(column, {"displayName": "D", "choice": {"choices": ["a", "b"]}})
    assert (changed.name, changed.display_name, changed.required) == ("C", "D", True)
    assert changed.settings["choices"] == ["a", "b"]
    assert changed.settings["displayAs"] == "dropDownMenu"
    with pytest.raises(Unacceptable, match="type of a column cannot be changed"):
        changed_column(column, {"text": {}})
    assert changed_column(column, {"id": "x", "name": "N", "isSealed": True}) == column


def test_unique_values_need_an_index():
    column = new_column("id", {"name": "C", "text": {}, "enforceUniqueValues": True})
    assert column.indexed


@pytest.mark.parametrize(
    "table", [generic_columns, library_columns, page_columns, people_columns, site_columns]
)
def test_the_services_columns_are_whole(table):
    columns = table()
    assert len({column.id for column in columns.values()}) == len(columns)
    assert all(name == column.name for name, column in columns.items())
    assert all(column.kind is None or column.kind in FACETS for column in columns.values())
    assert "Title" in columns
