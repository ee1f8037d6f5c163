"""What a vendor's replies mean: tokens, or which error of ours.

[RFC 6749, 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1) and
[5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from fairlead.errors import (
    BadClientSecret,
    FairleadError,
    ProviderError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.http import redact, retry_after
from fairlead.model.provider import Provider, Reply, TokenReply

_KEPT_CHARACTERS = 2000
_SECONDS = re.compile(r"\d{1,10}(?:\.\d+)?", re.ASCII)
_MILLISECONDS = re.compile(r"\d{11,14}", re.ASCII)
#: seconds that no sensible expiry reaches: beyond, they are milliseconds
_FAR = 1e11
_STANDARD = TokenReply(refresh_token="refresh_token")
_OPERATORS = frozenset({"invalid_client", "unauthorized_client"})
_GRANT_IS_OVER = frozenset(
    {"invalid_grant", "interaction_required", "login_required", "consent_required"}
)
_PASSING = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token reply, checked."""

    access_token: str
    refresh_token: str | None
    expires_at: datetime | None
    raw: dict[str, Any]

    def __repr__(self) -> str:
        return "Tokens(...)"


def parse_tokens(provider: Provider, reply: Reply, now: datetime) -> Tokens:
    """Return the tokens of a reply; if there are none, raise the error that it means."""
    return _tokens(provider, reply, now, _STANDARD)


def parse_reply(provider: Provider, reply: Reply, now: datetime) -> Tokens:
    """Return the tokens of a reply of the provider's own shape; raise likewise."""
    tokens = _tokens(provider, reply, now, provider.token_reply)
    if tokens.expires_at is None and provider.token_lifetime is not None:
        return replace(tokens, expires_at=now + provider.token_lifetime)
    return tokens


def _tokens(provider: Provider, reply: Reply, now: datetime, shape: TokenReply) -> Tokens:
    fields = _object(reply.body)
    token = _at(fields, shape.token)
    if reply.status >= 400 or (fields and "error" in fields and token is None):
        # some vendors say 200 and mean an error
        raise classify(provider, reply, now)
    if reply.status >= 300 or fields is None:
        raise _malformed(provider, reply, "is not a JSON object")
    if not isinstance(token, str) or not token:
        raise _malformed(provider, reply, f"has no {shape.token}")
    refresh_token = _at(fields, shape.refresh_token)
    if not isinstance(refresh_token, str | None):
        raise _malformed(provider, reply, f"has a {shape.refresh_token} that is no text")
    expires_at = None
    value = _at(fields, shape.expiration)
    if shape.strategy == "expireAt":
        expires_at = _moment(provider, reply, value)
    else:
        expires_at = _expiry(provider, reply, value, now)
    return Tokens(
        access_token=token,
        refresh_token=refresh_token or None,
        expires_at=expires_at,
        raw=fields,
    )


def _at(fields: dict[str, Any] | None, path: str | None) -> Any:
    value: Any = fields if path else None
    for name in (path or "").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def classify(provider: Provider, reply: Reply, now: datetime) -> FairleadError:
    """Return the error that a reply means: the provider's own reading, else that of the RFC."""
    if provider.classify is not None:
        return provider.classify(reply)
    fields = _object(reply.body) or {}
    error = fields.get("error")
    code = error if isinstance(error, str) else ""
    name = provider.display_name
    facts: dict[str, Any] = {
        "provider_status": reply.status,
        "body": redact(reply.body.decode("utf-8", "replace"))[:_KEPT_CHARACTERS],
    }
    detail = f"status {reply.status}, error {redact(code)[:200]}"
    if reply.status == 429:
        return Throttled(
            f"{name} asks for fewer calls; wait and try again",
            retry_after=retry_after(reply.headers, now),
            **facts,
        )
    if code in _OPERATORS:
        return BadClientSecret(
            f"{name} refuses the app's client id or secret ({code}); whoever runs the app must set "
            "valid ones on the integration",
            detail=detail,
        )
    if code in _GRANT_IS_OVER:
        return ReconnectRequired(
            f"{name} no longer accepts the connection's grant ({code}); the end user must connect "
            "again",
            detail=detail,
        )
    if reply.status >= 500 or reply.status == 408 or code in _PASSING:
        return Unavailable(
            f"{name} does not answer token requests now (status {reply.status}); try again later",
            **facts,
        )
    said = f"status {reply.status}" + (f", {redact(code)[:100]}" if code else "")
    return Rejected(
        f"{name} refused the token request ({said}); see that the integration's settings are right",
        detail=detail,
        **facts,
    )


def _expiry(provider: Provider, reply: Reply, value: object, now: datetime) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _malformed(provider, reply, "has an expires_in that is no number")
    # whatever its type, its text decides: JSON allows 3.6e3 and NaN-like surprises stay out
    if not _SECONDS.fullmatch(str(value).strip()):
        raise _malformed(provider, reply, "has an expires_in that is no number of seconds")
    return now + timedelta(seconds=float(value))


def _moment(provider: Provider, reply: Reply, value: object) -> datetime | None:
    """Read a moment: ISO 8601, or seconds or milliseconds since 1970."""
    if value is None:
        return None
    text = str(value).strip()
    try:
        if _SECONDS.fullmatch(text) or _MILLISECONDS.fullmatch(text):
            number = float(text)
            return datetime.fromtimestamp(number / 1000 if number > _FAR else number, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise _malformed(provider, reply, "has an expiration that is no moment") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _malformed(provider: Provider, reply: Reply, what: str) -> ProviderError:
    return ProviderError(
        f"The token reply of {provider.display_name} {what}; see that the provider's token URL is "
        "right, or report it to the vendor",
        code="token_reply_invalid",
        provider_status=reply.status,
    )


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
