"""Payment: a request's units are spent before it leaves, and its answer tells what is left."""

import math
from datetime import datetime, timedelta

from fairlead.gateway.budgets import Share
from fairlead.gateway.exchange import Exchange
from fairlead.http import asked_wait, backoff
from fairlead.model.budget import Priority, Toll
from fairlead.model.exchange import Request, Response


async def pay(exchange: Exchange, share: Share, longest_wait: timedelta, *, may_wait: bool) -> bool:
    """Spend a request's units, and say whether that took a while.

    Who may not wait is sent at once, and counted. Throttled: the wait would be too long for whoever
    is not patient.
    """
    asked = exchange.request
    toll = share.allowance.toll(
        Request(method=asked.method, url=exchange.target.url, body=asked.body)
    )
    if not toll.units:
        return False
    if not may_wait:
        share.owe(toll.units)
        return False
    longest_seconds = math.inf
    if not exchange.is_patient:
        toll = Toll(toll.units, Priority.INTERACTIVE)
        longest_seconds = min(exchange.patience_seconds, longest_wait.total_seconds())
        await share.look()
        if share.may_owe(toll.units):
            share.owe(toll.units)
            return False
    waits = 0

    def waited(seconds: float) -> None:
        nonlocal waits
        waits += 1
        exchange.patience_seconds -= seconds
        if exchange.on_wait is not None:
            exchange.on_wait(seconds, "the vendor's allowance")

    await share.take(toll, waited, longest_seconds)
    return waits > 0


def refused(exchange: Exchange, answer: Response, now: datetime) -> float | None:
    """Return the seconds that the vendor wants to be left alone, None = it does not say so."""
    if answer.status < 400:
        return None
    provider, reply = exchange.provider, exchange.reply(answer)
    seconds = provider.throttle(reply) if provider.throttle is not None else None
    if seconds is None and answer.status == 429:
        asked = asked_wait(reply.headers, provider.rate_limit, now)
        return backoff(0) if asked is None else asked
    return seconds


async def learn(
    share: Share, answer: Response, refused_seconds: float | None, now: datetime
) -> None:
    """Take over what an answer says of the limit, and tell all when the vendor refused."""
    told = share.allowance.told(answer.headers, now)
    if told is not None:
        share.heard(told)
    if refused_seconds is not None:
        await share.refused(refused_seconds)
