"""The command line, run as a person would."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from fairlead.cli import commands

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Run the command line as a person would; return exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    # as in a fresh process: another test may have sent the log elsewhere
    structlog.reset_defaults()
    for name in [name for name in os.environ if name.startswith("FAIRLEAD_")]:
        monkeypatch.delenv(name)

    def _run(*arguments: str, **env: str) -> tuple[int, str, str]:
        for name, value in env.items():
            monkeypatch.setenv(f"FAIRLEAD_{name.upper()}", value)
        monkeypatch.setattr(sys, "argv", ["fairlead", *arguments])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    yield _run
    # nor may another test find the level of a command here
    structlog.reset_defaults()
