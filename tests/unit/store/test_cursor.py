"""Cursors: opaque, and refused with a sentence when they are not ours."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_world import NOW

from fairlead.errors import InvalidInput
from fairlead.model.record import Record
from fairlead.store.cursor import decode_cursor, encode_cursor


def at(position: int) -> str:
    return encode_cursor(
        Record(
            id="a",
            model="File",
            content={},
            first_seen_at=NOW,
            last_modified_at=NOW,
            last_action="ADDED",
            position=position,
        )
    )


@given(st.integers(0, 2**63 - 1))
def test_round_trip(position: int) -> None:
    assert decode_cursor(at(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "!!!!",
        "5",
        at(5)[:-1],
        at(5) + "\n",
        base64.b64encode(b"2026-01-01||uuid").decode(),
        *(base64.b64encode(b).decode() for b in (b"p:", b"p:-1", b"p:1_0", b"p:\xb2", b"q:1")),
        base64.b64encode(b"p:" + b"9" * 20).decode(),
        base64.b64encode(b"p:" + b"9" * 5000).decode(),
    ],
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidInput, match="cursor") as caught:
        decode_cursor(text)
    assert (caught.value.code, caught.value.status) == ("invalid_query_params", 400)


@given(st.text(max_size=40))
def test_no_text_does_anything_else(text: str) -> None:
    with suppress(InvalidInput):
        assert 0 <= decode_cursor(text) < 2**63


def test_a_position_beyond_all_is_the_last() -> None:
    assert decode_cursor(base64.b64encode(b"p:" + b"9" * 19).decode()) == 2**63 - 1
