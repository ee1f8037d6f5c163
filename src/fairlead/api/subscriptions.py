"""`GET /subscriptions`: what vendors tell about a connection, and what became of notices; ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.connections import required_connection
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.model.subscription import Followed, SubscriptionState
from fairlead.store import notices, subscriptions

router = APIRouter(tags=["syncs"])


class SubscriptionsQuery(Strict):
    """Which connection."""

    provider_config_key: str
    """Unique key of the integration."""
    connection_id: str


class FollowerOut(BaseModel):
    """A sync that a subscription wakes."""

    name: str
    variant: str


class SubscriptionOut(BaseModel):
    """What the vendor tells of one place."""

    address: str = Field(description="the place, as the vendor calls it")
    state: SubscriptionState
    reason: str | None = Field(description="why it is not active, or was not renewed")
    expires_at: str | None = Field(serialization_alias="expiresAt")
    renewed_at: str | None = Field(serialization_alias="renewedAt")
    last_notice_at: str | None = Field(serialization_alias="lastNoticeAt")
    notices: int = Field(description="believed notices, ever")
    silences: int = Field(
        description="runs in succession that found changes of which no notice had told"
    )
    syncs: list[FollowerOut]


class NoticeCounts(BaseModel):
    """What became of the notices of the integration."""

    accepted: int
    unknown: int = Field(description="of no subscription of ours")
    forged: int = Field(description="with another secret than ours")
    replayed: int = Field(description="said long ago")
    malformed: int = Field(description="nothing that the vendor sends")


class SubscriptionsReply(BaseModel):
    """Subscriptions of a connection, by address."""

    subscriptions: list[SubscriptionOut]
    notices: NoticeCounts


@router.get(
    "/subscriptions",
    response_model=SubscriptionsReply,
    openapi_extra={"parameters": parameters(SubscriptionsQuery)},
)
async def list_subscriptions(
    services: Given,
    query: Annotated[SubscriptionsQuery, Depends(query_of(SubscriptionsQuery))],
    caller: Annotated[Caller, needs("environment:syncs:read")],
) -> dict[str, Any]:
    """List what the vendor was asked to tell about a connection, and how that stands."""
    connection = await required_connection(
        services, caller.environment.id, query.provider_config_key, query.connection_id
    )
    async with services.db.read() as tx:
        found = await subscriptions.of_connection(tx, connection.id)
        counts = await notices.counts_of(tx, connection.integration_id)
    return {"subscriptions": [_out(each) for each in found], "notices": counts}


def _out(followed: Followed) -> dict[str, Any]:
    one = followed.subscription
    return {
        "address": one.address,
        "state": one.state,
        "reason": one.reason,
        "expires_at": one.expires_at and zulu(one.expires_at),
        "renewed_at": one.renewed_at and zulu(one.renewed_at),
        "last_notice_at": one.last_notice_at and zulu(one.last_notice_at),
        "notices": one.notices,
        "silences": one.silences,
        "syncs": [{"name": name, "variant": variant} for name, variant in followed.followers],
    }
