"""As `test_file_histories`, two hundred of them on PostgreSQL: a file, and a process, of its own."""

import pytest
from file_plot import FILE_TALES, FILES
from histories import Play

# as long as it takes; each history is bounded by itself
pytestmark = pytest.mark.timeout(0)


def test_a_mirror_of_files(on_postgresql: Play) -> None:
    on_postgresql(FILES, FILE_TALES, 200)
