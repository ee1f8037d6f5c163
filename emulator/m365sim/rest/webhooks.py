"""Webhooks of lists: who is told, for 180 days at the most.

https://learn.microsoft.com/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks. The receiver
must be on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from m365sim.entra.tokens import service_principal_id
from m365sim.files.ids import guid_of
from m365sim.graph.reply import Reply
from m365sim.lists import SharePointList
from m365sim.notify import Subscription, ValidationFailed, Watched
from m365sim.rest.access import FULL_CONTROL, WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Guid, Moment

LONGEST = timedelta(days=180)
_SOURCE = "https://learn.microsoft.com/sharepoint/dev/apis/webhooks/lists/overview-sharepoint-list-webhooks"
_KIND = "sharePointWebhook"  # of what is watched


def _subscriptions(call: Call, node: Node) -> Iterator[Node]:
    found: SharePointList = node.of
    call.check_list(found, WRITE)
    now = call.world.clock.now()
    held = call.principal.scopes | call.principal.roles
    sees_all = bool(FULL_CONTROL & held)
    for one in list(call.world.notify.subscriptions.values()):
        if one.app_id != call.principal.app_id and not sees_all:
            continue
        if one.payload is not None and one.watched.resource == found.id and one.expires_at > now:
            yield Node("subscription", f"{node.uri}('{one.id}')", one)


def _one(call: Call, node: Node, at: Segment) -> Node:
    wanted = str(at.argument("id", "subscriptionid")).lower()
    for one in _subscriptions(call, node):
        if one.of.id == wanted:
            return one
    raise RestError(
        404, "-1, System.ArgumentException", "The subscription does not exist or has expired."
    )


def _values(_: Call, node: Node) -> dict[str, Any]:
    one: Subscription = node.of
    return {
        "clientState": one.client_state,
        "expirationDateTime": Moment.of(one.expires_at.timestamp()),
        "id": Guid(one.id),
        "notificationUrl": one.notification_url,
        "resource": one.watched.resource,
        "resourceData": None,
    }


@dataclass(frozen=True, slots=True)
class Payload:
    """Makes the notifications of a list's webhooks."""

    found: SharePointList
    tenant_id: str

    def __call__(self, one: Subscription) -> dict[str, Any]:
        """Return the notification for a change: it names no item."""
        site = self.found.site
        return {
            "subscriptionId": one.id,
            "clientState": one.client_state,
            "expirationDateTime": one.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z"),
            "resource": self.found.id,
            "tenantId": self.tenant_id,
            "siteUrl": site.path or "/",
            "webId": guid_of(site.web),
        }


async def _add(call: Call, node: Node, _: Segment) -> Node:
    found: SharePointList = node.of
    call.check_list(found, WRITE)
    body = await call.json()
    body = dict(pairs(body.get("parameters") or body))
    url = body.get("notificationUrl")
    if not isinstance(url, str) or not url:
        raise bad_query("The notificationUrl is missing.")
    expires_at = _expiration(call, body.get("expirationDateTime"))
    notify = call.world.notify
    try:
        await notify.validate(url, "validationtoken")
    except ValidationFailed as failed:
        raise RestError(400, "-1, System.InvalidOperationException", str(failed)) from failed
    principal = call.principal
    made = Subscription(
        notify.new_id(),
        Watched(found.id, _KIND, found),
        principal.app_id,
        principal.user.id
        if principal.user
        else service_principal_id(principal.tenant_id, principal.app_id),
        url,
        call.world.clock.now(),
        expires_at,
        found.head,
        body.get("clientState"),
        payload=Payload(found, call.world.tenant.id),
    )
    return Node("subscription", f"{node.uri}('{made.id}')", notify.add(made))


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    one: Subscription = node.of
    body = await call.json()
    body = dict(pairs(body.get("parameters") or body))
    if "expirationDateTime" in body:
        one.expires_at = _expiration(call, body["expirationDateTime"])
    if "clientState" in body:
        one.client_state = body["clientState"]
    if isinstance(body.get("notificationUrl"), str):
        one.notification_url = body["notificationUrl"]
    return Reply(204)


async def _remove(call: Call, node: Node, at: Segment) -> Reply:
    """End a subscription that is named among those of a list."""
    one = _one(call, node, at)
    del call.world.notify.subscriptions[one.of.id]
    return Reply(200)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    del call.world.notify.subscriptions[node.of.id]
    return Reply(204)


def _expiration(call: Call, text: Any) -> datetime:
    now = call.world.clock.now()
    if text is None:
        return now + LONGEST
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as broken:
        raise bad_query("The expirationDateTime is malformed.") from broken
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not now < moment <= now + LONGEST:
        raise bad_query("The expirationDateTime must be within the next 180 days.")
    return moment


KINDS = (
    Kind("subscriptions", members=_subscriptions),
    Kind("subscription", "Microsoft.SharePoint.Webhooks.Subscription", values=_values),
)
STEPS = (
    Step(
        "list",
        "Subscriptions",
        lambda _c, n, _s: Node("subscriptions", f"{n.uri}/Subscriptions", n.of),
        "subscriptions",
        source=_SOURCE,
    ),
    Step("subscriptions", "()", _one, "subscription"),
    Step("subscriptions", "GetById", _one, "subscription", is_function=True),
)
ACTIONS = (
    Action(
        "subscriptions",
        "",
        "POST",
        _add,
        "validationtoken handshake; 180 days; five retries, five minutes apart",
        _SOURCE,
    ),
    Action("subscriptions", "Add", "POST", _add, "as POST on the collection", _SOURCE),
    Action("subscriptions", "Remove", "POST", _remove, "by subscriptionId", _SOURCE),
    Action("subscription", "", "MERGE", _update, "its end, its state, its address", _SOURCE),
    Action("subscription", "", "DELETE", _delete, "ends it", _SOURCE),
    Action("subscription", "Delete", "POST", _delete, "ends it", _SOURCE),
    Action("subscription", "Update", "POST", _update, "parameters, as by MERGE", _SOURCE),
)
