"""What is said of a file that is not what it should be."""

from __future__ import annotations

from pathlib import Path


class BadFile(Exception):
    """A file is not what it should be; the message is one line: file, line, reason."""

    def __init__(self, path: Path | str, line: int | None, reason: str) -> None:
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(" ".join(f"{where}: {reason}".split()))
        self.path = str(path)
        self.line = line
        self.reason = reason
