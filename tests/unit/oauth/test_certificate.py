"""Certificates as people have them: PEM in one piece or two, a PFX file, with and without password."""

from datetime import UTC, datetime

import pytest
from certificates import PASSWORD, make_pair

from fairlead.errors import InvalidInput
from fairlead.oauth.certificate import read_pem, read_pfx

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def refused(call, field, words):
    with pytest.raises(InvalidInput) as caught:
        call()
    assert caught.value.issues[0]["path"] == [field]
    assert words in caught.value.message
    # nor does what comes with it
    assert PASSWORD not in f"{caught.value.message}{caught.value.__cause__!r}"


def test_every_form_gives_the_same(pair):
    together = f"Bag Attributes\n{pair.key_pem}\nsubject=app\n{pair.pem}"
    indented = "\n".join(f"   {line}" for line in pair.key_pem.splitlines())
    found = [
        read_pem(pair.pem, pair.key_pem, None, NOW),
        read_pem(pair.pem, indented, None, NOW),
        read_pem(together, None, None, NOW),
        read_pem(pair.pem, pair.encrypted_key_pem, PASSWORD, NOW),
        read_pfx(pair.pfx(), PASSWORD, NOW),
        read_pfx(pair.pfx(None), None, NOW),
    ]
    assert len({(each.certificate, each.private_key.get_secret_value()) for each in found}) == 1
    assert found[0].expires_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert "PRIVATE" not in repr(found[0])


def test_what_is_wrong_with_pem(pair, other_pair, elliptic_pair, short_pair):
    def pem(certificate, key, password=None, now=NOW):
        return lambda: read_pem(certificate, key, password, now)

    refused(pem("hello", pair.key_pem), "client_certificate", "no certificate")
    broken = pair.pem.replace("M", "!")
    refused(pem(broken, pair.key_pem), "client_certificate", "damaged")
    refused(pem(pair.pem, None), "client_private_key", "missing")
    refused(pem(pair.pem, "key"), "client_private_key", "no private key")
    encrypted = pair.encrypted_key_pem
    refused(pem(pair.pem, encrypted), "client_certificate_password", "encrypted")
    refused(pem(pair.pem, encrypted, "other"), "client_certificate_password", "does not open")
    refused(pem(pair.pem, pair.key_pem, PASSWORD), "client_certificate_password", "not needed")
    refused(pem(pair.pem, other_pair.key_pem), "client_private_key", "does not belong")
    refused(pem(elliptic_pair.pem, elliptic_pair.key_pem), "client_private_key", "RSA")
    refused(pem(short_pair.pem, short_pair.key_pem), "client_private_key", "2048")
    expired = make_pair(pair.key, not_after=datetime(2026, 11, 23, tzinfo=UTC))
    refused(pem(expired.pem, pair.key_pem), "client_certificate", "expired on 2026-11-23")


def test_what_is_wrong_with_a_pfx_file(pair):
    refused(lambda: read_pfx(pair.pfx(), "no", NOW), "client_certificate_password", "does not open")
    cut = pair.pfx()[:40]
    refused(lambda: read_pfx(cut, PASSWORD, NOW), "client_certificate_password", "damaged")
    refused(lambda: read_pfx(b"PK", PASSWORD, NOW), "client_certificate_pfx", "is no PFX file")
