"""`GET /records/export`: every live record of a model, streamed as JSON lines, CSV or Parquet."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import FunctionName, ModelName
from fairlead.api.named_connection import named_connection
from fairlead.api.openapi import header_parameters
from fairlead.api.routing import Strict, headers_of, parameters, query_of, required_headers
from fairlead.api.services import Given
from fairlead.errors import NotFound
from fairlead.sdk.schemas import columns_of
from fairlead.store.record_export import export, writer_of

router = APIRouter(tags=["records"])

_KIND = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class ExportQuery(Strict):
    """Which records, in which form."""

    model: ModelName
    variant: FunctionName = "base"
    format: Literal["jsonl", "csv", "parquet"] = "jsonl"
    """parquet: if the server has the extra `fairlead[arrow]`."""


@router.get(
    "/records/export",
    response_class=Response,
    responses={
        200: {
            "description": "The records.",
            "content": {"application/jsonl": {}, "text/csv": {}, _KIND["parquet"]: {}},
        }
    },
    openapi_extra={
        "parameters": [
            *header_parameters("Connection-Id", "Provider-Config-Key"),
            *parameters(ExportQuery),
        ]
    },
)
async def export_records(
    request: Request,
    services: Given,
    query: Annotated[ExportQuery, Depends(query_of(ExportQuery))],
    caller: Annotated[Caller, needs("environment:records:read")],
) -> Response:
    """Stream every live record; its memory does not grow with them."""
    headers = headers_of(request.scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    async with services.db.read() as tx:
        connection = await named_connection(tx, caller, key, connection_id)
    columns = columns_of(services.registry.syncs(connection.provider), query.model)
    if columns is None:
        raise NotFound(
            f"No sync of '{key}' keeps a model '{query.model}'; correct `model`.",
            code="unknown_model",
        )
    lines = export(
        services.db,
        connection_pk=connection.id,
        model=query.model,
        variant=query.variant,
        writer=writer_of(query.format, columns),
        seals=services.seals,
    )
    return StreamingResponse(lines, headers={"Content-Type": _KIND[query.format]})
