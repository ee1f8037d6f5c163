"""The bytes of a webhook: JSON as `JSON.stringify` writes it, keys sorted at every level.

Receivers verify the older of the two contract signatures over the body parsed and serialised
again, so the bytes sent must be what ECMAScript's serialiser makes of them
(https://tc39.es/ecma262/#sec-json.stringify).
"""

from typing import Any

import orjson

#: whole numbers beyond this are not exact in ECMAScript, so nothing sends them
_EXACT = 2**53


def webhook_body(payload: Any) -> bytes:
    """Serialise a payload: no spaces, keys in alphabetical order, whole floats as integers."""
    return orjson.dumps(_whole_numbers(payload), option=orjson.OPT_SORT_KEYS)


def _whole_numbers(value: Any) -> Any:
    # ECMAScript has one type of number: it writes 1.0 as 1.
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_numbers(inner) for inner in value]
    return value
