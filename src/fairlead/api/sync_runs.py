"""`GET /sync/runs`: what became of a connection's syncs, run by run; not of the contract, ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.connections import required_connection
from fairlead.api.identifiers import FunctionName
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.sync_status import ExecutionOut, execution_out
from fairlead.store import runs

router = APIRouter(tags=["syncs"])


class RunsQuery(Strict):
    """Whose runs."""

    provider_config_key: str
    connection_id: str
    sync_name: FunctionName | None = None
    """Left out: of all its syncs and actions."""
    sync_variant: FunctionName | None = None
    limit: int = Field(default=50, ge=1, le=500)


class RunOut(ExecutionOut):
    """A run."""

    kind: str
    """sync or action."""
    name: str
    variant: str
    unchanged: dict[str, int]
    """Model -> records that were read and were as before."""
    held: dict[str, int]
    """Model -> deletions that were held back."""


class RunsReply(BaseModel):
    """Runs, newest first."""

    data: list[RunOut]


@router.get(
    "/sync/runs", response_model=RunsReply, openapi_extra={"parameters": parameters(RunsQuery)}
)
async def list_runs(
    services: Given,
    query: Annotated[RunsQuery, Depends(query_of(RunsQuery))],
    caller: Annotated[Caller, needs("environment:syncs:read")],
) -> dict[str, Any]:
    """List runs of a connection, newest first, with what each did to the records."""
    connection = await required_connection(
        services, caller.environment.id, query.provider_config_key, query.connection_id
    )
    async with services.db.read() as tx:
        found = await runs.list_for(
            tx,
            environment_id=caller.environment.id,
            connection_pk=connection.id,
            function=query.sync_name,
            variant=query.sync_variant,
            limit=query.limit,
        )
    return {
        "data": [
            execution_out(run, None)
            | {
                "kind": run.kind.value,
                "name": run.function,
                "variant": run.variant,
                "unchanged": {model: each.unchanged for model, each in run.counts.items()},
                "held": {model: each.held for model, each in run.counts.items() if each.held},
            }
            for run in found
        ]
    }
