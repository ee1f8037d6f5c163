"""Builds the environment in which other people's clients run: .venv-judges, from pinned hashes.

They live apart from our own environment, so that what they need can never decide what we use.
Run `python emulator/tests/judges/build.py` to build it by hand.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements" / "judges.txt"
ENVIRONMENT = ROOT / ".venv-judges"


class NoUv(Exception):
    """There is no uv to build with."""

    def __init__(self) -> None:
        super().__init__(
            "the judges' environment is built with uv: run `./run setup` once, which fetches it "
            "into .private/, or put its path in FAIRLEAD_UV"
        )


def find_uv() -> Path:
    """Find uv where `./run` puts it, or where FAIRLEAD_UV says."""
    named = os.environ.get("FAIRLEAD_UV")
    if named:
        candidates = [Path(found)] if (found := shutil.which(named)) else []
    else:
        candidates = [ROOT / ".private/bin/uv", ROOT / ".private/lib/bin/uv"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise NoUv


def build() -> Path:
    """Build the environment unless it is up to date; return its Python."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / ".stamp"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    with (ROOT / ".venv-judges.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return python
        uv = str(find_uv())
        stamp.unlink(missing_ok=True)
        environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
        where = ["--python", str(python)]
        for arguments in (
            [] if python.exists() else ["venv", "-q", "--python", sys.executable, str(ENVIRONMENT)],
            ["pip", "sync", "-q", *where, "--require-hashes", str(REQUIREMENTS)],
        ):
            if arguments:
                subprocess.run([uv, *arguments], check=True, env=environment)
        stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
