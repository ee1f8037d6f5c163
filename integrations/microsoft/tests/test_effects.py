"""What an action is said to do agrees with what it must be permitted to do."""

import pytest

from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL

ACTIONS = pack(GLOBAL).actions


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_who_only_reads_is_only_permitted_to_read(name: str) -> None:
    action = ACTIONS[name]
    may_write = any("Write" in scope or "Manage" in scope for scope in action.scopes)
    assert (action.effect == "read") is not may_write, action.scopes
