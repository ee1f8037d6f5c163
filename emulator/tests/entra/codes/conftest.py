"""Every AADSTS number by state: what is done to get there, and the answer that it earns.

A test module here ends with its table, `CASES`: (scenario, number, where it is told, OAuth error,
`suberror`, more). Where it is told: `token` is JSON, `app` a redirect, `page` a page. More: whether
there are `claims`, and whether the redirect is a fragment.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID

SPA = "http://localhost:5173/"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_URL = f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token"
MEGAN = "megan@contoso.onmicrosoft.com"


def pytest_generate_tests(metafunc):
    if "scenario" in metafunc.fixturenames:
        cases = metafunc.module.CASES
        metafunc.parametrize(
            ("scenario", "case"),
            [pytest.param(one[0], one[1:], id=f"{one[1]}-{one[0].__name__}") for one in cases],
        )


class State:
    """What a scenario works with."""

    def __init__(self, browser, world, megan, policy, certificate):
        self.browser, self.world, self.megan = browser, world, megan
        self.policy, self.certificate = policy, certificate
        self.web = world.directory.apps[WEB_APP_ID]
        self.rules = world.directory.rules(TENANT_ID)
        self.now = world.clock.now

    async def refreshed(self, change=lambda: None, **form):
        """Sign in, change something, and refresh."""
        token = (await self.browser.signed_in())["refresh_token"]
        change()
        return await self.browser.refresh(token, **form)

    async def redeemed(self, change=lambda: None, **form):
        code = await self.browser.code()
        change()
        return await self.browser.redeem(code, **form)

    async def password(self, path="organizations", **form):
        fields = {"username": MEGAN, "password": "Megan-pass-1", "scope": "User.Read", **form}
        return await self.browser.token(path, grant_type="password", **fields)

    async def alone(self, path=TENANT_ID, **form):
        fields = {
            "client_id": DAEMON_APP_ID,
            "client_secret": "daemon-secret~for-tests-only",
            "scope": ".default",
            **form,
        }
        return await self.browser.token(path, grant_type="client_credentials", **fields)

    async def by_assertion(self, key=None, **claims):
        private, der = self.certificate
        thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
        now = int(self.now().timestamp())
        body = {
            "aud": TOKEN_URL, "iss": DAEMON_APP_ID, "sub": DAEMON_APP_ID, "jti": "1", "nbf": now,
            "exp": now + 600, **claims,
        }  # fmt: skip
        head = {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}
        proof = jwt.encode(head, body, key or private, algorithms=["PS256"])
        return await self.alone(
            client_secret=None, client_assertion=proof, client_assertion_type=ASSERTION
        )

    async def asked(self, name="megan", **params):
        """Open the authorize page, and pick an account if it asks for one."""
        response = await self.browser.authorize(**params)
        if "Pick an account" in response.text:
            response = await self.browser.pick(name)
        return response

    async def polled(self, approve=False):
        codes = await self.browser.device()
        if approve:
            await self.browser.type_in(codes["user_code"])
            await self.browser.pick("megan")
            await self.browser.submit(decision="accept")
        return codes

    def single_page(self):
        self.web.spa_redirect_uris.append(SPA)


@pytest.fixture(scope="module")
def keypair():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nightly-indexer")])
    made = (
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
    return RSAKey.import_key(pem), made.public_bytes(Encoding.DER)


@pytest.fixture
def state(browser, world, megan, policy, keypair):
    world.directory.apps[DAEMON_APP_ID].certificates = [keypair[1]]
    return State(browser, world, megan, policy, keypair)


@pytest.fixture
def earns(state, answer, refusal, on_page):
    """Check that an answer is what a case says."""

    def check(response, number, where, error, suberror=None, more=None):
        more = more or {}
        if where == "page":
            on_page(response, number)
        elif where == "app":
            back = answer(response)
            assert back["error"] == error
            assert back["error_description"].startswith(f"AADSTS{number}: ")
            assert ("claims" in back) == more.get("claims", False)
            assert ("#" in response.headers["location"]) == more.get("fragment", False)
        else:
            status = {"invalid_client": 401, "temporarily_unavailable": 503}.get(error, 400)
            assert refusal(response, status) == (number, error)
            body = response.json()
            assert body.get("suberror") == suberror
            assert ("claims" in body) == more.get("claims", False)
            assert response.headers["x-ms-request-id"] == body["trace_id"]
            if "claims" in body:
                wanted = json.loads(body["claims"])["access_token"]["capolids"]
                assert wanted == {"essential": True, "values": list(state.rules.policies)}

    return check
