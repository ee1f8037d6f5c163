"""`GET /audit`: who changed what, and when; not of the contract, ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import offset_us
from fairlead.store import audit

router = APIRouter(tags=["audit"])


class AuditQuery(Strict):
    """Which entries."""

    who: str | None = None
    """E-mail of a person, or `key NAME`."""
    before: AwareDatetime | None = None
    """`at` of the last entry of the page before."""
    limit: int = Field(default=100, ge=1, le=1000)


class AuditOut(BaseModel):
    """An entry."""

    id: str
    at: str
    who: str
    what: str
    detail: dict[str, Any] | None
    server: bool = Field(description="it concerns the whole server")


class AuditReply(BaseModel):
    """Entries, newest first."""

    data: list[AuditOut]


@router.get(
    "/audit", response_model=AuditReply, openapi_extra={"parameters": parameters(AuditQuery)}
)
async def list_audit(
    services: Given,
    query: Annotated[AuditQuery, Depends(query_of(AuditQuery))],
    caller: Annotated[Caller, needs("environment:audit:read")],
) -> dict[str, Any]:
    """List who changed what; entries of the whole server need `server:audit:read` besides."""
    async with services.db.read() as tx:
        found = await audit.list_for(
            tx,
            caller.environment.id,
            with_server=caller.may("server:audit:read"),
            who=query.who,
            before=query.before,
            limit=query.limit,
        )
    return {
        "data": [
            {
                "id": each.id,
                "at": offset_us(each.at),
                "who": each.who,
                "what": each.what,
                "detail": each.detail,
                "server": each.environment_id is None,
            }
            for each in found
        ]
    }
