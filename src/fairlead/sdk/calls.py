"""Run one function: build its context, validate what goes in and what comes out.

The engine and the test kit both go through here, so that a function tested is a function run.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from fairlead.errors import InvalidInput, MissingScope, OutputInvalid, Rejected
from fairlead.model.connection import Connection
from fairlead.model.exchange import Send
from fairlead.model.function import Action, Sync
from fairlead.sdk.content import Content
from fairlead.sdk.ctx import (
    ConnectionView,
    Ctx,
    Log,
    NoRecords,
    Records,
    SilentLog,
    SyncCtx,
    none_known,
)
from fairlead.sdk.incoming import Incoming
from fairlead.sdk.pack import Pack

_FORBIDDEN = 403


def issues_of(error: ValidationError) -> list[dict[str, Any]]:
    """Return one entry a problem: code, message, path; never the offending value."""
    return [
        {
            "code": problem["type"],
            "message": problem["msg"],
            "path": [str(part) for part in problem["loc"]],
        }
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _summary(issues: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{'.'.join(issue['path']) or 'value'}: {issue['message']}" for issue in issues
    )


def validate_input(action: Action, raw: object) -> BaseModel:
    """Return the input as its model; None counts as no input. InvalidInput lists the problems."""
    try:
        return action.input_model.model_validate({} if raw is None else raw)
    except ValidationError as error:
        issues = issues_of(error)
        raise InvalidInput(
            f"Invalid input for {action.name}: {_summary(issues)}",
            code="invalid_action_input",
            issues=issues,
        ) from error


def with_incoming(action: Action, raw: object, incoming: Incoming) -> dict[str, Any]:
    """Return an input with the bytes that came beside it, in the parameter that takes bytes.

    InvalidInput, code `takes_no_bytes`: the action has none.
    """
    name = next(
        (
            field.alias or key
            for key, field in action.input_model.model_fields.items()
            if field.annotation is Incoming
        ),
        None,
    )
    if name is None:
        raise InvalidInput(
            f"{action.name} takes no bytes; send its input as JSON.", code="takes_no_bytes"
        )
    given = dict(raw) if isinstance(raw, dict) else {}
    if name in given:
        raise InvalidInput(
            f"The body is the `{name}` of {action.name}; leave it out of the input.",
            code="invalid_action_input",
            issues=[{"code": "given_twice", "message": "the body is this", "path": [name]}],
        )
    return given | {name: incoming}


async def call_action(
    action: Action, ctx: Ctx[Any], validated: BaseModel, *, as_bytes: bool = False
) -> Any:
    """Run an action's body; what it returns still has to go through `dump_output`.

    Content is returned open only if it is wanted `as_bytes`.

    A refusal of the vendor's names the permissions that the action needs.
    """
    fields = {name: getattr(validated, name) for name in action.input_model.model_fields}
    try:
        result = await action.body(ctx, **fields)
    except (Rejected, MissingScope) as error:
        is_refusal = not isinstance(error, Rejected) or error.provider_status == _FORBIDDEN
        is_named = all(scope in error.message for scope in action.scopes)
        if is_refusal and not is_named:
            error.message += f" {action.name} needs {' and '.join(action.scopes)}."
            error.args = (error.message,)
        raise
    return await result.encoded() if isinstance(result, Content) and not as_bytes else result


def dump_output(action: Action, result: object) -> Any:
    """Return a result as JSON values, camelCase, without None; OutputInvalid says what is off."""
    try:
        valid = action.output.validate_python(result)
        return action.output.dump_python(
            valid, mode="json", by_alias=True, exclude_none=True, warnings="error"
        )
    except ValidationError as error:
        raise OutputInvalid(
            f"{action.name} returned what its schema forbids: {_summary(issues_of(error))}"
        ) from error
    except PydanticSerializationError as error:
        raise OutputInvalid(
            f"{action.name} returned what has no JSON form",
            detail=str(error),
        ) from error


def view_of(connection: Connection) -> ConnectionView:
    """Return what functions may know of a connection."""
    return ConnectionView(
        connection_id=connection.connection_id,
        provider=connection.provider,
        metadata=connection.metadata or {},
        connection_config=connection.connection_config,
    )


def action_ctx(
    pack: Pack[Any],
    connection: ConnectionView,
    send: Send,
    log: Log | None = None,
    records: Records | None = None,
) -> Ctx[Any]:
    """Build the context of one call of an action."""
    return Ctx(
        api=pack.api(send, connection.connection_config),
        connection=connection,
        records=records or NoRecords(),
        log=log or SilentLog(),
    )


def sync_ctx(
    pack: Pack[Any],
    sync: Sync,
    connection: ConnectionView,
    send: Send,
    *,
    checkpoint: bytes | None = None,
    variant: str = "base",
    log: Log | None = None,
    known: Callable[[Sequence[str]], Awaitable[set[str]]] = none_known,
) -> SyncCtx[Any, Any, Any]:
    """Build the context of one run of a sync.

    `checkpoint` is the JSON of the last committed batch. One that the sync's model no longer
    reads (its author changed it) counts as none: the feed is read afresh. InvalidInput (code
    `invalid_metadata`) says which metadata the product must set.
    """
    log = log or SilentLog()
    try:
        metadata = sync.metadata_model.model_validate(dict(connection.metadata))
    except ValidationError as error:
        issues = issues_of(error)
        raise InvalidInput(
            f"The metadata of connection '{connection.connection_id}' does not suit the sync "
            f"{sync.name}: {_summary(issues)}; set it with POST /connections/metadata.",
            code="invalid_metadata",
            issues=issues,
        ) from error
    position = sync.checkpoint_model()
    if checkpoint is not None:
        try:
            position = sync.checkpoint_model.model_validate(orjson.loads(checkpoint))
        except (ValidationError, orjson.JSONDecodeError) as error:
            log.warning("checkpoint dropped", sync=sync.name, reason=type(error).__name__)
    return SyncCtx(
        api=pack.api(send, connection.connection_config),
        connection=connection,
        metadata=metadata,
        checkpoint=position,
        variant=variant,
        log=log,
        known=known,
    )
