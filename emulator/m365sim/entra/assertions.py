"""An app's proof by certificate: a JWT signed with its private key.

Follows https://learn.microsoft.com/entra/identity-platform/certificate-credentials and RFC 7523.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from m365sim.entra.errors import Refusal
from m365sim.entra.keys import base64url
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["RS256", "PS256"]
CLOCK_SKEW_SECONDS = 300


class _Headers(JWSRegistry):
    """Headers as MSAL sends them: with the whole certificate chain in `x5c`."""

    max_header_length = 16_384


def check_assertion(world: World, tenant_path: str, app: AppRegistration, assertion: str) -> None:
    """Refuse a client assertion unless a certificate of the app signed it, for us, and for now."""
    header = _header(assertion)
    certificate = _certificate(app, header)
    if certificate is None:
        raise Refusal(
            700027,
            "The certificate with identifier used to sign the client assertion is not registered "
            f"on application. [Reason - The key was not found.] App '{app.app_id}'.",
        )
    _check_validity(world, app, certificate)
    public = certificate.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = RSAKey.import_key(pem)
    try:
        claims = jwt.decode(assertion, key, registry=_Headers(algorithms=ALGORITHMS)).claims
    except (JoseError, ValueError) as wrong:
        raise Refusal(
            700027,
            "Client assertion failed signature validation. [Reason - The provided signature value "
            f"did not match the expected signature value.] App '{app.app_id}'.",
        ) from wrong
    _check_claims(world, tenant_path, app, claims)


def _check_validity(world: World, app: AppRegistration, certificate: x509.Certificate) -> None:
    if certificate.not_valid_after_utc <= world.clock.now():
        raise Refusal(
            700027,
            "Client assertion failed signature validation. [Reason - The key used is expired.] App "
            f"'{app.app_id}'.",
        )


def _check_claims(
    world: World, tenant_path: str, app: AppRegistration, claims: dict[str, Any]
) -> None:
    if claims.get("iss") != app.app_id or claims.get("sub") != app.app_id:
        raise Refusal(
            700021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        )
    if str(claims.get("aud", "")).rstrip("/") not in _audiences(world, tenant_path):
        raise Refusal(
            700023,
            "Client assertion audience claim does not match Realm issuer.",
        )
    now = world.clock.now().timestamp()
    try:
        starts, ends = float(claims.get("nbf", now)), float(claims["exp"])
    except (KeyError, TypeError, ValueError):
        starts, ends = now, 0.0
    if starts - CLOCK_SKEW_SECONDS > now or ends + CLOCK_SKEW_SECONDS <= now:
        raise Refusal(
            700024,
            "Client assertion is not within its valid time range. Current time: "
            f"{world.clock.now():%Y-%m-%dT%H:%M:%S.0000000Z}.",
        )


def _audiences(world: World, tenant_path: str) -> set[str]:
    names = {tenant_path, tenant_path.lower()}
    tenant = world.directory.tenant(tenant_path)
    if tenant is not None:
        names |= {tenant.id, tenant.domain}
    origins = (world.urls.login, f"https://{world.cloud.login}")
    return {
        f"{origin}/{name}{path}"
        for origin in origins
        for name in names
        for path in ("", "/v2.0", "/oauth2/v2.0/token", "/oauth2/token")
    }


def _header(assertion: str) -> dict[str, Any]:
    head, _, rest = assertion.partition(".")
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError) as malformed:
        raise _not_a_jwt() from malformed
    if not isinstance(header, dict) or rest.count(".") != 1:
        raise _not_a_jwt()
    return header


def _certificate(app: AppRegistration, header: dict[str, Any]) -> x509.Certificate | None:
    # MSAL pads its SHA-1 thumbprint with "=", others do not: compare without.
    sha1, sha256 = (str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256"))
    for der in app.certificates:
        named = (
            base64url(hashlib.sha1(der, usedforsecurity=False).digest()) == sha1,
            base64url(hashlib.sha256(der).digest()) == sha256,
        )
        if any(named):
            return x509.load_der_x509_certificate(der)
    return None


def _not_a_jwt() -> Refusal:
    return Refusal(
        50027, "JWT token is invalid or malformed. The client assertion could not be read."
    )
