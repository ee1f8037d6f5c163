"""An app's proof by certificate: a short statement, signed anew for every token request.

[RFC 7523](https://www.rfc-editor.org/rfc/rfc7523), 2.2 and 3; the certificate is named by its
thumbprint ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515), 4.1.7 and 4.1.8).
"""

import base64
import binascii
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from fairlead.errors import InternalError
from fairlead.model.provider import Provider

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = timedelta(minutes=5)
#: a server's clock may be behind ours
BACKDATED = timedelta(minutes=2)
#: key of connection_config that chooses another algorithm than the provider's
ALGORITHM = "assertionAlgorithm"


def algorithm_of(provider: Provider, connection_config: Mapping[str, Any]) -> str:
    """Return how to sign: as the connection says, else as the provider says."""
    return str(connection_config.get(ALGORITHM) or provider.assertion_algorithm)


def expiry_of(assertion: str) -> datetime | None:
    """Return when a statement that somebody else signed ends, None if it does not tell."""
    parts = assertion.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError):
        return None


def sign_assertion(
    *,
    client_id: str,
    audience: str,
    certificate: str,
    private_key: SecretStr,
    algorithm: str,
    now: datetime,
) -> str:
    """Return a signed JWT in which the app says that it is `client_id`; good for one request.

    `certificate` and `private_key` are PEM; `algorithm` is PS256 or RS256.
    """
    public = x509.load_pem_x509_certificate(certificate.encode())
    key = load_pem_private_key(private_key.get_secret_value().encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InternalError("The key of a stored certificate is no RSA key; connect again")
    header = {"alg": algorithm, "typ": "JWT"}
    scheme: padding.AsymmetricPadding
    if algorithm == "PS256":
        header["x5t#S256"] = _text(public.fingerprint(hashes.SHA256()))
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    elif algorithm == "RS256":
        # the name of the certificate, not part of the signature
        header["x5t"] = _text(public.fingerprint(hashes.SHA1()))  # noqa: S303
        scheme = padding.PKCS1v15()
    else:
        raise InternalError(f"Assertions cannot be signed with {algorithm}; correct the provider")
    issued_at = int(now.timestamp())
    claims = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": str(uuid.uuid4()),
        "iat": issued_at,
        "nbf": issued_at - int(BACKDATED.total_seconds()),
        "exp": issued_at + int(LIFETIME.total_seconds()),
    }
    signed = f"{_text(orjson.dumps(header))}.{_text(orjson.dumps(claims))}"
    return f"{signed}.{_text(key.sign(signed.encode(), scheme, hashes.SHA256()))}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
