"""Seal values for the database and open them again, with AES-256-GCM.

Follows [NIST SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final).

Envelope: version (1 byte), key id (first 4 bytes of the key's SHA-256), nonce (12 random bytes),
ciphertext with its 16-byte tag. Header (version and key id) and the row's name are associated
data, so an envelope that was copied to another row, or whose header was changed, does not open.
Nonces are random: change the key well before 2^32 seals under it.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr, TypeAdapter, ValidationError

from fairlead.errors import VaultError
from fairlead.model.credentials import (
    ClientCredentials,
    Credentials,
    OAuth2Credentials,
    SealedCredentials,
    TwoStepCredentials,
)

_VERSION = b"\x01"
HEADER_BYTES = 5
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32
_CREDENTIALS: TypeAdapter[Credentials] = TypeAdapter(Credentials)


def key_id(key: bytes) -> str:
    """Return the public name of a key: the first 4 bytes of its SHA-256, in hex."""
    return hashlib.sha256(key).digest()[:4].hex()


def key_id_of(envelope: bytes) -> str:
    """Return the name of the key that an envelope was sealed with."""
    return envelope[1:HEADER_BYTES].hex()


class Vault:
    """Keeps the keys; the first seals, all open (so a key can be changed without downtime)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise VaultError("No encryption key is set; set FAIRLEAD_ENCRYPTION_KEY")
        if any(len(key) != _KEY_BYTES for key in keys):
            raise VaultError(
                "An encryption key must have 32 bytes; make one: openssl rand -base64 32"
            )
        self._ciphers = {_VERSION + hashlib.sha256(key).digest()[:4]: AESGCM(key) for key in keys}
        if len(self._ciphers) != len(set(keys)):
            raise VaultError("Two encryption keys have the same id; make another one")
        self._header = _VERSION + hashlib.sha256(keys[0]).digest()[:4]

    @classmethod
    def of(cls, *base64_keys: str) -> Self:
        """Build a vault from keys as settings hold them, the current one first."""
        try:
            return cls([base64.b64decode(key, validate=True) for key in base64_keys])
        except binascii.Error:
            # `from None`: the cause could quote the key
            raise VaultError(
                "An encryption key is not base64; make one: openssl rand -base64 32"
            ) from None

    def __repr__(self) -> str:
        return f"Vault({len(self._ciphers)} keys)"

    @property
    def current_header(self) -> bytes:
        """What every envelope begins with that is sealed now."""
        return self._header

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Names of the keys at hand, the current one first."""
        others = [header for header in self._ciphers if header != self._header]
        return tuple(key_id_of(header) for header in (self._header, *others))

    def seal(self, plaintext: bytes, *, row: str) -> bytes:
        """Return an envelope that opens only under the same `row` name."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._header]
        return self._header + nonce + cipher.encrypt(nonce, plaintext, self._header + row.encode())

    def open(self, envelope: bytes, *, row: str) -> bytes:
        """Return what was sealed; VaultError when it was damaged, moved, or the key is missing."""
        if len(envelope) < HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise VaultError("A sealed value was cut short; restore it from a backup")
        header = envelope[:HEADER_BYTES]
        cipher = self._ciphers.get(header)
        if cipher is None:
            raise VaultError(detail=f"no key with id {header[1:].hex()}, version {header[0]}")
        nonce = envelope[HEADER_BYTES : HEADER_BYTES + _NONCE_BYTES]
        try:
            return cipher.decrypt(
                nonce, envelope[HEADER_BYTES + _NONCE_BYTES :], header + row.encode()
            )
        except InvalidTag:
            raise VaultError(
                "A sealed value was changed or moved from its row; restore it from a backup"
            ) from None

    def is_current(self, envelope: bytes) -> bool:
        """Was the envelope sealed with the current key (else: seal it again)?"""
        return envelope[:HEADER_BYTES] == self._header

    def seal_credentials(self, credentials: Credentials, *, row: str) -> SealedCredentials:
        """Seal credentials, with a copy outside of what says when they are due."""
        plaintext = orjson.dumps(credentials.model_dump(), default=_reveal)
        return SealedCredentials(
            envelope=self.seal(plaintext, row=row),
            expires_at=_expiry(credentials),
            refreshable=_is_refreshable(credentials),
            proof_expires_at=getattr(credentials, "proof_expires_at", None),
        )

    def open_credentials(self, sealed: SealedCredentials, *, row: str) -> Credentials:
        """Return the credentials in the open: memory only, never logged."""
        plaintext = self.open(sealed.envelope, row=row)
        try:
            return _CREDENTIALS.validate_json(plaintext)
        except ValidationError:
            # `from None`: the cause quotes the plaintext
            raise VaultError(
                "Sealed credentials have a shape that this version cannot read"
            ) from None


def _reveal(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    raise TypeError(type(value).__name__)


def _expiry(credentials: Credentials) -> datetime | None:
    if isinstance(credentials, OAuth2Credentials | ClientCredentials | TwoStepCredentials):
        return credentials.expires_at
    return None


def _is_refreshable(credentials: Credentials) -> bool:
    if isinstance(credentials, OAuth2Credentials):
        return credentials.refresh_token is not None
    return isinstance(credentials, ClientCredentials | TwoStepCredentials)
