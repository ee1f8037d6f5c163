"""Standard Webhooks signatures: id, timestamp and body under one HMAC, so none can be replayed.

Follows https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
(symmetric signatures, version `v1`).
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

_PREFIX = "whsec_"


def standard_signature(key: str, event_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """Return the three `webhook-*` headers for a body sent at `sent_at` (whole seconds count)."""
    timestamp = str(int(sent_at.timestamp()))
    signed = b".".join([event_id.encode(), timestamp.encode(), body])
    digest = hmac.new(_key_bytes(key), signed, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _key_bytes(key: str) -> bytes:
    # A key in the standard's own form is base64 behind a prefix; any other is taken as it stands.
    if key.startswith(_PREFIX):
        try:
            return base64.b64decode(key.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return key.encode()
