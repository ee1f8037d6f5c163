"""Runs rclone against a remote called `sp:`."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

RCLONE = shutil.which("rclone")
CONFIG = "rclone.conf"
PATIENCE = 90  # seconds


class Rclone:
    """rclone with a configuration of its own; keeps how long each command took."""

    def __init__(self, config):
        self.seconds = {}
        lines = ["[sp]", *(f"{name} = {value}" for name, value in config.items())]
        Path(CONFIG).write_text("\n".join(lines) + "\n")

    def run(self, *arguments, fails=False):
        """Run a command that must succeed, or must not, and return what it printed."""
        began = time.monotonic()
        ended = subprocess.run(
            [RCLONE, "--config", CONFIG, "--retries", "1", "--stats", "0", *arguments],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        self.seconds.setdefault(arguments[0], []).append(round(time.monotonic() - began, 2))
        if (ended.returncode != 0) is not fails:
            trouble = ended.stderr.decode()[-3000:]
            raise SystemExit(f"rclone {arguments}: {ended.returncode} {trouble}")
        return ended.stdout

    def listing(self, where, *options):
        """List everything below a folder."""
        return json.loads(self.run("lsjson", "-R", "--hash", *options, where))

    def hashes(self, where):
        """Let rclone hash a tree: path → quickXorHash in hexadecimal."""
        lines = self.run("hashsum", "quickxor", where).decode().splitlines()
        return {path: digest for digest, path in (line.split("  ", 1) for line in lines)}


def same(one, other):
    """Compare two trees byte by byte."""
    trees = [
        {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}
        for top in (one, other)
    ]
    return trees[0] == trees[1]
