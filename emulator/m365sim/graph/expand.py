"""Reads `$expand`, with what is nested in it, and other options in either spelling.

https://learn.microsoft.com/graph/query-parameters: lists are documented without the dollar sign
(`expand=fields(select=A,B)`), and names are the same in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from m365sim.graph.call import Call
from m365sim.graph.reply import GraphError


@dataclass(slots=True)
class Expansion:
    """What of an expanded property is wanted; None = all of it."""

    select: list[str] | None = None
    expand: dict[str, Expansion] = field(default_factory=dict)
    top: int | None = None  # how many of it; None = all


def option(call: Call, name: str) -> str | None:
    """Return a query option, with or without its dollar sign."""
    for key, value in call.query.items():
        if key.lower().removeprefix("$") == name:
            return value or None
    return None


def selected(call: Call) -> list[str] | None:
    """Return the properties that are asked for; None = all."""
    text = option(call, "select")
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def expanded(call: Call, *known: str) -> dict[str, Expansion]:
    """Return the properties to expand, of those that are known."""
    found = _read(option(call, "expand") or "")
    for name in found:
        if name not in known:
            raise _invalid(name)
    return found


def expanded_of(call: Call) -> dict[str, Expansion]:
    """Return the properties to expand, whatever their names."""
    return _read(option(call, "expand") or "")


def _read(text: str) -> dict[str, Expansion]:
    found: dict[str, Expansion] = {}
    for part in _split(text, ","):
        name, bracket, inner = part.partition("(")
        expansion = found[name.strip()] = Expansion()
        if not bracket:
            continue
        if not inner.rstrip().endswith(")"):
            raise _invalid(part)
        for nested in _split(inner.rstrip()[:-1], ";"):
            key, _, value = nested.partition("=")
            match key.strip().lower().removeprefix("$"):
                case "select":
                    expansion.select = [name.strip() for name in value.split(",") if name.strip()]
                case "expand":
                    expansion.expand = _read(value)
                case "top" if value.strip().isdigit():
                    expansion.top = int(value)
                case _:
                    raise _invalid(part)
    return found


def _split(text: str, mark: str) -> list[str]:
    """Split at marks that are in no brackets."""
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == mark and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return [part for part in parts if part.strip()]


def _invalid(expression: str) -> GraphError:
    # The code is SharePoint's: https://github.com/microsoftgraph/microsoft-graph-docs/issues/9306
    return GraphError(
        400,
        "-1, Microsoft.SharePoint.Client.InvalidClientQueryException",
        f'The expression "{expression}" is not valid.',
    )
