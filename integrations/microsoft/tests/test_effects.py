"""What an action is said to do agrees with what it must be permitted to do."""

import pytest

from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.sharepoint_v1.also_on_graph import OFFERED

ACTIONS = pack(GLOBAL).actions
#: SharePoint lets readers introduce people to a site, and shows the recycle bin to writers alone
UNLIKE = {"ensure-site-user", "list-recycle-bin-items"}
_WRITES = ("ReadWrite.All", "Manage.All", "FullControl.All")


@pytest.mark.parametrize("name", sorted(ACTIONS.keys() - UNLIKE))
def test_who_only_reads_is_only_permitted_to_read(name: str) -> None:
    action = ACTIONS[name]
    told = [*action.scopes, action.description if name in OFFERED else ""]
    may_write = any(word in scope for scope in told for word in _WRITES)
    assert (action.effect == "read") is not may_write, action.scopes
