"""A throw-away certificate authority for the names of Microsoft's clouds, and for no others.

Follows RFC 5280; the name constraints (section 4.2.1.10) make its certificates worthless for any
other host, should somebody ever put it among the trusted roots of a machine.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from m365sim.clock import Clock, SystemClock
from m365sim.clouds import CLOUDS

PRIVATE_FILE = "ca-key.pem"  # key and certificate, so that the two can never be of different makes
PUBLIC_FILE = "ca.pem"
CA_LIFETIME = timedelta(days=365)
BACKDATED = timedelta(days=1)  # clients' clocks may be slow
RENEWED_BEFORE = timedelta(days=30)  # for a proxy that keeps running


class BadAuthority(Exception):
    """The folder cannot be used, or holds something else than an authority made here."""


@dataclass(slots=True)
class Authority:
    """An authority and what it has certified so far."""

    ca_file: Path  # the certificate that clients must trust
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate
    _contexts: dict[str, ssl.SSLContext]
    _clock: Clock

    @classmethod
    def in_folder(cls, folder: Path, clock: Clock | None = None) -> Authority:
        """Return the authority of a folder; it is made at the first call, and when it grows old.

        Raises `BadAuthority` when the folder cannot be used.
        """
        try:
            return cls._in_folder(folder, clock or SystemClock())
        except OSError as refused:
            raise BadAuthority(f"cannot use {folder}: {refused.strerror or refused}") from refused

    @classmethod
    def _in_folder(cls, folder: Path, clock: Clock) -> Authority:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = folder / PRIVATE_FILE
        if (
            private.exists()
            and _read(private)[1].not_valid_after_utc - RENEWED_BEFORE < clock.now()
        ):
            private.unlink(missing_ok=True)
        if not private.exists():
            _create(private, _new_authority(clock.now()))
        key, certificate = _read(private)
        public = folder / PUBLIC_FILE
        pem = certificate.public_bytes(Encoding.PEM)
        if not public.exists() or public.read_bytes() != pem:
            _replace(public, pem)
        return cls(public.absolute(), key, certificate, {}, clock)

    def context_for(self, host: str) -> ssl.SSLContext:
        """Return the server side of TLS for a host, with a certificate made at the first call."""
        known = self._contexts.get(host)
        if known is None:
            known = self._contexts[host] = _server_context(self._certified(host))
        return known

    def _certified(self, host: str) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        begins = self._clock.now()
        ends = self._certificate.not_valid_after_utc
        certificate = (
            _builder(key, _name(host[:64]), self._certificate.subject, begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        # With the authority's own: clients may know it by its key alone.
        return _pem(key, certificate) + self._certificate.public_bytes(Encoding.PEM)


def _new_authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("m365sim throw-away authority")
    domains = dict.fromkeys(name for cloud in CLOUDS.values() for name in cloud.domains)
    permitted = [x509.DNSName(domain) for domain in domains]
    certificate = (
        _builder(key, name, name, now, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pem(key, certificate)


def _builder(
    key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    issuer: x509.Name,
    begins: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _server_context(pem: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    # The module reads certificates from files only.
    with tempfile.TemporaryDirectory(prefix="m365sim-") as folder:
        file = Path(folder) / "leaf.pem"
        file.write_bytes(pem)
        context.load_cert_chain(file)
    return context


def _read(private: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    pem = private.read_bytes()
    try:
        key = load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as broken:
        raise BadAuthority(f"{private} holds no key and certificate; delete it") from broken
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != (
        certificate.public_key()
    ):
        raise BadAuthority(f"{private} was not made by m365sim; choose another folder")
    return key, certificate


def _create(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, unless somebody else was faster."""
    temporary = _temporary(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def _replace(path: Path, content: bytes) -> None:
    temporary = _temporary(path, content)
    temporary.chmod(0o644)
    temporary.replace(path)


def _temporary(path: Path, content: bytes) -> Path:
    # mkstemp makes files of mode 0600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return Path(name)
