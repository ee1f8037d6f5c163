import base64
import os
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from fairlead.errors import InternalError, VaultError
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    NoCredentials,
    OAuth2Credentials,
    SealedCredentials,
)
from fairlead.vault import Vault, credentials_row, integration_row, state_row

SECRET = b"the refresh token nobody may see"


def _key(byte: int = 1) -> bytes:
    return bytes([byte]) * 32


def _refused(vault: Vault, envelope: bytes, row: str = "row") -> VaultError:
    with pytest.raises(VaultError) as caught:
        vault.open(envelope, row=row)
    error = caught.value
    assert error.code == "vault_error"
    assert isinstance(error, InternalError)
    told = f"{error} {error.detail} {error.__cause__}"
    assert SECRET.decode() not in told
    assert _key().hex() not in told
    assert base64.b64encode(_key()).decode() not in told
    return error


def test_what_was_sealed_opens():
    vault = Vault([_key()])
    assert vault.open(vault.seal(SECRET, row="row"), row="row") == SECRET


def test_empty_plaintext_opens():
    vault = Vault([_key()])
    assert vault.open(vault.seal(b"", row="row"), row="row") == b""


def test_envelope_has_version_key_id_and_a_fresh_nonce():
    vault = Vault([_key()])
    first, second = vault.seal(SECRET, row="row"), vault.seal(SECRET, row="row")
    assert first[0] == 1
    assert first[:5] == second[:5]
    assert first[5:17] != second[5:17]
    assert SECRET not in first
    assert len(first) == 5 + 12 + len(SECRET) + 16


def test_envelope_copied_to_another_row_does_not_open():
    vault = Vault([_key()])
    error = _refused(vault, vault.seal(SECRET, row="credentials:1:1:a"), "credentials:1:1:b")
    assert "moved" in error.message


def test_envelope_of_an_unknown_key_names_the_setting():
    error = _refused(Vault([_key(2)]), Vault([_key()]).seal(SECRET, row="row"))
    assert "FAIRLEAD_ENCRYPTION_KEY" in error.message
    assert "key with id" in (error.detail or "")


def test_forged_header_does_not_open():
    # the key id of a key that we have, on an envelope sealed with another
    vault = Vault([_key(1), _key(2)])
    header = Vault([_key(2)]).seal(b"", row="row")[:5]
    _refused(vault, header + vault.seal(SECRET, row="row")[5:])


def test_every_flipped_bit_is_noticed():
    vault = Vault([_key()])
    envelope = vault.seal(SECRET, row="row")
    for position in range(len(envelope)):
        damaged = bytearray(envelope)
        damaged[position] ^= 1 << (position % 8)
        _refused(vault, bytes(damaged))


def test_every_truncation_is_noticed():
    vault = Vault([_key()])
    envelope = vault.seal(SECRET, row="row")
    for length in range(len(envelope)):
        _refused(vault, envelope[:length])


def test_old_key_still_opens_after_rotation():
    old, both = Vault([_key(1)]), Vault([_key(2), _key(1)])
    sealed_before = old.seal(SECRET, row="row")
    assert both.open(sealed_before, row="row") == SECRET
    assert not both.is_current(sealed_before)
    sealed_now = both.seal(SECRET, row="row")
    assert both.is_current(sealed_now)
    assert Vault([_key(2)]).open(sealed_now, row="row") == SECRET
    _refused(old, sealed_now)


@pytest.mark.parametrize("keys", [[], [b"short"], [b"x" * 33]])
def test_bad_keys_are_refused(keys):
    with pytest.raises(VaultError):
        Vault(keys)


def test_two_keys_with_one_id_are_refused(monkeypatch):
    from fairlead.vault import vault as module

    class Same:
        def digest(self):
            return b"same" * 8

    monkeypatch.setattr(module.hashlib, "sha256", lambda _key: Same())
    with pytest.raises(VaultError, match="same id"):
        Vault([_key(1), _key(2)])


def test_keys_in_base64():
    key = os.urandom(32)
    vault = Vault.of(base64.b64encode(key).decode())
    assert Vault([key]).open(vault.seal(SECRET, row="row"), row="row") == SECRET
    with pytest.raises(VaultError) as caught:
        Vault.of("!not base64!")
    assert "!not" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_repr_shows_no_key():
    assert repr(Vault([_key()])) == "Vault(1 keys)"


EXPIRY = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("credentials", "expires_at", "refreshable"),
    [
        (
            OAuth2Credentials(
                access_token=SecretStr("at"),
                refresh_token=SecretStr("rt"),
                expires_at=EXPIRY,
                raw={"access_token": "at", "n": 1, "deep": {"a": [None, True]}},
            ),
            EXPIRY,
            True,
        ),
        (OAuth2Credentials(access_token=SecretStr("at")), None, False),
        (
            ClientCredentials(
                token=SecretStr("t"),
                client_id="id",
                client_secret=SecretStr("s"),
                expires_at=EXPIRY,
            ),
            EXPIRY,
            True,
        ),
        (ApiKeyCredentials(api_key=SecretStr("k")), None, False),
        (BasicCredentials(username="u", password=SecretStr("p")), None, False),
        (NoCredentials(), None, False),
    ],
    ids=lambda value: getattr(value, "type", None),
)
def test_credentials_come_back_equal(credentials, expires_at, refreshable):
    vault = Vault([_key()])
    row = credentials_row(1, 2, "c1")
    sealed = vault.seal_credentials(credentials, row=row)
    assert sealed.expires_at == expires_at
    assert sealed.refreshable is refreshable
    assert vault.open_credentials(sealed, row=row) == credentials
    assert "envelope" not in repr(sealed)


def test_credentials_of_another_connection_do_not_open():
    vault = Vault([_key()])
    sealed = vault.seal_credentials(NoCredentials(), row=credentials_row(1, 2, "c1"))
    for row in (
        credentials_row(1, 2, "c2"),
        credentials_row(1, 3, "c1"),
        credentials_row(2, 2, "c1"),
    ):
        with pytest.raises(VaultError):
            vault.open_credentials(sealed, row=row)


def test_foreign_plaintext_is_a_vault_error_without_the_plaintext():
    vault = Vault([_key()])
    sealed = SealedCredentials(envelope=vault.seal(b'{"type":"OAUTH2","secret":"tell"}', row="r"))
    with pytest.raises(VaultError) as caught:
        vault.open_credentials(sealed, row="r")
    assert "tell" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_row_names_cannot_be_made_to_collide():
    names = [
        credentials_row(1, 2, "3:x"),
        credentials_row(1, 23, "x"),
        integration_row(1, "a:client_secret", "webhook_secret"),
        integration_row(1, "a", "client_secret"),
        integration_row(11, "a", "client_secret"),
        state_row("credentials:1:2:3"),
    ]
    assert len(set(names)) == len(names)
