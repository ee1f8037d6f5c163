"""Outbound HTTP: one transport, where it may go, when it tries again, what it may write down."""

from fairlead.http.egress import EgressPolicy
from fairlead.http.origins import Origin, origin_of, parse_url
from fairlead.http.redact import redact, redact_headers, redact_url
from fairlead.http.retry import asked_wait, backoff, is_used_up, retry_after, retry_delay
from fairlead.http.transport import Transport

__all__ = [
    "EgressPolicy",
    "Origin",
    "Transport",
    "asked_wait",
    "backoff",
    "is_used_up",
    "origin_of",
    "parse_url",
    "redact",
    "redact_headers",
    "redact_url",
    "retry_after",
    "retry_delay",
]
