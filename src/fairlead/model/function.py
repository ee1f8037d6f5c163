"""Function: an action (call -> result), a sync (generator -> records) or a hook, as data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

#: what a call does to the vendor's data: nothing, something, or something that takes away
Effect = Literal["read", "write", "destructive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A call with a validated input and output."""

    #: kebab-case
    name: str
    description: str
    scopes: tuple[str, ...]
    #: the vendor's page
    source: str
    #: `async (ctx, **fields) -> result`
    body: Callable[..., Any]
    #: input validated against it; field names on the wire are camelCase aliases
    input_model: type[BaseModel]
    #: builds the output's JSON Schema and validates the result (`pydantic.TypeAdapter`)
    output: Any
    effect: Effect
    #: does it return bytes, which may be streamed?
    reads_content: bool = False
    version: str = "1.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A generator of batches, run on a schedule."""

    name: str
    description: str
    #: frequency as written, `1h`
    every: str
    scopes: tuple[str, ...]
    source: str
    #: `(ctx) -> AsyncIterator[Batch]`
    body: Callable[..., Any]
    #: model name -> class of its records
    models: dict[str, type[BaseModel]]
    metadata_model: type[BaseModel]
    checkpoint_model: type[BaseModel]
    auto_start: bool = True
    version: str = "1.0.0"
    #: fields of a record that do not count as a change
    volatile: frozenset[str] = field(default_factory=frozenset)
    #: name of a partition -> address of the place whose changes concern it; None = there is none
    follows: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A function that is called with what changed in the records of a sync."""

    #: kebab-case
    name: str
    description: str
    #: name of the sync
    sync: str
    scopes: tuple[str, ...]
    #: `async (ctx, changes) -> None`; may see a change again
    body: Callable[..., Any]
