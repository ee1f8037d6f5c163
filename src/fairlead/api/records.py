"""`GET /records`: what syncs brought, in an order that a reader can follow (contract 2.5, 8).

A hot route: plain ASGI in, orjson out, no framework between; documented by `DOCUMENTATION`.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from starlette.responses import Response
from starlette.types import Scope

from fairlead.api.auth import Caller
from fairlead.api.errors import invalid, placed
from fairlead.api.identifiers import FunctionName, ModelName, moment
from fairlead.api.named_connection import named_connection
from fairlead.api.openapi import Documentation
from fairlead.api.record_json import page_of
from fairlead.api.routing import Strict, headers_of, nested_query, required_headers, validated
from fairlead.api.services import Services
from fairlead.errors import InvalidInput, NotFound
from fairlead.model.connection import Connection
from fairlead.store.cursor import cursor_at, decode_cursor
from fairlead.store.record_lists import raw_rows

#: how far back `modified_after` may reach
_OLDEST = timedelta(days=365)

Action = Literal["added", "updated", "deleted"]


def _commas(value: object) -> object:
    return [part.strip().lower() for part in value.split(",")] if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _nothing(value: object) -> object:
    return None if value == "" else value


Since = Annotated[
    Annotated[AwareDatetime, AfterValidator(moment)] | None, BeforeValidator(_nothing)
]
RecordId = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class RecordsQuery(Strict):
    """Which records, and from where on."""

    model: ModelName
    variant: FunctionName = "base"
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = None
    """`next_cursor` of an earlier answer, or the `cursor` of any record."""
    limit: int = Field(default=100, ge=1, le=10_000)
    modified_after: Since = None
    """ISO 8601 with zone, within the last 12 months."""
    delta: Since = None
    """Older name of modified_after; wins if both are there."""
    filter: Annotated[list[Action], BeforeValidator(_commas)] | None = None
    """Comma-separated: added, updated, deleted."""
    ids: Annotated[list[RecordId], BeforeValidator(_listed), Field(max_length=100)] = Field(
        default_factory=list
    )


class RecordsHeaders(BaseModel):
    """Whose records."""

    connection_id: str = Field(alias="Connection-Id")
    provider_config_key: str = Field(alias="Provider-Config-Key")


class RecordMetadata(BaseModel):
    """What we know of a record."""

    first_seen_at: str
    last_modified_at: str
    last_action: Literal["ADDED", "UPDATED", "DELETED"]
    deleted_at: str | None
    pruned_at: str | None
    cursor: str


class RecordOut(BaseModel):
    """A record: the sync's own fields and ours."""

    model_config = ConfigDict(extra="allow")

    id: str
    nango_metadata: RecordMetadata = Field(alias="_nango_metadata")


class RecordsReply(BaseModel):
    """A page of records."""

    records: list[RecordOut]
    next_cursor: str | None = Field(description="null on the last page")


DOCUMENTATION = Documentation(
    path="/records",
    method="get",
    tag="records",
    summary="List records that changed, oldest change first.",
    query=RecordsQuery,
    headers=RecordsHeaders,
    reply=RecordsReply,
)


def _since(query: RecordsQuery, now: datetime) -> datetime | None:
    since = query.delta or query.modified_after
    if since is None:
        return None
    if since < now - _OLDEST:
        field = "delta" if query.delta else "modified_after"
        message = f"{field} must be within the last 12 months"
        issue = {"code": "custom", "message": message, "path": [field]}
        raise invalid([issue], "invalid_query_params")
    return since


def _after(cursor: str | None) -> int:
    try:
        return decode_cursor(cursor) if cursor else 0
    except InvalidInput as error:
        raise placed(error, "cursor") from error


def _check_model(services: Services, connection: Connection, model: str) -> None:
    """Refuse a model that no sync of the provider keeps; else a misspelt one looks empty for ever.

    The contract answers an empty list, and that is what a client gets for any model that exists.
    """
    syncs = services.registry.syncs(connection.provider)
    known = sorted({name for sync in syncs for name in sync.models})
    if model not in known:
        has = f"it has {', '.join(known)}" if known else "its provider has no syncs"
        raise NotFound(
            f"No sync of '{connection.integration_key}' keeps a model '{model}'; {has}. "
            "Correct `model`.",
            code="unknown_model",
        )


async def list_records(services: Services, caller: Caller, scope: Scope) -> Response:
    """Answer one page of a connection's records."""
    caller.demand("environment:records:read")
    headers = headers_of(scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    query = validated(RecordsQuery, nested_query(scope["query_string"]), "invalid_query_params")
    since = _since(query, services.clock.now())
    after = _after(query.cursor)
    async with services.db.read() as tx:
        connection = await named_connection(tx, caller, key, connection_id)
        found = await raw_rows(
            tx,
            connection_pk=connection.id,
            model=query.model,
            variant=query.variant,
            after=after,
            limit=query.limit + 1,
            modified_after=since,
            filters=frozenset(query.filter or ()),
            ids=query.ids,
            seals=services.seals,
        )
    if not found:
        _check_model(services, connection, query.model)
    page = found[: query.limit]
    more = len(found) > query.limit
    after_page = cursor_at(page[-1][7]) if more else None
    return Response(page_of(page, next_cursor=after_page), media_type="application/json")
