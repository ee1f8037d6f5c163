"""The example tenant, and a client that speaks to its surfaces as anyone."""

from __future__ import annotations

import base64
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from m365sim.app import by_host
from m365sim.clock import VirtualClock
from m365sim.entra.resources import GRAPH, Resource
from m365sim.entra.tokens import issue_access_token
from m365sim.world import World, build_world

EXAMPLES = Path(__file__).parents[2] / "examples"
START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)
WEB_APP = "6a000000-0000-4000-8000-000000000001"
ROBOT = "6a000000-0000-4000-8000-000000000002"
LOGIN = "https://login.microsoftonline.com/fabrikam.onmicrosoft.com/oauth2/v2.0/token"
HOST = "https://fabrikam.sharepoint.com"
SHAREPOINT = Resource("sharepoint", HOST, "fabrikam")
SCOPES = ("Sites.FullControl.All", "User.Read.All", "Group.Read.All", "Files.ReadWrite.All")


class Tenant:
    """Speaks to Graph and `_api` of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(by_host(world)))

    def token(self, who: str, resource: Resource = GRAPH, scopes: Any = SCOPES) -> str:
        user = self.world.directory.user_by_upn(
            who if "@" in who else f"{who}@fabrikam.onmicrosoft.com"
        )
        assert user is not None
        return issue_access_token(
            self.world, tenant=self.world.tenant, app=self.world.directory.apps[WEB_APP],
            resource=resource, lifetime=timedelta(hours=1), appidacr="1", user=user,
            scopes=frozenset(scopes),
        )  # fmt: skip

    async def ask(self, url: str, token: str) -> httpx.Response:
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/json;odata=nometadata",
        }
        return await self.http.get(url, headers=headers)

    async def graph(self, path: str, who: str = "fred", status: int = 200) -> Any:
        answer = await self.ask(f"https://graph.microsoft.com/v1.0{path}", self.token(who))
        assert answer.status_code == status, answer.text
        return answer.json() if status < 300 else answer

    async def api(self, path: str, who: str = "fred", status: int = 200) -> Any:
        token = self.token(who, SHAREPOINT, ("AllSites.FullControl",))
        answer = await self.ask(f"{HOST}{path}", token)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def sign_in(self, app: str, scope: str, **proof: str) -> dict[str, Any]:
        form = {"grant_type": "client_credentials", "client_id": app, "scope": scope, **proof}
        return (await self.http.post(LOGIN, data=form)).json()


class Keys:
    """A private key and its certificate."""

    def __init__(self) -> None:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "robot")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(private.public_key())
            .serial_number(1)
            .not_valid_before(START - timedelta(days=1)).not_valid_after(START + timedelta(days=9))
            .sign(private, hashes.SHA256())
        )  # fmt: skip
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key = RSAKey.import_key(pem)

    def assertion(self, now: datetime) -> str:
        print_ = base64.urlsafe_b64encode(self.certificate.fingerprint(hashes.SHA1())).rstrip(b"=")
        at = int(now.timestamp())
        claims = {
            "aud": LOGIN, "iss": ROBOT, "sub": ROBOT, "jti": "1", "nbf": at, "exp": at + 300,
        }  # fmt: skip
        head = {"alg": "RS256", "x5t": print_.decode()}
        return jwt.encode(head, claims, self.key, algorithms=["RS256"])


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture
def folder(tmp_path: Path, keys: Keys) -> Path:
    """The example's files, with a certificate whose private key is known here."""
    there = tmp_path / "examples"
    shutil.copytree(EXAMPLES, there)
    (there / "robot.pem").write_bytes(keys.certificate.public_bytes(Encoding.PEM))
    return there


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    made = build_world(clock=VirtualClock(START), tenant_files=[folder / "fabrikam.yaml"])
    yield made
    made.close()


@pytest.fixture
async def tenant(world: World) -> AsyncIterator[Tenant]:
    client = Tenant(world)
    yield client
    await client.http.aclose()
