"""Subscription: the vendor's promise to tell of changes in one place, until a moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fairlead.model.exchange import Send
from fairlead.model.frozen import Frozen
from fairlead.model.notice import Notice


class SubscriptionState(StrEnum):
    """Life of a subscription."""

    #: to be made: a sync follows the place, and the vendor does not know yet
    WANTED = "wanted"
    ACTIVE = "active"
    #: the vendor refused; it is tried again, and `reason` says who must do what
    FAILED = "failed"
    #: no sync follows the place any more; to be deleted at the vendor
    ENDING = "ending"


class Subscription(Frozen):
    """What the vendor tells of one place to one connection, and how that stands."""

    id: int
    connection_pk: int
    #: the place, as the pack addresses it
    address: str
    #: None = the vendor has none now
    vendor_id: str | None
    state: SubscriptionState
    #: why it is not active, or was not renewed
    reason: str | None
    expires_at: datetime | None
    #: made or renewed last
    renewed_at: datetime | None
    last_notice_at: datetime | None
    #: believed notices, ever
    notices: int
    #: runs in succession that found changes of which no notice had told
    silences: int
    #: failed calls in succession
    attempts: int
    #: when it is looked after again
    due_at: datetime
    created_at: datetime


class Followed(Frozen):
    """A subscription with the syncs that it wakes."""

    subscription: Subscription
    #: (sync, variant)
    followers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """What the vendor agreed to."""

    vendor_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a subscription is asked for with."""

    #: the place, as the sync's `follows` names it
    address: str
    #: where the vendor sends notices
    url: str
    #: what it must send along; at most 128 characters
    secret: str


class SubscribeHook(Protocol):
    """Ask the vendor to tell of changes; it may ask for proof at the URL meanwhile."""

    async def __call__(self, send: Send, wish: Wish, now: datetime) -> Subscribed: ...


class RenewHook(Protocol):
    """Let a subscription end later and authorise it anew; None = the vendor has none such."""

    async def __call__(
        self, send: Send, address: str, vendor_id: str, now: datetime
    ) -> Subscribed | None: ...


class UnsubscribeHook(Protocol):
    """End a subscription; one that is not there is ended."""

    async def __call__(self, send: Send, address: str, vendor_id: str) -> None: ...


#: the body of a webhook -> what it says; InvalidInput if the vendor sends no such thing
ReadNoticesHook = Callable[[bytes], Sequence[Notice]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """How one vendor is asked to tell of changes; errors of the calls are the provider's own."""

    create: SubscribeHook
    renew: RenewHook
    delete: UnsubscribeHook
    read: ReadNoticesHook
