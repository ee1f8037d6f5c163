"""Subscriptions to changes of drives and lists.

https://learn.microsoft.com/graph/api/resources/subscription. The receiver must be on this machine,
and may speak plain http; the real service asks for https.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from m365sim.entra.tokens import service_principal_id
from m365sim.files import Drive
from m365sim.graph.address import parse
from m365sim.graph.call import Call
from m365sim.graph.list_access import open_list
from m365sim.graph.reply import GraphError, Reply, json_reply
from m365sim.graph.shapes import CONTEXT
from m365sim.lists import Library
from m365sim.notify import MAX_LIFETIME, SecurityOf, Subscription, ValidationFailed, Watched

MAX_STATE = 128  # characters of clientState
_WITH_SECURITY = "includesecuritywebhooks"


async def create_subscription(call: Call) -> Reply:
    """Begin to tell a receiver of changes, once it has proved itself."""
    body = await call.json()
    if body.get("changeType") != "updated":
        raise _refused("Only the changeType 'updated' is supported for drives and lists.")
    url, lifecycle_url = body.get("notificationUrl"), body.get("lifecycleNotificationUrl")
    if not isinstance(url, str) or not url:
        raise _refused("The notificationUrl is missing.")
    if lifecycle_url is not None and not isinstance(lifecycle_url, str):
        raise _refused("The lifecycleNotificationUrl must be a string.")
    state = body.get("clientState")
    if state is not None and (not isinstance(state, str) or len(state) > MAX_STATE):
        raise _refused(f"The clientState has at most {MAX_STATE} characters.")
    expires_at = _expiration(call, body)
    watched = _watched(call, body.get("resource"))
    notify = call.world.notify
    try:
        await notify.validate(url)
        if lifecycle_url is not None:
            await notify.validate(lifecycle_url)
    except ValidationFailed as failed:
        raise GraphError(400, "ValidationError", str(failed)) from failed
    wishes = {wish.strip().lower() for wish in call.headers.get("prefer", "").split(",")}
    principal = call.principal
    made = notify.add(
        Subscription(
            notify.new_id(),
            watched,
            principal.app_id,
            principal.user.id
            if principal.user
            else service_principal_id(principal.tenant_id, principal.app_id),
            url,
            call.world.clock.now(),
            expires_at,
            watched.head(),
            state,
            lifecycle_url,
            str(body.get("latestSupportedTlsVersion") or "v1_2"),
            with_security=_WITH_SECURITY in wishes,
        )
    )
    return _shown(made, 201)


async def list_subscriptions(call: Call) -> Reply:
    """List the subscriptions of the calling app, and of the signed-in user if there is one."""
    user = call.principal.user
    found = call.world.notify.of_app(call.principal.app_id)
    mine = [one for one in found if user is None or one.creator_id == user.id]
    shapes = [_shape(one) | _HIDDEN for one in mine]
    return json_reply({"@odata.context": f"{CONTEXT}#subscriptions", "value": shapes})


async def get_subscription(call: Call) -> Reply:
    """Return one subscription."""
    return _shown(_addressed(call), hidden=_HIDDEN)


async def renew_subscription(call: Call) -> Reply:
    """Let a subscription end at another time."""
    one = _addressed(call)
    one.renew(call.world.clock.now(), _expiration(call, await call.json()))
    return _shown(one)


async def delete_subscription(call: Call) -> Reply:
    """End a subscription."""
    del call.world.notify.subscriptions[_addressed(call).id]
    return Reply(204)


async def reauthorize_subscription(call: Call) -> Reply:
    """Take note that the subscriber may still have what it asked for."""
    _addressed(call).authorize()
    return Reply(204)


def _watched(call: Call, resource: Any) -> Watched:
    if not isinstance(resource, str) or not resource.strip("/"):
        raise _refused("The resource is missing.")
    named = resource.strip("/")
    call.address = parse(f"/v1.0/{named}")
    if call.address.kind == "list" and not call.address.op:
        found = open_list(call, "write" if call.world.quirks.subscribing_needs_write else "read")
        if isinstance(found, Library):
            return _watched_drive(call, named, found.drive, "listItem")
        return Watched(named, "listItem", found)
    if call.address.kind != "item" or call.address.op:
        raise _refused(f"The resource '{resource}' is not supported.")
    drive = call.drive(write=call.world.quirks.subscribing_needs_write)
    if call.item(drive).parent is not None:
        raise _refused("Only the root folder of a drive can be subscribed to.")
    return _watched_drive(call, named, drive, "driveItem")


def _watched_drive(call: Call, named: str, drive: Drive, kind: str) -> Watched:
    return Watched(named, kind, drive, SecurityOf(call.world.sharing, drive))


def _expiration(call: Call, body: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(body.get("expirationDateTime")))
    except ValueError as broken:
        raise _refused("The expirationDateTime is missing or malformed.") from broken
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    now = call.world.clock.now()
    if moment <= now:
        raise _refused("The expirationDateTime must be in the future.")
    if moment - now > MAX_LIFETIME:
        minutes = int(MAX_LIFETIME.total_seconds() // 60)
        message = f"Subscription expiration can only be {minutes} minutes in the future."
        # The code was seen in https://github.com/microsoftgraph/microsoft-graph-docs/issues/2988
        raise GraphError(400, "ExtensionError", message)
    return moment


def _addressed(call: Call) -> Subscription:
    found = call.world.notify.find(call.address.subscription or "")
    if found is None or found.app_id != call.principal.app_id:
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    return found


def _shown(one: Subscription, status: int = 200, hidden: dict[str, Any] | None = None) -> Reply:
    context = f"{CONTEXT}#subscriptions/$entity"
    return json_reply({"@odata.context": context, **_shape(one), **(hidden or {})}, status)


#: What is told to the one who asks for a subscription to be made or renewed, and not read later:
#: https://learn.microsoft.com/graph/api/subscription-list
_HIDDEN: dict[str, Any] = {"clientState": None}


def _shape(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "resource": one.watched.resource,
        "applicationId": one.app_id,
        "changeType": "updated",
        "clientState": one.client_state,
        "notificationUrl": one.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": one.lifecycle_url,
        "expirationDateTime": one.expires_at.isoformat().replace("+00:00", "Z"),
        "creatorId": one.creator_id,
        "includeResourceData": None,
        "latestSupportedTlsVersion": one.tls_version,
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
        "notificationContentType": "application/json",
    }


def _refused(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)
