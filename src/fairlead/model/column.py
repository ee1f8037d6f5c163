"""Column: a field of a model, as tables of its records have it."""

from dataclasses import dataclass
from typing import Literal

#: json: anything else, written as text
Kind = Literal["text", "integer", "number", "boolean", "json"]


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a model, by its name on the wire."""

    name: str
    kind: Kind
