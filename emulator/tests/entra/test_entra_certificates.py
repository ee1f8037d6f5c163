import base64
import hashlib
from datetime import UTC, datetime

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.entra.keys import base64url, signing_key

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_URL = f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token"


@pytest.fixture(scope="module")
def keypair():
    """A private key and its self-signed certificate."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nightly-indexer")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return RSAKey.import_key(pem), certificate.public_bytes(Encoding.DER), private


@pytest.fixture
def certificate(world, keypair):
    world.directory.apps[DAEMON_APP_ID].certificates = [keypair[1]]
    return keypair[1]


def header(der, alg="PS256", *, padded=False):
    name, digest = (
        ("x5t#S256", hashlib.sha256(der).digest())
        if alg == "PS256"
        else ("x5t", hashlib.sha1(der).digest())
    )
    thumbprint = base64.urlsafe_b64encode(digest).decode()
    return {"typ": "JWT", "alg": alg, name: thumbprint if padded else thumbprint.rstrip("=")}


def assertion(world, key, head, **claims):
    now = int(world.clock.now().timestamp())
    body = {
        "aud": TOKEN_URL, "iss": DAEMON_APP_ID, "sub": DAEMON_APP_ID, "jti": "1",
        "nbf": now, "iat": now, "exp": now + 600, **claims,
    }  # fmt: skip
    return jwt.encode(head, body, key, algorithms=[head["alg"]])


async def ask(browser, proof, path=TENANT_ID, **form):
    return await browser.token(
        path,
        **{
            "grant_type": "client_credentials", "scope": ".default", "client_id": DAEMON_APP_ID,
            "client_secret": None, "client_assertion_type": TYPE, "client_assertion": proof, **form,
        },
    )  # fmt: skip


@pytest.mark.parametrize(("alg", "padded"), [("PS256", False), ("RS256", True), ("RS256", False)])
async def test_a_certificate_proves_an_app(browser, world, keypair, certificate, alg, padded):
    proof = assertion(world, keypair[0], header(certificate, alg, padded=padded))
    response = await ask(browser, proof)
    assert response.status_code == 200, response.text
    claims = jwt.decode(response.json()["access_token"], signing_key().key).claims
    assert claims["appidacr"] == "2"


async def test_the_whole_chain_may_come_along(browser, world, keypair, certificate):
    chain = [base64.b64encode(certificate).decode()]
    head = {**header(certificate, "RS256"), "x5c": chain}
    now = int(world.clock.now().timestamp())
    claims = {"aud": TOKEN_URL, "iss": DAEMON_APP_ID, "sub": DAEMON_APP_ID, "exp": now + 600}
    # Signed by hand: the library's own limit on headers is what this is about.
    parts = [base64url(orjson.dumps(part)) for part in (head, claims)]
    signed = ".".join(parts).encode()
    signature = keypair[2].sign(signed, padding.PKCS1v15(), hashes.SHA256())
    response = await ask(browser, f"{signed.decode()}.{base64url(signature)}")
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "audience",
    [
        "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
        f"https://login.microsoftonline.com/{TENANT_ID}/v2.0",
        f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/token",
    ],
)
async def test_the_tenant_may_be_named_in_other_ways(
    browser, world, keypair, certificate, audience
):
    proof = assertion(world, keypair[0], header(certificate), aud=audience)
    assert (await ask(browser, proof)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"iss": "somebody"}, 700021),
        ({"sub": "somebody"}, 700021),
        ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 700023),
        ({"exp": 1}, 700024),
        ({"exp": "soon"}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
    ],
)
async def test_what_an_assertion_says_is_checked(
    browser, world, keypair, certificate, refusal, claims, number
):
    proof = assertion(world, keypair[0], header(certificate), **claims)
    assert refusal(await ask(browser, proof), 401) == (number, "invalid_client")


async def test_an_assertion_by_somebody_else(browser, world, keypair, certificate, refusal):
    forged = assertion(world, signing_key().key, header(certificate))
    assert refusal(await ask(browser, forged), 401) == (700027, "invalid_client")


async def test_an_unregistered_certificate(browser, world, keypair, refusal):
    proof = assertion(world, keypair[0], header(keypair[1]))
    assert refusal(await ask(browser, proof), 401) == (700027, "invalid_client")


@pytest.mark.parametrize("proof", ["nonsense", "e30", "e30.e30", "bm8.e30.e30", "W10.e30.e30"])
async def test_an_assertion_that_is_none(browser, certificate, refusal, proof):
    assert refusal(await ask(browser, proof)) == (50027, "invalid_request")


async def test_the_kind_of_assertion_is_named(browser, certificate, refusal):
    response = await ask(browser, "a.b.c", client_assertion_type=None)
    assert refusal(response) == (900144, "invalid_request")
