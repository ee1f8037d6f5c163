"""One process a file."""

import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.engine import sole
from fairlead.errors import OperatorError


def test_a_second_one_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite.lock"
    first = sole.lock(path)
    assert first is not None
    with pytest.raises(OperatorError, match=r"f\.sqlite; with SQLite only one may.*PostgreSQL"):
        sole.lock(path)
    first.close()
    again = sole.lock(path)
    assert again is not None
    again.close()


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite.lock"
    program = (
        "import os, sys; from pathlib import Path; from fairlead.engine import sole;"
        "sole.lock(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    held = sole.lock(path)
    assert held is not None
    held.close()
