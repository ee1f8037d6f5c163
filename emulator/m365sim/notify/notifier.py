"""Keeps the subscriptions, notices changes, and sends the notifications.

Nothing here waits: `pump` does what is due by the world's clock, and `run` calls it again and again
while a server is up. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks,
https://learn.microsoft.com/graph/change-notifications-lifecycle-events
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal
from urllib.parse import quote_plus
from uuid import UUID

import orjson

from m365sim.clock import Clock
from m365sim.notify.post import PATIENCE, Answer, Post, Unreachable, post
from m365sim.notify.receivers import SLOW_DELAY, Receivers
from m365sim.notify.subscription import Subscription
from m365sim.tenant import Tenant

LifecycleEvent = Literal["subscriptionRemoved", "missed"]

GIVEN_UP_AFTER = timedelta(hours=4)
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=10), timedelta(minutes=30)
#: https://learn.microsoft.com/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks
WEBHOOK_RETRIES, WEBHOOK_WAIT = 5, timedelta(minutes=5)
TICK = 0.2  # seconds between two rounds of `run`


#: Where notifications go, and whether they are SharePoint's own.
Address = tuple[str, bool]


class ValidationFailed(Exception):
    """A receiver did not prove that it wants notifications; the message says how."""


@dataclass(slots=True, eq=False)
class Delivery:
    """Notifications on their way to one address."""

    url: str
    notifications: list[dict[str, Any]]
    begun_at: datetime
    due_at: datetime
    attempts: int = 0
    is_webhook: bool = False  # one of SharePoint's own, which are tried again in another rhythm

    def wait(self) -> timedelta | None:
        """Return how long to wait after so many failures; None when it is given up."""
        if self.is_webhook:
            return WEBHOOK_WAIT if self.attempts <= WEBHOOK_RETRIES else None
        doubled: timedelta = FIRST_RETRY * 2 ** (self.attempts - 1)
        return min(doubled, LONGEST_RETRY)


class Notifier:
    """The subscriptions of a tenant."""

    def __init__(self, *, clock: Clock, rng: Random, tenant: Tenant) -> None:
        self.clock = clock
        self.tenant = tenant
        self.post: Post = post  # tests put their own in its place
        self.subscriptions: dict[str, Subscription] = {}
        self.receivers = Receivers()
        self.outbox: list[Delivery] = []
        self.counts: Counter[str] = Counter()
        #: Share of the notifications that get lost on the way.
        self.drop = 0.0
        #: How long a change waits before it is told; what happens meanwhile is told along with it.
        self.delay = timedelta()
        self._random = Random(rng.getrandbits(64))  # noqa: S311 - repeatable, not secret
        self._pumping = asyncio.Lock()

    # -- subscriptions

    def new_id(self) -> str:
        """Mint the id of a subscription."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    async def validate(self, url: str, name: str = "validationToken") -> None:
        """Let a receiver prove itself by giving back a token; ValidationFailed if it does not."""
        token = f"{_TOKEN} Request-Id: {self.new_id()}"
        joint = "&" if "?" in url else "?"
        target = f"{url}{joint}{name}={quote_plus(token)}"
        try:
            answer = await self.post(target, {"content-type": "text/plain; charset=utf-8"}, b"")
        except Unreachable as silent:
            if str(silent) == "timed out":
                raise ValidationFailed("Subscription validation request timed out.") from silent
            raise ValidationFailed(
                f"Subscription validation request failed: {silent}. {_EXPECTED}"
            ) from silent
        if answer.status != 200:
            status = f"HTTP status code is '{answer.status}'."
            raise ValidationFailed(f"Subscription validation request failed. {status} {_EXPECTED}")
        if not answer.content_type.lower().startswith("text/plain"):
            raise ValidationFailed(
                "Subscription validation request failed. The content type must be text/plain."
            )
        if answer.body.decode("utf-8", "replace").strip() != token:
            raise ValidationFailed(
                "Subscription validation request failed. "
                "The body must be the validation token, decoded."
            )

    def add(self, subscription: Subscription) -> Subscription:
        """Begin to tell of changes."""
        self.subscriptions[subscription.id] = subscription
        return subscription

    def find(self, subscription_id: str) -> Subscription | None:
        """Return a subscription of Graph that has not ended."""
        self._end_old(self.clock.now())
        found = self.subscriptions.get(subscription_id.lower())
        return found if found is not None and found.payload is None else None

    def of_app(self, app_id: str) -> list[Subscription]:
        """List the subscriptions of an app in Graph that have not ended."""
        self._end_old(self.clock.now())
        known = self.subscriptions.values()
        return [one for one in known if one.app_id == app_id and one.payload is None]

    def challenge(self) -> None:
        """Ask everybody for authorization now; nothing more is told until it comes."""
        now = self.clock.now()
        for one in self.subscriptions.values():
            one.is_paused = True
            if one.lifecycle_url is not None:
                self._ask(one, now)

    def announce(self, event: LifecycleEvent) -> None:
        """Tell every subscriber of Graph of something that happened to its subscription.

        `subscriptionRemoved` ends the subscriptions as well. The real service sends these two of
        mail, calendars and chats only, yet a receiver may meet them:
        https://learn.microsoft.com/graph/change-notifications-lifecycle-events
        """
        now = self.clock.now()
        for one in [one for one in self.subscriptions.values() if one.payload is None]:
            if one.lifecycle_url is not None:
                notification = {**self._head(one), "lifecycleEvent": event}
                self.outbox.append(Delivery(one.lifecycle_url, [notification], now, now))
            if event == "subscriptionRemoved":
                del self.subscriptions[one.id]

    # -- deliveries

    async def pump(self) -> int:
        """Notice what changed and send what is due; return how many notifications arrived."""
        async with self._pumping:
            now = self.clock.now()
            self._end_old(now)
            for one in self.subscriptions.values():
                if one.wants_challenge(now):
                    self._ask(one, now)
            self._put_into_outbox(self._news(now), now)
            due = [delivery for delivery in self.outbox if delivery.due_at <= now]
            self.outbox = [delivery for delivery in self.outbox if delivery not in due]
            return sum(await asyncio.gather(*(self._deliver(one) for one in due)))

    async def run(self, stop: asyncio.Event) -> None:
        """Pump until told to stop."""
        while not stop.is_set():
            if self.subscriptions or self.outbox:
                await self.pump()
            try:
                await asyncio.wait_for(stop.wait(), TICK)
            except TimeoutError:
                continue

    def report(self) -> dict[str, object]:
        """Return the switches, the subscriptions and the counts, ready for JSON."""
        now = self.clock.now()
        return {
            "drop": self.drop,
            "delay": self.delay.total_seconds(),
            "counts": dict(self.counts),
            "waiting": len(self.outbox),
            "receivers": self.receivers.report(now),
            "subscriptions": [
                {
                    "id": one.id,
                    "resource": one.watched.resource,
                    "notificationUrl": one.notification_url,
                    "expirationDateTime": one.expires_at.isoformat(),
                    "paused": one.is_paused,
                }
                for one in self.subscriptions.values()
            ],
        }

    def _end_old(self, now: datetime) -> None:
        for one in [one for one in self.subscriptions.values() if one.expires_at <= now]:
            del self.subscriptions[one.id]  # of drives and lists nobody is told of that
            self.counts["expired"] += 1

    def _ask(self, one: Subscription, now: datetime) -> None:
        one.challenged_at = now
        notification = {**self._head(one), "lifecycleEvent": "reauthorizationRequired"}
        self.outbox.append(Delivery(one.lifecycle_url or "", [notification], now, now))

    def _news(self, now: datetime) -> Iterable[tuple[Address, dict[str, Any]]]:
        for one in self.subscriptions.values():
            if not one.has_news():
                continue
            one.changed_at = one.changed_at or now
            if now - one.changed_at < self.delay:
                continue
            one.seen, one.changed_at = one.watched.head(), None
            if one.is_paused:
                self.counts["lost while paused"] += 1
            elif self._random.random() < self.drop:
                self.counts["dropped on purpose"] += 1
            elif self.receivers.state(one.notification_url, now) == "drop":
                self.counts["dropped for slowness"] += 1
            else:
                address = (one.notification_url, one.payload is not None)
                yield address, self._notification(one)

    def _put_into_outbox(
        self, notifications: Iterable[tuple[Address, dict[str, Any]]], now: datetime
    ) -> None:
        """Put those for one address into one delivery."""
        by_address: dict[Address, list[dict[str, Any]]] = {}
        for address, notification in notifications:
            by_address.setdefault(address, []).append(notification)
        for (url, is_webhook), several in by_address.items():
            is_slow = self.receivers.state(url, now) == "slow"
            due_at = now + SLOW_DELAY if is_slow else now
            delivery = Delivery(url, several, now, due_at, is_webhook=is_webhook)
            self.outbox.append(delivery)

    async def _deliver(self, delivery: Delivery) -> int:
        body = orjson.dumps({"value": delivery.notifications})
        headers = {"content-type": "application/json; charset=utf-8"}
        count = len(delivery.notifications)
        try:
            answer = await self.post(delivery.url, headers, body)
        except Unreachable as silent:
            answer = Answer(0, seconds=PATIENCE if str(silent) == "timed out" else 0.0)
        now = self.clock.now()
        self.receivers.record(delivery.url, now, answer.seconds)
        if 200 <= answer.status < 300 and answer.seconds < PATIENCE:
            self.counts["delivered"] += count
            return count
        delivery.attempts += 1
        wait = delivery.wait()
        if wait is None or now + wait - delivery.begun_at > GIVEN_UP_AFTER:
            self.counts["given up"] += count
        else:
            delivery.due_at = now + wait
            self.outbox.append(delivery)
            self.counts["retries"] += 1
        return 0

    def _head(self, one: Subscription) -> dict[str, Any]:
        return {
            "subscriptionId": one.id,
            "subscriptionExpirationDateTime": one.expires_at.isoformat().replace("+00:00", "Z"),
            "tenantId": self.tenant.id,
            "clientState": one.client_state,
        }

    def _notification(self, one: Subscription) -> dict[str, Any]:
        """Make the poke for a change: it names no item."""
        if one.payload is not None:
            return one.payload(one)
        kind = one.watched.kind[:1].upper() + one.watched.kind[1:]
        return {
            **self._head(one),
            "changeType": "updated",
            "resource": one.watched.resource,
            "resourceData": {"@odata.type": f"#Microsoft.Graph.{kind}"},
        }


_TOKEN = "Validation: Testing client application reachability for subscription"
_EXPECTED = "Notification endpoint must respond with 200 OK to validation request."
