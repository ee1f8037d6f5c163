"""`GET /health`: is this process serving? `GET /ready`: may it be sent requests?"""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fairlead.api.routing import NoQuery, query_of
from fairlead.api.services import Given
from fairlead.errors import InternalError
from fairlead.store import environments

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """It serves."""

    result: str


@router.get("/health", response_model=Health, dependencies=[Depends(query_of(NoQuery))])
async def health() -> dict[str, Any]:
    """Answer `ok` while the process serves."""
    return {"result": "ok"}


@router.get("/ready", response_model=Health, dependencies=[Depends(query_of(NoQuery))])
async def ready(services: Given) -> dict[str, Any]:
    """Answer `ok` while the database answers and the engine takes on work; else 503.

    Those that balance load ask this; whoever would restart the process asks `/health`.
    """
    # DatabaseDown is answered at the edge
    async with services.db.read() as tx:
        await environments.find(tx, 0)
    if not services.engine.takes_on_work:
        raise InternalError(
            "This process is about to end; send requests to another one.",
            code="not_ready",
            status=503,
            who="operator",
        )
    return {"result": "ok"}
