"""Values read from a JSON or YAML file, and the line on which each of them stands.

JSON: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259); YAML 1.1, plain values only, by
[PyYAML](https://pyyaml.org). A name that stands twice in one object is an error in both.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_YAML = {".yaml", ".yml"}


class Unreadable(Exception):
    """The file cannot be read; the message says why, `line` where, 0 = everywhere."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Marked:
    """What a file holds."""

    values: Any
    #: names joined by dots -> line, from 1
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, where: str) -> int:
        """Return the line of what `where` names, or of what it is in; 0 if that is unknown."""
        while where and where not in self.lines:
            where = where.rpartition(".")[0]
        return self.lines.get(where, 0)


def read_marked(path: Path) -> Marked:
    """Read a file; Unreadable says why it is not possible."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Unreadable("there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"cannot be read as text: {error}") from error
    is_yaml = path.suffix.lower() in _YAML or (
        path.suffix.lower() != ".json" and not text.lstrip().startswith(("{", "["))
    )
    return _yaml(text) if is_yaml else _json(text)


def _json(text: str) -> Marked:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise Unreadable("has too many levels") from error
    try:
        # JSON is YAML, too, but for tabs outside of texts
        root = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        # read all the same; only the lines are not known
        return Marked(values)
    return Marked(values, _lines(root))


def _yaml(text: str) -> Marked:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = _lines(root)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise Unreadable(f"is not YAML: {error.problem}", line) from error
    except yaml.YAMLError as error:
        raise Unreadable("is not YAML") from error
    return Marked(values, lines)


def _lines(root: yaml.Node | None) -> dict[str, int]:
    lines: dict[str, int] = {}
    pending: list[tuple[str, yaml.Node, frozenset[int]]] = []
    if root is not None:
        pending.append(("", root, frozenset()))
    while pending:
        where, node, above = pending.pop()
        if id(node) in above:
            raise Unreadable(f"{where} holds itself", node.start_mark.line + 1)
        above |= {id(node)}
        inner: list[tuple[str, int, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise Unreadable("has a name that is no text", line)
                inner.append((key.value, line, value))
        elif isinstance(node, yaml.SequenceNode):
            inner = [
                (str(index), value.start_mark.line + 1, value)
                for index, value in enumerate(node.value)
            ]
        seen: set[str] = set()
        for name, line, value in inner:
            place = f"{where}.{name}" if where else name
            if name in seen:
                raise Unreadable(f"{place} stands there twice", line)
            seen.add(name)
            lines.setdefault(place, line)
            pending.append((place, value, above))
    return lines
