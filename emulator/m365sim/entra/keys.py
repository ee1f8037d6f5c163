"""The key that signs tokens, as a JSON Web Key Set (RFC 7517)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key and the certificate that publishes it."""

    key: RSAKey
    kid: str  # the certificate's SHA-1 thumbprint, as in the real key set
    public: dict[str, Any]


_adopted: list[SigningKey] = []


def signing_key() -> SigningKey:
    """Return the process's signing key; making one takes a while, so every world shares it."""
    return _adopted[-1] if _adopted else _made()


def adopt_key(pem: bytes, der: bytes) -> None:
    """Sign with a key that was made before, and whose certificate was published; ValueError."""
    _adopted.append(_key(load_pem_private_key(pem, None), x509.load_der_x509_certificate(der)))


def key_to_keep() -> tuple[bytes, bytes]:
    """Return the signing key in PEM and its certificate in DER, for `adopt_key`."""
    key = signing_key()
    return key.key.as_pem(private=True), base64.b64decode(key.public["x5c"][0])


@cache
def _made() -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.windows.net")
    name = x509.Name([common_name])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # Valid in any world, wherever its clock stands.
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .sign(private, hashes.SHA256())
    )
    return _key(private, certificate)


def _key(private: PrivateKeyTypes, certificate: x509.Certificate) -> SigningKey:
    der = certificate.public_bytes(Encoding.DER)
    kid = base64url(hashlib.sha1(der, usedforsecurity=False).digest())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = RSAKey.import_key(pem)
    public = {
        "kty": "RSA",
        "use": "sig",
        "kid": kid,
        "x5t": kid,
        "n": key.as_dict(private=False)["n"],
        "e": key.as_dict(private=False)["e"],
        "x5c": [base64.b64encode(der).decode()],
    }
    return SigningKey(key, kid, public)


def base64url(raw: bytes) -> str:
    """Encode without padding, as JOSE does."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
