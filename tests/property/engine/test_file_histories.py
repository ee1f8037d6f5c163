"""Whatever happens in a tenant, on the way and to the workers: the copy ends up equal to it.

Five hundred histories here; `--hypothesis-profile long` plays a hundred times as many.
"""

import pytest
from file_plot import FILE_TALES, FILES
from histories import Play

# as long as it takes; each history is bounded by itself
pytestmark = pytest.mark.timeout(0)


def test_a_mirror_of_files(on_sqlite: Play) -> None:
    on_sqlite(FILES, FILE_TALES, 500)
