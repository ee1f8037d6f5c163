"""Column types: values that come back as they went in, and values that are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from fairlead.errors import InvalidInput
from fairlead.store.columns import Instant, Json, Words, check_text

DIALECT = sqlite.dialect()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_are_exact(instant: datetime) -> None:
    number = Instant().process_bind_param(instant, DIALECT)
    assert isinstance(number, int)
    assert Instant().process_result_value(number, DIALECT) == instant


@given(VALUES)
def test_json_round_trip_without_nul(value: Any) -> None:
    text = Json().process_bind_param(value, DIALECT)
    assert Json().process_result_value(text, DIALECT) == value
    assert text is None or "\0" not in text


def test_json_has_one_form() -> None:
    assert Json().process_bind_param({"b": 1, "a": 2}, DIALECT) == '{"a":2,"b":1}'


@pytest.mark.parametrize("text", ["\0", "a\0", "\ud800x"])
def test_text_that_no_database_holds(text: str) -> None:
    for refuse in (check_text, lambda value: Words().process_bind_param(value, DIALECT)):
        with pytest.raises(InvalidInput):
            refuse(text)


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, 2**64, _deep(300)])
def test_json_that_cannot_be_stored(value: Any) -> None:
    with pytest.raises(InvalidInput, match="cannot be stored as JSON"):
        Json().process_bind_param({"a": value}, DIALECT)


def test_nothing_stays_nothing() -> None:
    for kind in (Words(), Json(), Instant()):
        assert kind.process_bind_param(None, DIALECT) is None
