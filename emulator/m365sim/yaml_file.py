"""Reads YAML files that people write, and says in which line something is wrong.

YAML 1.1 (https://yaml.org/spec/1.1/) as PyYAML reads it, with its safe tags only; what a file must
say is a pydantic model. PyYAML's nodes know their lines, which its objects do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from m365sim.bad_file import BadFile
from m365sim.files.problems import Refused

MAX_REPEATED = 50_000  # values that are there again by an alias
PLACE = "__place__"  # the key under which every mapping is told where it stands

Place = tuple[str | int, ...]  # the keys and numbers that lead to a value
Model = TypeVar("Model", bound="Entry")

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
}


class Entry(BaseModel):
    """A mapping of a file; nothing may stand in it that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Place = Field(default=(), alias=PLACE)


class Source:
    """A file that was read, and where its values stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Place, int] = {(): 1}
        self._seen: set[int] = set()
        self._repeated = 0
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as unreadable:
            reason = getattr(unreadable, "strerror", None) or "is not UTF-8"
            raise BadFile(path, None, reason) from unreadable
        try:
            loader = yaml.SafeLoader(text)
        except yaml.reader.ReaderError as broken:
            raise BadFile(path, None, f"is no YAML: {broken.reason}") from broken
        try:
            root = loader.get_single_node()
            self.value = self._read(loader, root, (), frozenset()) if root is not None else None
        except yaml.MarkedYAMLError as broken:
            mark = broken.problem_mark or broken.context_mark
            line = mark.line + 1 if mark is not None else None
            raise BadFile(path, line, broken.problem or "is no YAML") from broken
        finally:
            loader.dispose()

    def line(self, place: Place) -> int:
        """Return the line of a value, or of what surrounds it."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def bad(self, place: Place, reason: str) -> BadFile:
        """Return the error that something at a place is wrong."""
        name = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in place)
        return BadFile(self.path, self.line(place), f"{name.lstrip('.')}: {reason}")

    @contextmanager
    def blaming(self, place: Place) -> Iterator[None]:
        """Lay what the emulator refuses at the door of the value that asks for it."""
        try:
            yield
        except Refused as refused:
            raise self.bad(place, str(refused)) from refused

    def validated(self, model: type[Model]) -> Model:
        """Return what the file says; the first fault is a BadFile."""
        if not isinstance(self.value, dict):
            raise BadFile(self.path, 1, "a mapping of keys to values was expected")
        try:
            return model.model_validate(self.value)
        except ValidationError as wrong:
            first = min(wrong.errors(), key=lambda error: self.line(_place(error)))
            reason = _WORDS.get(first["type"]) or _worded(first["msg"])
            raise self.bad(_place(first), reason) from wrong

    def _read(
        self, loader: yaml.SafeLoader, node: yaml.Node, place: Place, above: frozenset[int]
    ) -> Any:
        self._repeated += id(node) in self._seen
        self._seen.add(id(node))
        if id(node) in above or self._repeated > MAX_REPEATED:
            raise BadFile(self.path, node.start_mark.line + 1, "aliases make it endless")
        self._lines.setdefault(place, node.start_mark.line + 1)
        above |= {id(node)}
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, place, above)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._read(loader, inner, (*place, number), above)
                for number, inner in enumerate(node.value)
            ]
        try:
            return loader.construct_object(node)
        except ValueError as broken:  # a moment that is none, such as 2026-02-31
            raise BadFile(self.path, node.start_mark.line + 1, str(broken)) from broken

    def _mapping(
        self, loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place, above: frozenset[int]
    ) -> dict[str, Any]:
        loader.flatten_mapping(node)  # merge keys: <<
        whole: dict[str, Any] = {PLACE: place}
        for key, inner in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            line = key.start_mark.line + 1
            if name is None or name == PLACE:
                raise BadFile(self.path, line, "a key must be a plain text")
            if name in whole:
                raise BadFile(self.path, line, f"the key {name!r} is there twice")
            self._lines[*place, name] = line
            whole[name] = self._read(loader, inner, (*place, name), above)
        return whole


def plain(value: Any) -> Any:
    """Return a value without the places that mappings were told."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key != PLACE}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def _place(error: Any) -> Place:
    return tuple(error["loc"])


def _worded(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:]
