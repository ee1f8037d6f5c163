"""Answers of SharePoint's change logs, as its documents and other clients show them."""

import pytest

from fairlead.errors import Unavailable
from fairlead_microsoft.rest.changes import (
    OF_ACCESS,
    ChangeToken,
    ChangeType,
    change_query,
    changes_of,
    is_same_place,
    later,
    row_changes_of,
)

LIST = "b1c2d3e4-0000-4000-8000-00000000000a"
OLD = f"1;3;{LIST};637000000000000000;41"
NEW = f"1;3;{LIST};637000000000000001;42"
ENTRY = {
    "ChangeToken": {"StringValue": NEW},
    "ChangeType": 3,
    "ItemId": 7,
    "UniqueId": "{A0000000-0000-4000-8000-00000000000B}",
    "ListId": LIST,
    "WebId": LIST,
}


@pytest.mark.parametrize(
    "reply",
    [
        {"value": [ENTRY]},
        {"d": {"results": [{**ENTRY, "__metadata": {"type": "SP.ChangeItem"}}]}},
        {"d": {"GetChanges": {"results": [ENTRY]}}},
    ],
    ids=["nometadata", "verbose", "verbose, named"],
)
def test_changes_are_read_in_any_form(reply):
    found = changes_of(reply)
    assert found.token == NEW
    (change,) = found.changes
    assert change.type is ChangeType.DELETE
    assert (change.item_id, change.list_id) == (7, LIST)
    assert change.unique_id == "a0000000-0000-4000-8000-00000000000b"


def test_an_empty_answer_is_the_end():
    assert changes_of({"value": []}).token is None


@pytest.mark.parametrize(
    "reply", [None, {}, {"value": [1]}, {"value": [{**ENTRY, "ChangeToken": None}]}]
)
def test_an_answer_that_is_none_is_told_so(reply):
    with pytest.raises(Unavailable) as told:
        changes_of(reply)
    assert told.value.code == "malformed_page"


def test_a_kind_of_change_that_came_later_is_a_plain_one():
    assert ChangeType(99) is ChangeType.UPDATE
    assert ChangeType.SCOPE_ADD in OF_ACCESS
    assert ChangeType.RENAME not in OF_ACCESS


def test_everything_is_asked_for():
    query = change_query(["Item"], OLD)["query"]
    assert query["Item"] is True
    assert query["DeleteObject"] is True
    assert query["ChangeTokenStart"] == {"StringValue": OLD}
    assert "ChangeTokenStart" not in change_query(["Web"], None)["query"]


def test_tokens_are_compared_within_one_log_only():
    assert ChangeToken.read(NEW).number == 42
    assert later(OLD, NEW) == later(NEW, OLD) == NEW
    assert is_same_place(OLD, OLD.replace("637", "638"))
    assert not is_same_place(OLD, NEW)
    assert not is_same_place(OLD, OLD.replace(";3;", ";2;"))
    assert not is_same_place(OLD, None)
    # what has no number yet tells nothing
    assert not is_same_place(f"1;3;{LIST};637;-1", f"1;3;{LIST};638;-1")
    for broken in ("", "1;3", f"1;3;{LIST};x;1", f"1;3;{LIST};1;1;1", "1;3;none;1;1"):
        assert ChangeToken.read(broken) is None
        assert later(NEW, broken) == broken


def _xml(changes: str, rows: str = "", more: str = "", data: str = "") -> bytes:
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        "<listitems xmlns:rs='urn:schemas-microsoft-com:rowset' xmlns:z='#RowsetSchema'>"
        f'<Changes LastChangeToken="{NEW}"{more}>{changes}</Changes>'
        f'<rs:data ItemCount="1"{data}>{rows}</rs:data></listitems>'
    ).encode()


def test_rows_that_changed_and_rows_that_went():
    marks = (
        '<Id ChangeType="Delete" UniqueId="{A0000000-0000-4000-8000-00000000000B}">7</Id>'
        '<Id ChangeType="MoveAway">8</Id><Id ChangeType="Rename" DisplayName="x">9</Id>'
    )
    found = row_changes_of(
        _xml(marks, '<z:row ows_ID="9" ows_Title="Bolt &amp; nut"/><z:row ows_ID="10"/>')
    )
    assert [one.item_id for one in found.gone] == [7, 8]
    assert found.gone[0].unique_id == "a0000000-0000-4000-8000-00000000000b"
    assert found.rows[0] == {"ID": "9", "Title": "Bolt & nut"}
    assert found.item_ids == [7, 8, 9, 10]
    assert (found.token, found.is_more, found.is_invalid, found.position) == (
        *(NEW, False, False, None),
    )


def test_more_changes_pages_and_invalid_tokens():
    assert row_changes_of(_xml("", more=' MoreChanges="TRUE"')).is_more
    position = ' ListItemCollectionPositionNext="Paged=TRUE&amp;p_ID=5"'
    assert row_changes_of(_xml("", data=position)).position == "Paged=TRUE&p_ID=5"
    found = row_changes_of(_xml('<Id ChangeType="InvalidToken"></Id>'))
    assert found.is_invalid
    assert not found.marked


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<listitems/>",
        b"<listitems><Changes/></listitems>",
        b"<listitems>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><listitems/>",
    ],
)
def test_xml_that_is_no_answer_is_told_so(body):
    with pytest.raises(Unavailable) as told:
        row_changes_of(body)
    assert told.value.code == "malformed_page"
