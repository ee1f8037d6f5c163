"""What a run would change, for people and for programs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from fairlead.sdk.testing.table import Change

#: changes shown unless told otherwise
MOST_CHANGES = 50
#: fields shown of one change
_MOST_FIELDS = 20
#: characters shown of one value
_LONGEST_VALUE = 80
_MARKS = {"added": "+", "updated": "~", "deleted": "-"}


@dataclass(slots=True)
class Diff:
    """Counts of all changes, and the first of them."""

    shown: list[Change] = field(default_factory=list)
    #: model -> action -> how many
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Change], most: int = MOST_CHANGES) -> "Diff":
        """Count changes and keep the first `most`."""
        diff = cls()
        for change in changes:
            counts = diff.counts.setdefault(change.model, dict.fromkeys(_MARKS, 0))
            counts[change.action] += 1
            if len(diff.shown) < most:
                diff.shown.append(change)
        return diff

    @property
    def total(self) -> int:
        return sum(sum(counts.values()) for counts in self.counts.values())

    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "counts": self.counts,
            "changes": [_values(change) for change in self.shown],
            "omitted": self.total - len(self.shown),
        }

    def lines(self) -> Iterator[str]:
        """Yield it as text, a line a record and one a field."""
        for change in self.shown:
            yield f"{_MARKS[change.action]} {change.model} {change.id}"
            if change.action != "deleted":
                yield from _field_lines(change)
        if omitted := self.total - len(self.shown):
            yield f"  ... and {omitted} more (--limit shows more)"
        for model, counts in sorted(self.counts.items()):
            said = ", ".join(f"{number} {action}" for action, number in counts.items())
            yield f"{model}: {said}"
        if not self.counts:
            yield "nothing would change"


def _values(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {"action": change.action, "model": change.model, "id": change.id}
    if change.action == "updated":
        shown["fields"] = {
            name: {"from": before, "to": after}
            for name, (before, after) in list(change.fields.items())[:_MOST_FIELDS]
        }
    elif change.action == "added":
        shown["record"] = change.after
    return shown


def _field_lines(change: Change) -> Iterator[str]:
    fields: Mapping[str, tuple[Any, Any]] = change.fields
    for name, (before, after) in list(fields.items())[:_MOST_FIELDS]:
        if change.action == "added":
            yield f"    {name}: {_short(after)}"
        else:
            yield f"    {name}: {_short(before)} -> {_short(after)}"
    if len(fields) > _MOST_FIELDS:
        yield f"    ... and {len(fields) - _MOST_FIELDS} more fields"


def _short(value: Any) -> str:
    text = "nothing" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
