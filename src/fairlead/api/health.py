"""`GET /health`: is this process serving?"""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fairlead.api.routing import NoQuery, query_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """It serves."""

    result: str


@router.get("/health", response_model=Health, dependencies=[Depends(query_of(NoQuery))])
async def health() -> dict[str, Any]:
    """Answer `ok` while the process serves."""
    return {"result": "ok"}
