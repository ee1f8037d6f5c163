"""`fairlead init`: write a pack that works, for its author to change."""

import keyword
import re
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from fairlead.errors import Conflict, InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 60
#: modules that Python or fairlead would find instead
_TAKEN = {"fairlead", "test", "tests"}


def write(name: str, folder: Path) -> list[Path]:
    """Write the pack into `folder`, which must be new or empty; return the files.

    InvalidInput: the name is not kebab-case, or would be mistaken for another module. Conflict:
    something is there already; nothing is written then.
    """
    module = _module_of(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is there already and not empty; name another folder with --into.")
    written = []
    for source, target in _files(files("fairlead.cli") / "starter", Path()):
        path = folder / _renamed(str(target), name, module)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_renamed(source.read_text("utf-8"), name, module), encoding="utf-8")
        written.append(path)
    return written


def _module_of(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidInput(
            f"'{name}' is no name for a pack: small letters and digits, joined by single hyphens, "
            f"at most {_LONGEST_NAME} characters; for example my-integration"
        )
    module = name.replace("-", "_")
    if keyword.iskeyword(module) or module in _TAKEN or module in sys.stdlib_module_names:
        raise InvalidInput(f"'{name}' is the name of another Python module; choose another.")
    return module


def _files(folder: Traversable, below: Path) -> list[tuple[Traversable, Path]]:
    found: list[tuple[Traversable, Path]] = []
    for child in sorted(folder.iterdir(), key=lambda each: each.name):
        if child.is_dir():
            found += _files(child, below / child.name)
        elif child.name.endswith(".txt"):
            # so named that no tool takes them for ours
            found.append((child, below / child.name.removesuffix(".txt")))
    return found


def _renamed(text: str, name: str, module: str) -> str:
    people = name.replace("-", " ").capitalize()
    return (
        text.replace("my-integration", name)
        .replace("my_integration", module)
        .replace("My integration", people)
    )
