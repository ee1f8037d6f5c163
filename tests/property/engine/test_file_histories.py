"""Whatever happens in a tenant, on the way and to the workers: the copy ends up equal to it.

Two hundred histories here; `--hypothesis-profile long` plays a hundred times as many. One beyond
them is known to end partial in calm weather (`paging_loop`), which is not understood yet.
"""

import pytest
from file_plot import FILE_TALES, FILES
from histories import Play

# as long as it takes; each history is bounded by itself
pytestmark = pytest.mark.timeout(0)


def test_a_mirror_of_files(on_sqlite: Play) -> None:
    on_sqlite(FILES, FILE_TALES, 200)
