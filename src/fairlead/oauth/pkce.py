"""The random values of one trip: `state` and the PKCE verifier.

[RFC 7636](https://www.rfc-editor.org/rfc/rfc7636), method S256;
[RFC 6749, 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12) for `state`.
"""

import base64
import hashlib
import secrets


def new_state() -> str:
    """Return a fresh value that nobody can guess."""
    return secrets.token_urlsafe(32)


def new_verifier() -> str:
    """Return a fresh code verifier: 64 characters of the unreserved set."""
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
