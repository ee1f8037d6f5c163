"""Is a webhook genuine, and new? Checks all signatures that fairlead sends.

`webhook-signature` is that of [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
and covers id, time and body. `X-Nango-Hmac-Sha256` ([HMAC](https://www.rfc-editor.org/rfc/rfc2104))
and the still older `X-Nango-Signature` cover the body only: who once saw such a request can send it
again, so they are accepted only on demand.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairlead.client.errors import WebhookRefused

_PREFIX = "whsec_"


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_seconds: float = 300,
    allow_undated: bool = False,
    now: float | None = None,
) -> dict[str, Any]:
    """Return the event in a webhook's body, or raise WebhookRefused.

    `body` is the request's body, byte for byte. Several secrets are tried while one replaces
    another. `allow_undated` accepts the signatures without a time, too, where there is no other.
    `now` is in seconds since 1970; left out: this machine's clock.
    """
    found = {name.lower(): value for name, value in headers.items()}
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not all(secrets) or not secrets:
        raise WebhookRefused("There is no secret to check the webhook with.")
    if "webhook-signature" in found:
        _check_dated(body, found, secrets, time.time() if now is None else now, tolerance_seconds)
    elif not allow_undated:
        raise WebhookRefused(
            "The webhook has no `webhook-signature`; allow_undated=True accepts the older ones."
        )
    else:
        _check_undated(body, found, secrets)
    return _event(body)


def _check_dated(
    body: bytes,
    headers: Mapping[str, str],
    secrets: Iterable[str],
    now: float,
    tolerance_seconds: float,
) -> None:
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not event_id or not (timestamp.isascii() and timestamp.isdigit()):
        raise WebhookRefused("The webhook has no `webhook-id` or no `webhook-timestamp`.")
    signed = f"{event_id}.{timestamp}.".encode("utf-8", "surrogateescape") + body
    given = [part[3:] for part in headers["webhook-signature"].split() if part.startswith("v1,")]
    wanted = [
        base64.b64encode(hmac.new(_key_bytes(secret), signed, hashlib.sha256).digest()).decode()
        for secret in secrets
    ]
    _check(given, wanted)
    if abs(now - int(timestamp)) > tolerance_seconds:
        raise WebhookRefused("The webhook is too old, or this machine's clock is wrong.")


def _check_undated(body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> None:
    if "x-nango-hmac-sha256" in headers:
        given = headers["x-nango-hmac-sha256"]
        wanted = [hmac.new(key.encode(), body, hashlib.sha256).hexdigest() for key in secrets]
    elif "x-nango-signature" in headers:
        given = headers["x-nango-signature"]
        wanted = [hashlib.sha256(key.encode() + body).hexdigest() for key in secrets]
    else:
        raise WebhookRefused("The webhook has no signature.")
    _check([given], wanted)


def _check(given: Iterable[str], wanted: Sequence[str]) -> None:
    """Refuse unless one that is given is one that is wanted; takes as long whichever it is."""
    is_genuine = False
    for one in given:
        for other in wanted:
            is_genuine |= hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
    if not is_genuine:
        raise WebhookRefused("The signature is not that of this body under this secret.")


def _key_bytes(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookRefused("The body is genuine, but no JSON.") from error
    if not isinstance(event, dict):
        raise WebhookRefused("The body is genuine, but no JSON object.")
    return event
