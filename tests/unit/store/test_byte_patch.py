"""Patches: whatever changed, the smallest piece that tells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.store.byte_patch import Patch, patch_between, patched


@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(max_size=9), st.binary(max_size=9))
def test_a_patch_makes_one_of_the_other(head: bytes, tail: bytes, one: bytes, other: bytes) -> None:
    before, after = head + one + tail, head + other + tail
    patch = patch_between(before, after)
    assert patched(before, [patch]) == after
    assert len(patch.content) <= len(other)


@pytest.mark.parametrize("at", [0, 1, 65_535, 65_536, 131_072, 199_998, 199_999])
def test_one_byte_of_many(at: int) -> None:
    before = bytes(200_000)
    after = before[:at] + b"x" + before[at + 1 :]
    assert patch_between(before, after) == Patch(at, at + 1, b"x")


def test_nothing_and_everything() -> None:
    assert patch_between(b"", b"") == Patch(0, 0, b"")
    assert patch_between(b"", b"ab") == Patch(0, 0, b"ab")
    assert patch_between(b"ab", b"") == Patch(0, 2, b"")
    assert patch_between(b"same", b"same").content == b""
    assert patched(b"abc", [Patch(0, 1, b"xy"), Patch(2, 4, b"")]) == b"xy"
