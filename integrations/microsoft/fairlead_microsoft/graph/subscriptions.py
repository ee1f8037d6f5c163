"""Change notifications of Microsoft Graph: subscribe to drives and lists, and read what is told.

https://learn.microsoft.com/graph/api/resources/subscription,
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks,
https://learn.microsoft.com/graph/change-notifications-lifecycle-events. Of drives and lists a
notification names no item, and nobody tells when a subscription dies.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from fairlead.errors import InvalidInput, Rejected
from fairlead.model.exchange import Send
from fairlead.model.notice import Notice, NoticeKind
from fairlead.model.subscription import Subscribed, Subscriptions, Wish
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.graph import urls
from fairlead_microsoft.graph.writer import Writer

#: of drives and lists; a few minutes less than Graph allows, which goes by its own clock
#: (https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime)
LIFETIME = timedelta(minutes=42_300 - 10)
#: of permissions in a drive, too
#: (https://learn.microsoft.com/onedrive/developer/rest-api/concepts/scan-guidance)
_WITH_SECURITY = "includesecuritywebhooks"
_KINDS = {
    "reauthorizationRequired": NoticeKind.REAUTHORIZE,
    "subscriptionRemoved": NoticeKind.REMOVED,
    "missed": NoticeKind.MISSED,
}
#: characters of a validation token that are given back
_LONGEST_TOKEN = 4096


class _Made(BaseModel):
    id: str
    expires_at: datetime = Field(alias="expirationDateTime")


def drive_address(drive_id: str) -> str:
    """Return the resource of a drive: only its root can be subscribed to."""
    return f"drives/{_quoted(drive_id)}/root"


def list_address(site_id: str, list_id: str) -> str:
    """Return the resource of a list."""
    return f"sites/{_quoted(site_id)}/lists/{_quoted(list_id)}"


def _quoted(segment: str) -> str:
    # no more than need be: Graph gives the address back as it came
    return quote(segment, safe="!,")


def subscriptions(cloud: Cloud) -> Subscriptions:
    """Return how Graph of a cloud is asked to tell of changes."""

    async def create(send: Send, wish: Wish, now: datetime) -> Subscribed:
        body = {
            "changeType": "updated",
            "notificationUrl": wish.url,
            "lifecycleNotificationUrl": wish.url,
            "resource": wish.address,
            "expirationDateTime": _written(now + LIFETIME),
            "clientState": wish.secret,
        }
        prefer = _WITH_SECURITY if wish.address.startswith("drives/") else None
        made = await Writer(send, cloud=cloud).post(
            _Made, urls.path("subscriptions"), body, prefer=prefer
        )
        return Subscribed(vendor_id=made.id, expires_at=made.expires_at)

    async def renew(send: Send, address: str, vendor_id: str, now: datetime) -> Subscribed | None:
        del address
        body = {"expirationDateTime": _written(now + LIFETIME)}
        path = urls.path("subscriptions", vendor_id)
        try:
            # that authorises it anew, as `/reauthorize` does, which does not prolong it
            made = await Writer(send, cloud=cloud).patch(_Made, path, body)
        except Rejected as error:
            if error.provider_status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return Subscribed(vendor_id=made.id, expires_at=made.expires_at)

    async def delete(send: Send, address: str, vendor_id: str) -> None:
        del address
        try:
            await Writer(send, cloud=cloud).delete(urls.path("subscriptions", vendor_id))
        except Rejected as error:
            if error.provider_status != HTTPStatus.NOT_FOUND:
                raise

    return Subscriptions(create=create, renew=renew, delete=delete, read=read_notices)


def prove(
    headers: Mapping[str, str], query: Mapping[str, str], body: bytes, secret: str | None
) -> tuple[int, str, bytes] | None:
    """Answer the question whether we want notifications by giving back its token.

    Graph spells the parameter `validationToken`, SharePoint's own webhooks `validationtoken`.
    https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation
    """
    del headers, body, secret
    for name, token in query.items():
        if name.lower() == "validationtoken" and 0 < len(token) <= _LONGEST_TOKEN:
            return 200, "text/plain", token.encode()
    return None


def read_notices(body: bytes) -> Sequence[Notice]:
    """Read a notification of Graph, or of SharePoint's own webhooks; InvalidInput if it is none."""
    try:
        elements = json.loads(body)["value"]
        return [_notice(element) for element in elements]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(
            "This is no change notification; only Microsoft 365 has anything to send here.",
            code="invalid_notice",
        ) from error


def _notice(element: dict[str, Any]) -> Notice:
    until = element.get("subscriptionExpirationDateTime") or element.get("expirationDateTime")
    event = element.get("lifecycleEvent")
    if event is not None and event not in _KINDS:
        raise KeyError(event)
    return Notice(
        vendor_id=_text(element["subscriptionId"]).lower(),
        secret=_text(element.get("clientState") or ""),
        kind=_KINDS[event] if event is not None else NoticeKind.CHANGED,
        expires_at=_moment(_text(until)) if until else None,
        content={"value": [{k: v for k, v in element.items() if k != "clientState"}]},
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("not a text")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
