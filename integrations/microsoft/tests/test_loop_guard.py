"""Walks that go in a circle are noticed, all others are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Unavailable
from fairlead_microsoft.graph.paging import LoopGuard


@given(st.integers(min_value=0, max_value=40), st.integers(min_value=1, max_value=40))
def test_every_circle_is_noticed(before, length):
    guard = LoopGuard()
    with pytest.raises(Unavailable):
        for step in range(2000):
            place = step if step < before else before + (step - before) % length
            guard.check(f"link {place}")


@given(st.lists(st.integers(min_value=1, max_value=4), max_size=200))
def test_a_walk_that_gets_on_is_not_stopped(repeats):
    guard = LoopGuard()
    for place, times in enumerate(repeats):
        for _ in range(times):
            guard.check(f"link {place}")
