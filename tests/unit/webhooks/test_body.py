"""Bodies are the bytes that ECMAScript's serialiser would make."""

import pytest

from fairlead.webhooks.body import webhook_body


def test_keys_are_sorted_at_every_level() -> None:
    assert webhook_body({"b": {"z": 1, "a": [{"d": 1, "c": 2}]}, "a": None}) == (
        b'{"a":null,"b":{"a":[{"c":2,"d":1}],"z":1}}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.5, "-0.5"),
        (1.25, "1.25"),
        (2**53, "9007199254740992"),
        ("Zürich \u2028 \x1b/", '"Zürich \u2028 \\u001b/"'),
        ((1.0, True), "[1,true]"),
    ],
)
def test_values_are_written_as_ecmascript_writes_them(value: object, text: str) -> None:
    assert webhook_body({"v": value}).decode() == f'{{"v":{text}}}'
