"""`GET /webhooks/events`: what was announced, and how it was taken; not of the contract, ours."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.store import outbox

router = APIRouter(tags=["webhooks"])

State = Literal["pending", "delivered", "dead"]


class EventsQuery(Strict):
    """Which events."""

    state: State | None = None
    type: str | None = None
    limit: int = Field(default=100, ge=1, le=500)


class AttemptOut(BaseModel):
    """One attempt to deliver an event."""

    attempt: int
    at: str
    url: str
    status: int | None
    error: str | None


class EventOut(BaseModel):
    """An event, and the attempts to deliver it."""

    id: str
    type: str
    state: State
    created_at: str
    due_at: str | None
    """When it is tried next; null = it is delivered, or was given up."""
    attempts: list[AttemptOut]
    payload: dict[str, Any]


class EventsReply(BaseModel):
    """Events, newest first."""

    data: list[EventOut]


@router.get(
    "/webhooks/events",
    response_model=EventsReply,
    openapi_extra={"parameters": parameters(EventsQuery)},
)
async def list_events(
    services: Given,
    query: Annotated[EventsQuery, Depends(query_of(EventsQuery))],
    caller: Annotated[Caller, needs("environment:webhooks:read")],
) -> dict[str, Any]:
    """List events with every attempt to deliver them; they are kept for 30 days."""
    async with services.db.read() as tx:
        found = await outbox.list_for(
            tx, caller.environment.id, state=query.state, kind=query.type, limit=query.limit
        )
    return {
        "data": [
            {
                "id": each.event.id,
                "type": each.event.type,
                "state": each.state,
                "created_at": zulu(each.event.created_at),
                "due_at": zulu(each.due_at) if each.state == "pending" else None,
                "attempts": [
                    {
                        "attempt": one.attempt,
                        "at": zulu(one.created_at),
                        "url": one.url,
                        "status": one.status,
                        "error": one.error,
                    }
                    for one in each.attempts
                ],
                "payload": each.event.payload,
            }
            for each in found
        ]
    }
