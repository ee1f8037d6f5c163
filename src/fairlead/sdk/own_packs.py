"""Packs of one's own, found in a folder or by a module's name, without being installed.

A folder's packs are what its `pyproject.toml` announces under
[entry points](https://packaging.python.org/en/latest/specifications/entry-points/) of the group
`fairlead.packs`; without that file, the folder is taken for a Python package that has a `pack`;
else the folders in it are looked at, one level deep.
"""

import importlib
import importlib.util
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import PydanticUserError

from fairlead.errors import AuthorError, OperatorError
from fairlead.sdk.pack import Pack

GROUP = "fairlead.packs"
#: name of the Pack in a module, unless it is told
_ATTRIBUTE = "pack"
#: what Python code of anybody's may raise while it is imported
_BROKEN = (
    ImportError,
    AttributeError,
    SyntaxError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    OSError,
    PydanticUserError,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One pack that is there but not loaded yet."""

    #: `module` or `module:attribute`
    entry: str
    #: where the module lies, None = wherever Python finds it
    root: Path | None = None


def load_place(named: str) -> list[Pack[Any]]:
    """Load the packs of a folder, or of a `module` or `module:attribute`.

    OperatorError: there is nothing, or it cannot be imported; the message names the line.
    """
    return [_loaded(place) for place in places_of(named)]


def places_of(named: str) -> list[Place]:
    """Say which packs `named` stands for; OperatorError if there is none."""
    folder = Path(named).expanduser()
    if folder.is_dir():
        places = list(_in_folder(folder.resolve())) or [
            place
            for child in sorted(folder.resolve().iterdir())
            if child.is_dir() and not child.name.startswith(".")
            for place in _in_folder(child)
        ]
        if not places:
            raise OperatorError(
                f"FAIRLEAD_PACKS: the folder {named} holds no pack: neither a pyproject.toml with "
                f"entry points of '{GROUP}' nor a package; make one with: fairlead init"
            )
        return places
    module = named.partition(":")[0]
    if not all(part.isidentifier() for part in module.split(".")):
        raise OperatorError(
            f"FAIRLEAD_PACKS: {named} is neither a folder that is there nor a module's name."
        )
    return [Place(named)]


def folders_of(named: str) -> list[Path]:
    """Return the folders whose files make up these packs: what to watch for changes."""
    found: list[Path] = []
    for place in places_of(named):
        top = place.entry.partition(":")[0].partition(".")[0]
        if place.root is None:
            spec = importlib.util.find_spec(top)
            origins = list(spec.submodule_search_locations or ()) if spec else []
            if spec and spec.origin and not origins:
                origins = [str(Path(spec.origin).parent)]
            found += [Path(origin) for origin in origins]
        else:
            found.append(place.root / top if (place.root / top).is_dir() else place.root)
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> Iterator[Place]:
    project = folder / "pyproject.toml"
    if project.is_file():
        try:
            table = tomllib.loads(project.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OperatorError(f"FAIRLEAD_PACKS: {project} is not TOML: {error}") from error
        entries = table.get("project", {}).get("entry-points", {}).get(GROUP, {})
        root = folder / "src" if (folder / "src").is_dir() else folder
        for _, entry in sorted(entries.items()):
            yield Place(entry, root)
    elif (folder / "__init__.py").is_file():
        yield Place(folder.name, folder.parent)


def _loaded(place: Place) -> Pack[Any]:
    module_name, _, attribute = place.entry.partition(":")
    if place.root is not None and str(place.root) not in sys.path:
        sys.path.insert(0, str(place.root))
    try:
        found = importlib.import_module(module_name)
        for part in (attribute or _ATTRIBUTE).split("."):
            found = getattr(found, part)
        pack: object = found() if callable(found) and not isinstance(found, Pack) else found
    except AuthorError as error:
        raise OperatorError(f"The pack {place.entry} is not right: {error.message}") from error
    except _BROKEN as error:
        raise OperatorError(
            f"The pack {place.entry} cannot be loaded: {type(error).__name__}: {error}"
            f"{_line_of(error)}; mend it, or take it out of FAIRLEAD_PACKS."
        ) from error
    if not isinstance(pack, Pack):
        raise OperatorError(
            f"FAIRLEAD_PACKS: {place.entry} is {type(pack).__name__}, not a Pack; name it as "
            f"module:attribute"
        )
    return pack


def _line_of(error: BaseException) -> str:
    trace = error.__traceback__
    last = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<") and file != __file__ and "importlib" not in file:
            last = f" ({Path(file).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return last
