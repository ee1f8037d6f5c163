"""An app's certificate with its private key, as people have it: PEM, or a PFX file.

PEM: [RFC 7468](https://www.rfc-editor.org/rfc/rfc7468); PFX:
[RFC 7292](https://www.rfc-editor.org/rfc/rfc7292). What comes out is PEM, the key not encrypted:
the vault seals it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from fairlead.errors import InvalidInput

#: fields of a caller's body, for errors
CERTIFICATE = "client_certificate"
PRIVATE_KEY = "client_private_key"
PFX = "client_certificate_pfx"
#: what every DER file begins with
_SEQUENCE = b"\x30"
PASSWORD = "client_certificate_password"
_SMALLEST_BITS = 2048
#: of keys that we make: vendors take no less, and some take no more
_NEW_BITS = 2048
_BACKDATED = timedelta(minutes=10)
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and the key that belongs to it, both PEM."""

    certificate: str
    private_key: SecretStr = field(repr=False)
    expires_at: datetime


def read_pem(
    certificate: str, private_key: str | None, password: str | None, now: datetime
) -> Certificate:
    """Read a certificate and its key; both may stand in `certificate`, in any order.

    InvalidInput names the field and what is wrong with it, never what it holds.
    """
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(certificate)]
    named = next((block for kind, block in blocks if kind == "CERTIFICATE"), None)
    if named is None:
        raise _wrong(CERTIFICATE, "holds no certificate; paste the whole of a .pem file")
    key_text = private_key or next(
        (block for kind, block in blocks if kind.endswith("PRIVATE KEY")), None
    )
    if not key_text:
        raise _wrong(PRIVATE_KEY, "is missing; the certificate alone proves nothing")
    try:
        public = x509.load_pem_x509_certificate(named.encode())
    except ValueError as error:
        raise _wrong(CERTIFICATE, "is damaged; export it again") from error
    try:
        key = load_pem_private_key(
            _dedented(key_text).encode(), password.encode() if password else None
        )
    except TypeError:
        # `from None`: no cause may quote key or password
        why = "is missing; the key is encrypted" if not password else "is not needed; leave it out"
        raise _wrong(PASSWORD, why) from None
    except (ValueError, UnsupportedAlgorithm):
        if password:
            raise _wrong(PASSWORD, "does not open the key; correct it") from None
        raise _wrong(PRIVATE_KEY, "is no private key in PEM form; export it again") from None
    return _checked(public, key, now)


def read_pfx(content: bytes, password: str | None, now: datetime) -> Certificate:
    """Read a PFX (PKCS #12) file; InvalidInput says what is wrong with it."""
    if content[:1] != _SEQUENCE:
        raise _wrong(PFX, "is no PFX file; choose the .pfx or .p12 file of the certificate")
    try:
        key, public, _ = pkcs12.load_key_and_certificates(
            content, password.encode() if password else None
        )
    except (ValueError, UnsupportedAlgorithm):
        raise _wrong(
            PASSWORD, "does not open the PFX file, or the file is damaged; correct it"
        ) from None
    if key is None or public is None:
        raise _wrong(PFX, "must hold a certificate and its private key; export both into the file")
    return _checked(public, key, now)


def make_certificate(name: str, lifetime: timedelta, now: datetime) -> Certificate:
    """Make a key pair with a self-signed certificate; it takes a tenth of a second of CPU.

    Vendors compare the certificate as a whole, so nobody has to have signed it.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_NEW_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    public = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # the vendor's clock may be behind ours
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    return _checked(public, key, now)


def thumbprint_of(certificate: str) -> str:
    """Return a PEM certificate's SHA-1 in upper-case hex: how vendors' pages name it."""
    public = x509.load_pem_x509_certificate(certificate.encode())
    # a name, not a proof
    return public.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def der_of(certificate: str) -> bytes:
    """Return a PEM certificate in DER, as `.cer` files hold it."""
    return x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER)


def _checked(public: x509.Certificate, key: object, now: datetime) -> Certificate:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _wrong(PRIVATE_KEY, "is not an RSA key; make a certificate with an RSA key")
    if key.key_size < _SMALLEST_BITS:
        raise _wrong(PRIVATE_KEY, f"is shorter than {_SMALLEST_BITS} bits; make a new one")
    if public.public_key() != key.public_key():
        raise _wrong(PRIVATE_KEY, "does not belong to the certificate; give the pair")
    expires_at = public.not_valid_after_utc
    if expires_at <= now:
        raise _wrong(
            CERTIFICATE, f"expired on {expires_at:%Y-%m-%d}; make a new one and register it"
        )
    return Certificate(
        certificate=public.public_bytes(Encoding.PEM).decode(),
        private_key=SecretStr(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        ),
        expires_at=expires_at,
    )


def _dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _wrong(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{name} {why}",
        code="invalid_body",
        issues=[{"code": "custom", "message": why, "path": [name]}],
    )
