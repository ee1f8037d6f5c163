"""The cursor of a list of records: opaque text that holds a position."""

import base64
import binascii

from fairlead.errors import InvalidInput
from fairlead.model.record import Record

#: first characters of a decoded cursor; another form would get another letter
_FORM = b"p:"
#: largest position a database can hold
_LARGEST = 2**63 - 1


def encode_cursor(record: Record) -> str:
    """Return the cursor that continues after this record."""
    return cursor_at(record.position).decode()


def cursor_at(position: int) -> bytes:
    """Return the cursor that continues after a position."""
    # of digits, neither alphabet has the two characters in which they differ
    return binascii.b2a_base64(b"%b%d" % (_FORM, position), newline=False)


def decode_cursor(text: str) -> int:
    """Return the position in a cursor; InvalidInput if it is none of ours."""
    try:
        plain = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _malformed() from error
    digits = plain.removeprefix(_FORM)
    # 19 digits hold every position; isdigit on bytes is ASCII only
    if not plain.startswith(_FORM) or not digits.isdigit() or len(digits) > 19:
        raise _malformed()
    return min(int(digits), _LARGEST)


def _malformed() -> InvalidInput:
    return InvalidInput(
        "The cursor is not one of ours; send it as a list of records returned it, or leave it out",
        code="invalid_query_params",
    )
