"""What an API asks for when it refuses a token that is not over: a claims challenge.

`WWW-Authenticate: Bearer error="insufficient_claims", claims="<base64 of JSON>"`, several
challenges to a header and several headers to an answer
([RFC 9110, 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)). The JSON is that of the
[claims parameter](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter) and goes
into the next token request.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

import orjson

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PART = re.compile(rf'({_TOKEN})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')
#: characters of the header's value that are looked at
_LONGEST = 16_384


def claims_of(raw_headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the claims that a 401 asks for, as JSON; "" if it asks for none."""
    for name, value in raw_headers:
        if name.lower() != b"www-authenticate":
            continue
        for scheme, parameters in _challenges(value[:_LONGEST].decode("latin-1")):
            if scheme == "bearer" and parameters.get("error") == "insufficient_claims":
                return _decoded(parameters.get("claims", ""))
    return ""


def _challenges(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    scheme, parameters = "", dict[str, str]()
    for part in _PART.finditer(value):
        quoted, bare = part[2], part[3]
        if quoted is None and bare is None:
            yield scheme, parameters
            scheme, parameters = part[1].lower(), {}
        else:
            text = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters[part[1].lower()] = text
    yield scheme, parameters


def _decoded(text: str) -> str:
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        claims = orjson.loads(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""
    return orjson.dumps(claims).decode() if isinstance(claims, dict) else ""
