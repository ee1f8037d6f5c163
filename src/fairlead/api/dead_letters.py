"""`/webhooks/dead-letters`: events that were given up, and delivering them once more."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import NoQuery, Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.store import outbox

router = APIRouter(tags=["webhooks"])

EventId = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class DeadLettersQuery(Strict):
    """How many."""

    limit: int = Field(default=100, ge=1, le=1000)


class LastAttempt(BaseModel):
    """The last attempt to deliver it."""

    at: str
    url: str
    status: int | None
    error: str | None


class DeadLetterOut(BaseModel):
    """An event that was given up."""

    id: str
    type: str
    created_at: str
    attempts: int
    last: LastAttempt | None
    """null: there was nowhere to deliver it."""
    payload: dict[str, Any]


class DeadLettersReply(BaseModel):
    """Events that were given up, newest first."""

    events: list[DeadLetterOut]


@router.get(
    "/webhooks/dead-letters",
    response_model=DeadLettersReply,
    openapi_extra={"parameters": parameters(DeadLettersQuery)},
)
async def dead_letters(
    services: Given,
    query: Annotated[DeadLettersQuery, Depends(query_of(DeadLettersQuery))],
    caller: Annotated[Caller, needs("environment:webhooks:read")],
) -> dict[str, Any]:
    """List events that were given up; they are kept for 30 days."""
    async with services.db.read() as tx:
        found = await outbox.dead_letters(tx, caller.environment.id, query.limit)
    return {"events": [letter_out(each) for each in found]}


def letter_out(letter: outbox.DeadLetter) -> dict[str, Any]:
    """Write an event that was given up."""
    event, last = letter.event, letter.last
    return {
        "id": event.id,
        "type": event.type,
        "created_at": zulu(event.created_at),
        "attempts": letter.attempts,
        "last": last
        and {
            "at": zulu(last.created_at),
            "url": last.url,
            "status": last.status,
            "error": last.error,
        },
        "payload": event.payload,
    }


class Replay(Strict):
    """Which events to deliver once more."""

    ids: Annotated[list[EventId], Field(max_length=1000)]
    """Empty: all of them."""


class ReplayReply(BaseModel):
    """How many there were."""

    success: Literal[True]
    replayed: int


@router.post(
    "/webhooks/dead-letters/replay",
    response_model=ReplayReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def replay(
    services: Given,
    body: Replay,
    caller: Annotated[Caller, needs("environment:webhooks:update")],
) -> dict[str, Any]:
    """Deliver events that were given up once more."""
    async with services.db.write() as tx:
        replayed = await outbox.replay(tx, caller.environment.id, body.ids, services.clock.now())
    return {"success": True, "replayed": replayed}
