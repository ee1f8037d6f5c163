"""What agents are given is bounded, valid, and says how to go on."""

import orjson
import pytest

from fairlead.api.mcp.bounds import piece_of
from fairlead.errors import ActionFailed


def test_what_fits_is_given_as_it_is() -> None:
    assert piece_of({"sites": [1, 2]}).shown() == {"sites": [1, 2]}
    assert piece_of([1, 2]).shown() == {"result": [1, 2]}
    assert piece_of("text").shown() == {"result": "text"}
    assert piece_of(None).shown() == {"result": None}


@pytest.mark.parametrize("name", ["items", ""])
def test_pieces_add_up(name: str) -> None:
    entries = [{"n": number, "text": "x" * (number % 90)} for number in range(200)]
    whole = {"total": 200, "others": [1], "items": entries} if name else entries
    got: list[object] = []
    skip, pieces = 0, 0
    while True:
        shown = piece_of(whole, skip, largest=2_000).shown()
        assert len(orjson.dumps(shown)) <= 2_000
        got += shown[name or "result"]
        pieces += 1
        if "continue" not in shown:
            break
        assert shown["continue"]["of"] == 200
        skip = shown["continue"]["from"]
    assert got == entries
    assert pieces > 5


def test_behind_the_end_there_is_nothing() -> None:
    assert piece_of({"items": [1]}, 9).shown() == {"items": []}


@pytest.mark.parametrize("output", ["x" * 3_000, {"text": "x" * 3_000}, {"items": ["x" * 3_000]}])
def test_what_cannot_be_cut_is_refused(output: object) -> None:
    with pytest.raises(ActionFailed, match="larger than") as refused:
        piece_of(output, largest=2_000)
    assert refused.value.code == "answer_too_large"
