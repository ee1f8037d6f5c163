"""Tokens that callers hold and we recognise: made here, stored as SHA-256, compared in fixed time.

A hash without salt suffices: the tokens are long and random, so there is nothing to guess.
"""

import hashlib
import hmac
import secrets

SESSION_PREFIX = "nango_connect_session_"


def hash_token(token: str) -> str:
    """Return the hex SHA-256 under which a token is stored."""
    return hashlib.sha256(_octets(token)).hexdigest()


def new_session_token() -> str:
    """Return a fresh connect session token in the contract's form: prefix and 64 hex digits."""
    return SESSION_PREFIX + secrets.token_hex(32)


def same_token(a: str, b: str) -> bool:
    """Compare two tokens in a time that does not depend on where they differ."""
    return hmac.compare_digest(_octets(a), _octets(b))


def _octets(token: str) -> bytes:
    # whatever a caller sends must be comparable, lone surrogates included
    return token.encode("utf-8", "surrogatepass")
