"""Bounds: what a tool answers is valid JSON of a size that an agent can hold, with a way on.

Lists are cut, never text in the middle of it: the longest list of the answer is given in pieces,
and `continue` says how to ask for the next. Only what reads can be asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fairlead.errors import ActionFailed

#: bytes of JSON of one answer
LARGEST = 100_000
#: what a reading tool takes besides the action's own input
FROM = "continueFrom"
CONTINUED = {
    "type": "integer",
    "minimum": 0,
    "description": "Entries to skip: what `continue.from` of the last answer said.",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """An answer, or as much of it as is given at once."""

    values: Any
    #: how to go on: `{"from", "of", "list"}`; None = this was all
    onward: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as an object: protocol and schema ask for one."""
        values = self.values if isinstance(self.values, dict) else {"result": self.values}
        return values if self.onward is None else {**values, "continue": self.onward}


def piece_of(output: Any, skip: int = 0, *, largest: int = LARGEST) -> Piece:
    """Return what fits, beginning behind `skip` entries of the longest list.

    ActionFailed (`answer_too_large`): no list in it could be cut.
    """
    if not skip and len(orjson.dumps(output)) <= largest:
        return Piece(output)
    name, entries = _longest_list(output)
    if entries is None:
        raise ActionFailed(
            f"The answer is larger than {largest:,} bytes and has no list that could be given in "
            "pieces; ask for less of it, or read a file as a resource.",
            code="answer_too_large",
        )
    rest = {key: value for key, value in output.items() if key != name} if name else {}
    room = largest - len(orjson.dumps(rest)) - 200
    taken: list[Any] = []
    for entry in entries[skip:]:
        room -= len(orjson.dumps(entry)) + 1
        if room < 0:
            break
        taken.append(entry)
    end = skip + len(taken)
    if not taken and skip < len(entries):
        raise ActionFailed(
            f"Entry {skip} of the answer alone is larger than {largest:,} bytes; ask for it by "
            "itself, with fewer fields.",
            code="answer_too_large",
        )
    values = {**rest, name: taken} if name else taken
    if end >= len(entries):
        return Piece(values)
    return Piece(values, {"from": end, "of": len(entries), "list": name or "result"})


def _longest_list(output: Any) -> tuple[str, list[Any] | None]:
    if isinstance(output, list):
        return "", output
    found: list[tuple[int, str, list[Any]]] = []
    if isinstance(output, Mapping):
        found = [
            (len(orjson.dumps(value)), key, value)
            for key, value in output.items()
            if isinstance(value, list)
        ]
    if not found:
        return "", None
    _, name, entries = max(found, key=lambda one: one[0])
    return name, entries
