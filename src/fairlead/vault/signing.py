"""Signatures of outgoing webhooks, as the contract's client libraries check them.

`X-Nango-Hmac-Sha256` is [HMAC](https://www.rfc-editor.org/rfc/rfc2104) over the exact bytes sent;
`X-Nango-Signature` is the older plain SHA-256 of key and body, kept for clients that know no other.
"""

import hashlib
import hmac


def webhook_signatures(key: str, body: bytes) -> dict[str, str]:
    """Return the headers that prove `body` comes from us."""
    secret = key.encode()
    return {
        "X-Nango-Hmac-Sha256": hmac.new(secret, body, hashlib.sha256).hexdigest(),
        "X-Nango-Signature": hashlib.sha256(secret + body).hexdigest(),
    }
