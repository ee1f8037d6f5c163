"""The error taxonomy: every class says who acts, what, and how the API answers."""

import inspect
import re

import pytest

from fairlead import errors


def all_errors():
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.FairleadError)
    ]


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_and_explains_itself(kind):
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")
    error = kind()
    assert error.message == (kind.__doc__ or "").strip().split("\n")[0]
    assert re.fullmatch(r"[a-z0-9_]+", error.code)
    assert 400 <= error.status <= 599
    assert error.who in {"caller", "operator", "end user", "vendor", "author", "us"}


def test_codes_are_unique():
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes))


def test_only_the_vendors_weather_is_retryable():
    assert {kind for kind in all_errors() if kind.retryable} == {
        errors.Throttled,
        errors.Unavailable,
    }


def test_code_and_status_can_be_narrowed():
    error = errors.NotFound("No connection 'x'", code="unknown_connection", status=400)
    assert (error.code, error.status, str(error)) == (
        "unknown_connection",
        400,
        "No connection 'x'",
    )
    assert error.docs.endswith("#not_found"), "finer codes are explained under their class"


def test_who_must_act_can_be_narrowed():
    assert errors.Rejected("Correct it.", who="caller").who == "caller"
    assert errors.Rejected().who == "vendor"
