"""Read a function's declaration: name, description, input, output and record types.

The declaration is the only source; what it lacks is an AuthorError when the pack is imported,
naming the function and the remedy.
"""

import inspect
import types
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, create_model
from pydantic.errors import PydanticSchemaGenerationError

from fairlead.errors import AuthorError
from fairlead.model.batch import Batch
from fairlead.model.function import Effect
from fairlead.sdk.content import Content, EncodedContent
from fairlead.sdk.ctx import Ctx, SyncCtx
from fairlead.sdk.shapes import title_of, wire_name

_INPUT_CONFIG = ConfigDict(
    alias_generator=wire_name,
    field_title_generator=title_of,
    populate_by_name=True,
    extra="forbid",
    frozen=True,
)


def blame(body: Callable[..., Any], problem: str) -> NoReturn:
    """Raise the AuthorError that tells a function's author what to mend."""
    where = f"{body.__module__}.{body.__qualname__}"
    raise AuthorError(f"{where} {problem}", code="invalid_function")


def kebab(name: str) -> str:
    """Return a function's name on the wire."""
    return name.strip("_").replace("_", "-").lower()


def description_of(body: Callable[..., Any]) -> str:
    """Return the docstring without its indentation."""
    text = inspect.cleandoc(body.__doc__ or "").strip()
    if not text:
        blame(body, "has no docstring; its first sentence becomes the description")
    return text


def checked_source(body: Callable[..., Any], source: str) -> str:
    """Return the vendor's page, refusing anything that is not a link."""
    if not source.startswith("https://"):
        blame(body, f"has source={source!r}; give the https link of the vendor's page")
    return source


#: verbs of names whose functions only look
_READING = frozenset(
    (
        *(
            "can",
            "count",
            "describe",
            "download",
            "explain",
            "export",
            "fetch",
            "find",
            "get",
            "list",
        ),
        *("look", "lookup", "preview", "query", "read", "resolve", "search", "show"),
    )
)
#: and of those that take away
_DESTRUCTIVE = frozenset(
    (*("clear", "delete", "destroy", "discard", "drop", "empty", "purge", "remove", "revoke"),)
)


def effect_of(name: str) -> Effect:
    """Return what a function of that kebab-case name does, by its verb; unknown verbs write."""
    verb = name.partition("-")[0]
    if verb in _READING:
        return "read"
    return "destructive" if verb in _DESTRUCTIVE else "write"


def checked_scopes(body: Callable[..., Any], scopes: object) -> tuple[str, ...]:
    """Return the scopes as a tuple; a lone string is the classic slip."""
    if (
        isinstance(scopes, str)
        or not isinstance(scopes, list | tuple)
        or not all(isinstance(scope, str) and scope for scope in scopes)
    ):
        blame(body, f"has scopes={scopes!r}; give a list of names, [] if it needs none")
    return tuple(scopes)


@dataclass(frozen=True, slots=True)
class ActionTypes:
    """Types of an action's declaration."""

    input_model: type[BaseModel]
    output: TypeAdapter[Any]
    #: is it annotated `-> Content`?
    reads_content: bool


@dataclass(frozen=True, slots=True)
class SyncTypes:
    """Types of a sync's declaration."""

    models: dict[str, type[BaseModel]]
    metadata_model: type[BaseModel]
    checkpoint_model: type[BaseModel]


def action_types(body: Callable[..., Any]) -> ActionTypes:
    """Derive input model and output adapter of `async def name(ctx: Ctx[Api], ...) -> Output`."""
    if not inspect.iscoroutinefunction(body):
        blame(body, "is not an `async def`; an action must be one")
    hints = _hints(body)
    parameters = list(inspect.signature(body).parameters.values())
    if not parameters or not _is_a(hints.get(parameters[0].name), Ctx):
        blame(body, "must take `ctx: Ctx[...]` first")
    fields: dict[str, Any] = {}
    for parameter in parameters[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            blame(body, f"takes *{parameter.name}; each input needs its own name and type")
        if parameter.name not in hints:
            blame(body, f"does not say the type of `{parameter.name}`")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    if "return" not in hints:
        blame(body, "does not say what it returns")
    title = "".join(part.capitalize() for part in body.__name__.split("_"))
    try:
        input_model = create_model(f"{title}Input", __config__=_INPUT_CONFIG, **fields)
        reads_content = hints["return"] is Content
        returned = EncodedContent if reads_content else hints["return"]
        return ActionTypes(input_model, TypeAdapter(returned), reads_content)
    except (PydanticUserError, PydanticSchemaGenerationError, NameError) as error:
        raise AuthorError(
            f"{body.__module__}.{body.__qualname__} has a type that has no JSON shape: {error}",
            code="invalid_function",
        ) from error


def sync_types(body: Callable[..., Any]) -> SyncTypes:
    """Derive the types of `async def name(ctx: SyncCtx[A, M, C]) -> AsyncIterator[Batch[R]]`."""
    if not inspect.isasyncgenfunction(body):
        blame(body, "is not an async generator; a sync must be an `async def` that yields batches")
    hints = _hints(body)
    parameters = list(inspect.signature(body).parameters.values())
    annotation = hints.get(parameters[0].name) if len(parameters) == 1 else None
    if get_origin(annotation) is not SyncCtx:
        blame(body, "must take exactly one argument, `ctx: SyncCtx[Api, Metadata, Checkpoint]`")
    _, metadata_model, checkpoint_model = get_args(annotation)
    for role, model in (("metadata", metadata_model), ("checkpoint", checkpoint_model)):
        if not _is_a(model, BaseModel):
            blame(body, f"has {model!r} for its {role}; it must be a model class")
    if missing := [n for n, f in checkpoint_model.model_fields.items() if f.is_required()]:
        blame(body, f"has a checkpoint whose fields need defaults (a first run): {missing}")
    return SyncTypes(_models(body, hints.get("return")), metadata_model, checkpoint_model)


def _models(body: Callable[..., Any], annotation: object) -> dict[str, type[BaseModel]]:
    if get_origin(annotation) not in (AsyncIterator, AsyncGenerator):
        blame(body, "must be annotated `-> AsyncIterator[Batch[SomeRecord]]`")
    models: dict[str, type[BaseModel]] = {}
    for batch in _alternatives(get_args(annotation)[0]):
        if get_origin(batch) is not Batch:
            blame(body, "must be annotated `-> AsyncIterator[Batch[SomeRecord]]`")
        for model in _alternatives(get_args(batch)[0]):
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                blame(body, f"yields batches of {model!r}; records must be model classes")
            if "id" not in model.model_fields or model.model_fields["id"].annotation is not str:
                blame(body, f"syncs {model.__name__}, which needs a field `id: str`")
            models[model.__name__] = model
    return models


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _is_a(annotation: object, wanted: type) -> bool:
    base = get_origin(annotation) or annotation
    if base is Annotated:
        return _is_a(get_args(annotation)[0], wanted)
    return isinstance(base, type) and issubclass(base, wanted)


def _hints(body: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(body, include_extras=True)
    except NameError as error:
        raise AuthorError(
            f"{body.__module__}.{body.__qualname__} has an annotation that cannot be resolved "
            f"when the pack is imported: {error}",
            code="invalid_function",
        ) from error
