import hashlib
import hmac
import re

import pytest

from fairlead.vault import hash_token, new_session_token, same_token, webhook_signatures


def test_session_tokens_have_the_contracts_form_and_differ():
    first, second = new_session_token(), new_session_token()
    assert re.fullmatch(r"nango_connect_session_[0-9a-f]{64}", first)
    assert first != second


def test_hash_is_sha256_in_hex():
    assert hash_token("abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("x", "x", True), ("x", "y", False), ("x", "xx", False), ("", "", True), ("é", "é", True)],
)
def test_tokens_are_compared(a, b, same):
    assert same_token(a, b) is same


def test_lone_surrogates_compare_instead_of_raising():
    assert not same_token("\udcff", "x")
    assert hash_token("\udcff") != hash_token("x")


def test_webhook_signatures_are_those_the_clients_check():
    body = '{"from":"nango","größe":1}'.encode()
    assert webhook_signatures("key", body) == {
        "X-Nango-Hmac-Sha256": hmac.new(b"key", body, hashlib.sha256).hexdigest(),
        "X-Nango-Signature": hashlib.sha256(b"key" + body).hexdigest(),
    }


def test_known_signature_of_a_fixed_body():
    # computed with openssl and sha256sum
    assert webhook_signatures("k", b"{}") == {
        "X-Nango-Hmac-Sha256": "add853b103fbcc936a194f9eb15e29c4ff08af6e47d5d1bca4f20218e31e4fff",
        "X-Nango-Signature": "07cb9a0b2be7b75767c103f5d370b366cfc3072d67c592a4fb6fcd1408d36934",
    }
