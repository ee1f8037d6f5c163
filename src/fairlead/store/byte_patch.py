"""What differs between two byte strings, as one piece: enough where one line of many changed."""

from collections.abc import Sequence
from typing import NamedTuple

#: bytes compared at once
_BLOCK = 65_536


class Patch(NamedTuple):
    """Put `content` in the place of the bytes from `start` to `stop`."""

    start: int
    stop: int
    content: bytes


def patch_between(before: bytes, after: bytes) -> Patch:
    """Return the smallest patch that makes `after` of `before`."""
    start = _common(before, after, min(len(before), len(after)), from_end=False)
    rest = min(len(before), len(after)) - start
    tail = _common(before, after, rest, from_end=True)
    return Patch(start, len(before) - tail, after[start : len(after) - tail])


def patched(content: bytes, patches: Sequence[Patch]) -> bytes:
    """Return content after these patches, in their order."""
    made = bytearray(content)
    for start, stop, piece in patches:
        made[start:stop] = piece
    return bytes(made)


def _common(one: bytes, other: bytes, most: int, *, from_end: bool) -> int:
    """Return how many bytes both begin, or end, with; at most `most`."""

    def same(low: int, high: int) -> bool:
        if from_end:
            return (
                one[len(one) - high : len(one) - low] == other[len(other) - high : len(other) - low]
            )
        return one[low:high] == other[low:high]

    low = 0
    while low < most and same(low, min(low + _BLOCK, most)):
        low = min(low + _BLOCK, most)
    high = min(low + _BLOCK, most)
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low
