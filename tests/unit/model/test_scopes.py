"""Which scopes cover which, and the fewest for some functions."""

import pytest

from fairlead.model.scopes import LeastScope, covers, least_scopes

LADDERS = (("read", "write", "manage"), ("own", "read"), ("send", "write"))


@pytest.mark.parametrize(
    ("held", "wanted", "answer"),
    [
        (["read"], "read", True),
        (["manage"], "read", True),
        (["manage"], "own", True),
        (["manage"], "send", True),
        (["read"], "send", False),
        (["read"], "write", False),
        (["other"], "other", True),
        ([], "read", False),
    ],
)
def test_stronger_ones_cover_weaker_ones(held, wanted, answer):
    assert covers(LADDERS, held, wanted) is answer


def test_the_fewest_and_why():
    needs = {"get": ["read"], "put": ["write"], "mail": ["send", "other"], "mine": ["own"]}
    assert least_scopes(LADDERS, needs) == [
        LeastScope("other", ["mail"]),
        LeastScope("write", ["put"], {"own": ["mine"], "read": ["get"], "send": ["mail"]}),
    ]
    assert least_scopes((), {"b": ["y", "x"], "a": ["x"]}) == [
        LeastScope("x", ["a", "b"]),
        LeastScope("y", ["b"]),
    ]
    assert least_scopes(LADDERS, {}) == []


def test_equals_are_one():
    ladders = (("a", "b"), ("b", "a"))
    assert least_scopes(ladders, {"f": ["b"], "g": ["a"]}) == [LeastScope("a", ["g"], {"b": ["f"]})]
