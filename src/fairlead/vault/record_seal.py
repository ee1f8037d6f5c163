"""Seal the content of records, with AES-256-GCM under a key of their stream's own.

Follows [NIST SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final). An environment has one data
key, itself sealed by the vault; each stream's keys are derived from it by keyed BLAKE2b
([RFC 7693](https://www.rfc-editor.org/rfc/rfc7693)), so that equal content in two streams shows
neither in what is stored nor in its hash, and random nonces are spent stream by stream.

Sealed content: mark (1 byte), nonce (12 random bytes), ciphertext with its 16-byte tag; the
record's id is associated data. Plain content is a JSON object, so its first byte tells them apart.
"""

import secrets
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.errors import VaultError

DATA_KEY_BYTES = 32
#: first byte of what is sealed
MARK = b"\x02"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HASH_BYTES = 16


def is_sealed(value: bytes) -> bool:
    """Say whether this is sealed content, or the hash of such."""
    return value[:1] == MARK and len(value) != _HASH_BYTES


class RecordSeal:
    """Seals and opens the records of one stream."""

    __slots__ = ("_cipher", "_hash_key")

    def __init__(self, data_key: bytes, stream_id: int) -> None:
        stream = stream_id.to_bytes(8, "big")
        self._cipher = AESGCM(blake2b(b"content", key=data_key, person=stream).digest()[:32])
        self._hash_key = blake2b(b"hash", key=data_key, person=stream).digest()

    def __repr__(self) -> str:
        return "RecordSeal()"

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Return content that opens only as this record's."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return MARK + nonce + self._cipher.encrypt(nonce, content, record_id.encode())

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Return the content; VaultError when it was damaged or moved to another record."""
        if len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise VaultError("A sealed record was cut short; restore it from a backup")
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, record_id.encode())
        except InvalidTag:
            raise VaultError(
                "A sealed record was changed or moved from its row; restore it from a backup"
            ) from None

    def hash(self, digest: bytes) -> bytes:
        """Return what is stored of the plain content's hash: equal for equal ones, and no more."""
        return MARK + blake2b(digest, key=self._hash_key, digest_size=_HASH_BYTES).digest()
