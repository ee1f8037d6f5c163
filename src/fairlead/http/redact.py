"""Take secrets out of what may be logged, stored or shown: texts, headers, URLs.

By name (of parameters, JSON fields, headers) and by shape (bearer tokens, JSON Web Tokens); what is
secret without either must not be handed to a log in the first place.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MARK = "[redacted]"
_NAMES = (
    "access_token|refresh_token|id_token|token|client_secret|client_assertion|assertion|"
    "code_verifier|password|passwd|secret|api_?key|tempauth|private_key|session_token|"
    "connect_session_token|authorization|cookie|prooftoken|sharedaccesssignature"
)
# secret in a query; in JSON they name what went wrong, or where
_QUERY_NAMES = "code|state|sig|signature|x-amz-signature|x-amz-credential"
# a=b in queries and forms
_PAIR = re.compile(rf"(?i)(?<![\w-])({_NAMES}|{_QUERY_NAMES})=[^&\s\"'<>#]+")
# "a": "b" in JSON, also with escaped quotes in the value
_FIELD = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"?')
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?")
_OWN = re.compile(r"\bnango_connect_session_[0-9a-f]+")
_SECRET_HEADERS = frozenset(
    {
        "api-key",
        "authentication-info",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "www-authenticate",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-csrf-token",
    }
)
_FIELD_NAME = re.compile(rf"(?i)(?:{_NAMES})")
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")


def redact(text: str) -> str:
    """Return the text with every recognisable secret replaced."""
    text = _USERINFO.sub(MARK + "@", text)
    text = _PAIR.sub(lambda match: f"{match[1]}={MARK}", text)
    text = _FIELD.sub(lambda match: f'{match[1]}"{MARK}"', text)
    text = _BEARER.sub(lambda match: f"{match[1]} {MARK}", text)
    text = _OWN.sub(MARK, text)
    return _JWT.sub(MARK, text)


def redact_json(value: Any) -> Any:
    """Return JSON values with every recognisable secret replaced, by field name or in the text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redact_json(each) for each in value]
    if isinstance(value, dict):
        return {
            redact(name): MARK
            if isinstance(each, str) and _FIELD_NAME.fullmatch(name)
            else redact_json(each)
            for name, each in value.items()
        }
    return value


def redact_url(url: str) -> str:
    """Return the URL without user information, fragment and secret parameters."""
    return redact(url.partition("#")[0])


def redact_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers fit for a log; of a repeated name the last."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        name: MARK if name.lower() in _SECRET_HEADERS else redact(value) for name, value in pairs
    }
