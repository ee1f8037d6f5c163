"""What a 401 asks for, in however many challenges and headers."""

import base64
import json

import pytest

from fairlead.oauth import claims_of

WANTED = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
TEXT = base64.b64encode(json.dumps(WANTED).encode()).decode()
BEARER = f'Bearer realm="", error="insufficient_claims", claims="{TEXT}"'


def raw(headers):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


@pytest.mark.parametrize(
    "headers",
    [
        [("WWW-Authenticate", BEARER)],
        [("www-authenticate", 'Basic realm="x"'), ("WWW-Authenticate", BEARER)],
        [("WWW-Authenticate", f'Basic realm="a, b=c", {BEARER}')],
        [("WWW-Authenticate", f'{BEARER}, Digest realm="\\"claims=x"')],
        [("WWW-Authenticate", BEARER.replace("=", " = ", 1).replace("Bearer", "bearer"))],
        [("WWW-Authenticate", BEARER.replace(TEXT, TEXT.rstrip("=")))],
        [("WWW-Authenticate", f"Bearer claims={TEXT.rstrip('=')},error=insufficient_claims")],
    ],
)
def test_claims_are_found(headers):
    assert json.loads(claims_of(raw(headers))) == WANTED


def test_in_the_alphabet_of_urls_too():
    wanted = {"a": "\u00fb\u00ff?>"}
    text = base64.urlsafe_b64encode(json.dumps(wanted, ensure_ascii=False).encode()).decode()
    header = f'Bearer error="insufficient_claims", claims="{text}"'
    assert json.loads(claims_of(raw([("WWW-Authenticate", header)]))) == wanted


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("WWW-Authenticate", 'Bearer realm=""')],
        [("X-Other", BEARER)],
        [("WWW-Authenticate", BEARER.replace("insufficient_claims", "invalid_token"))],
        [("WWW-Authenticate", BEARER.replace("Bearer", "Basic"))],
        # the error of one challenge says nothing of another
        [("WWW-Authenticate", f'Bearer error="insufficient_claims", Other claims="{TEXT}"')],
        [("WWW-Authenticate", BEARER.replace(TEXT, "%%%"))],
        [("WWW-Authenticate", BEARER.replace(TEXT, "bm8="))],
        [("WWW-Authenticate", BEARER.replace(TEXT, base64.b64encode(b"[1]").decode()))],
        [("WWW-Authenticate", 'Bearer "\\' + "a=" * 50_000)],
    ],
)
def test_nothing_is_found_where_nothing_is_asked_for(headers):
    assert claims_of(raw(headers)) == ""
