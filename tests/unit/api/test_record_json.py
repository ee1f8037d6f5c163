"""Pages of records: what is spliced together is what would have been written anew."""

import orjson
import pytest

from fairlead.api.record_json import page_of
from fairlead.store.cursor import decode_cursor
from fairlead.store.record_lists import RawRow

AT = 1_767_323_045_678_901


def row(content: dict[str, object], position: int, **more: object) -> RawRow:
    told = {"first": AT, "last": AT, "deleted": None, "pruned": None, "action": "ADDED"} | more
    written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return ("id", written, *told.values(), position, 1)  # type: ignore[return-value]


def test_what_is_known_is_spliced_in() -> None:
    rows = [
        row({"id": "a", "text": "}, \\"}, 7),
        row({"id": "b"}, 8, last=AT + 1, deleted=AT + 1, action="DELETED"),
        row({"id": "c"}, 9, pruned=AT + 2),
    ]
    page = orjson.loads(page_of(rows, next_cursor=b"next"))
    assert page["next_cursor"] == "next"
    first, second, third = page["records"]
    cursor = first["_nango_metadata"].pop("cursor")
    assert decode_cursor(cursor) == 7
    time = "2026-01-02T03:04:05.67890{}+00:00"
    assert first == {
        "id": "a",
        "text": "}, \\",
        "_nango_metadata": {
            "first_seen_at": time.format(1),
            "last_modified_at": time.format(1),
            "last_action": "ADDED",
            "deleted_at": None,
            "pruned_at": None,
        },
    }
    told = second["_nango_metadata"]
    assert (told["last_action"], told["deleted_at"]) == ("DELETED", time.format(2))
    assert third["_nango_metadata"]["pruned_at"] == time.format(3)


@pytest.mark.parametrize(
    "content",
    [{}, {"_nango_metadata": {"mine": 1}, "id": "a"}, {"id": "a", "text": "_nango_metadata"}],
)
def test_ours_takes_the_place_of_a_field_of_that_name(content: dict[str, object]) -> None:
    rows = [row(content, 1), row({"id": "z"}, 2)]
    page = orjson.loads(page_of(rows, next_cursor=None))
    found = page["records"][0]
    assert found.pop("_nango_metadata")["last_action"] == "ADDED"
    assert found == {key: value for key, value in content.items() if key != "_nango_metadata"}
    assert page["records"][1]["id"] == "z"
    assert page["next_cursor"] is None


def test_no_record() -> None:
    assert orjson.loads(page_of([], next_cursor=None)) == {"records": [], "next_cursor": None}
