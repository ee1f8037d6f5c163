"""A certificate with its key, for tests: made once, in every form that people have it in."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PASSWORD = "pfx-passw0rd~"
NOT_AFTER = datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    """A key and its self-signed certificate."""

    key: object
    certificate: x509.Certificate

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self):
        return self._key(NoEncryption())

    @property
    def encrypted_key_pem(self):
        return self._key(BestAvailableEncryption(PASSWORD.encode()))

    def _key(self, encryption):
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()

    def pfx(self, password=PASSWORD):
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(
            b"app", self.key, self.certificate, None, encryption
        )


def make_pair(key=None, *, not_after=NOT_AFTER):
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


@pytest.fixture(scope="session")
def pair():
    return make_pair()


@pytest.fixture(scope="session")
def other_pair():
    return make_pair()


@pytest.fixture(scope="session")
def elliptic_pair():
    return make_pair(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def short_pair():
    return make_pair(rsa.generate_private_key(public_exponent=65537, key_size=1024))
