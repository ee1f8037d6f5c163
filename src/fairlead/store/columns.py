"""Column types: what our values look like inside a database, the same in both dialects."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin

from fairlead.errors import InvalidInput
from fairlead.model.clock import epoch_us, from_epoch_us

#: number of a row: 64 bits; SQLite numbers rows by itself only if the type is called INTEGER
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Unstorable(InvalidInput, DontWrapMixin):
    """The value holds what no column can: NUL, half of a surrogate pair, a number too large."""


def check_text(value: str) -> str:
    """Return `value`, or raise Unstorable (PostgreSQL refuses NUL; SQLite would let it in)."""
    if "\0" in value:
        raise Unstorable("A text holds the character NUL (U+0000); remove it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unstorable("A text holds half of a surrogate pair; send valid Unicode") from error
    return value


class Words(TypeDecorator[str]):
    """A text that both databases can hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else check_text(value)


def json_text(value: Any) -> str | None:
    """Return a JSON value as such a column holds it, None for none; or raise Unstorable."""
    if value is None:
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise Unstorable(
            "A value holds what cannot be stored as JSON: half of a surrogate pair, a whole "
            "number of more than 64 bits, or too many levels; send something else"
        ) from error


class Json(TypeDecorator[Any]):
    """A JSON value as text with sorted keys; escapes keep NUL out of the column."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant as microseconds since 1970: exact and comparable in both dialects."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else epoch_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_epoch_us(value)
