"""Every other sync of the pack after random histories: what it holds is what there is.

Delegated, app-only and under Sites.Selected; with the same faults and ends of workers as files.
"""

import pytest
from histories import Play
from pack_plots import PLOTS

# as long as it takes; each history is bounded by itself
pytestmark = pytest.mark.timeout(0)


@pytest.mark.parametrize("name", PLOTS)
def test_a_mirror_of(on_sqlite: Play, name: str) -> None:
    on_sqlite(*PLOTS[name], 20)
