"""Switches of the control API for what the cloud does by itself: notifications and throttling."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from m365sim.throttle import limits_of

if TYPE_CHECKING:
    from m365sim.world import World


def switch_notifications(world: World, wanted: dict[str, Any]) -> dict[str, object]:
    """Set how notifications get lost or late, and return what became of them so far.

    `drop` is a share, `delay` is in seconds, `challenge` makes every subscriber reauthorize, and
    `announce` tells all of `missed` notifications or of `subscriptionRemoved`. What cannot be meant
    is a ValueError.
    """
    notify = world.notify
    if unknown := set(wanted) - {"drop", "delay", "challenge", "announce"}:
        raise ValueError(f"notifications have no {', '.join(sorted(unknown))}")
    if "drop" in wanted:
        share = float(wanted["drop"])
        if not 0 <= share <= 1:
            raise ValueError("the share to drop is between 0 and 1")
        notify.drop = share
    if "delay" in wanted:
        notify.delay = timedelta(seconds=wanted["delay"])
    if wanted.get("challenge"):
        notify.challenge()
    if (event := wanted.get("announce")) is not None:
        if event not in ("missed", "subscriptionRemoved"):
            raise ValueError("what can be announced is missed and subscriptionRemoved")
        notify.announce(event)
    return notify.report()


def tenant_report(world: World) -> dict[str, object]:
    """Return what a tenant is called, ready for JSON."""
    tenant = world.tenant
    return {
        "id": tenant.id,
        "name": tenant.name,
        "domain": tenant.domain,
        "display_name": tenant.display_name,
    }


def mails(world: World) -> dict[str, object]:
    """Return the invitations that would have been mailed, the oldest first."""
    return {
        "mails": [
            {
                "to": mail.to,
                "itemId": mail.item_id,
                "itemName": mail.item_name,
                "message": mail.message,
                "at": mail.sent_at.isoformat(),
            }
            for mail in world.sharing.mails
        ]
    }


def switch_throttling(world: World, wanted: dict[str, Any]) -> dict[str, object]:
    """Turn the counting of resource units on or off, and return what was counted so far.

    `licences` sets all limits, `appPerMinute` that one alone. What cannot be meant is a ValueError.
    """
    meter = world.throttle
    if unknown := set(wanted) - {"on", "licences", "appPerMinute"}:
        raise ValueError(f"throttling has no {', '.join(sorted(unknown))}")
    if wanted.get("on") is False:
        meter.turn_off()
    elif wanted:
        limits = limits_of(int(wanted.get("licences", 1)))
        if "appPerMinute" in wanted:
            limits = replace(limits, app_per_minute=int(wanted["appPerMinute"]))
        meter.turn_on(limits=limits)
    return meter.report(world.clock.now())
