"""Runs clients that other people wrote, unmodified, against an emulated cloud.

A judge is a script in `scripts/` that runs in an environment of its own (see build.py). All it gets
from us is what `m365sim env` prints; it tells in JSON what it saw, and the test holds that against
the emulator's own truth.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from m365sim.clouds import GLOBAL
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.internet import Internet, running
from m365sim.server import Options
from m365sim.truth import truth

SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE = 100  # seconds

Judge = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def judges_python() -> Path:
    spec = importlib.util.spec_from_file_location("build", Path(__file__).parent / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build()


@pytest.fixture
async def internet(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Internet]:
    """The emulated cloud under its real names; as a parameter, which of Microsoft's it is."""
    cloud = getattr(request, "param", GLOBAL)
    async with running(Options(cloud=cloud), ca_dir=tmp_path / "ca") as internet:
        yield internet


@pytest.fixture
def judge(internet: Internet, judges_python: Path, tmp_path: Path) -> Judge:
    """Run a script of `scripts/` with the parameters given; returns what it said."""

    async def run(script: str, **parameters: Any) -> dict[str, Any]:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        world = internet.world
        app = world.directory.apps[DAEMON_APP_ID]
        told = {
            "tenant_id": TENANT_ID,
            "client_id": app.app_id,
            "client_secret": app.secrets[0].value,
            **parameters,
        }
        process = await asyncio.create_subprocess_exec(
            str(judges_python), str(SCRIPTS / script), json.dumps(told),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=home,
            env={
                "PATH": f"{judges_python.parent}:{os.environ['PATH']}",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                **internet.environment,
            },
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                said, trouble = await process.communicate()
        except TimeoutError:
            process.kill()
            said, trouble = await process.communicate()
        if process.returncode != 0:
            last = [
                f"{seen.status} {seen.method} {seen.surface} {seen.path}?{seen.query}"
                for seen in list(world.faults.traffic.last)[-5:]
            ]
            pytest.fail("\n".join([trouble.decode()[-6000:], *last]), pytrace=False)
        return json.loads(said)

    return run


@pytest.fixture
def tree(internet: Internet) -> Callable[..., dict[str, dict[str, Any]]]:
    """Tell what is in a site's first library by the emulator's own account: path → item."""

    def read(site: str = "/sites/marketing") -> dict[str, dict[str, Any]]:
        found = internet.world.content.site_at(internet.world.tenant.sharepoint_host, site)
        drive = found.drives[0]
        (listed,) = [
            drive for one in truth(internet.world, drive.id)["sites"] for drive in one["drives"]
        ]
        return {item["path"]: item for item in listed["items"]}

    return read


@pytest.fixture
def not_modelled(internet: Internet) -> Callable[[], set[tuple[str, str, str]]]:
    """Tell which requests the emulator had no answer for."""
    return lambda: set(internet.world.faults.traffic.not_modelled)


@dataclass(frozen=True)
class Certificate:
    """A certificate that the daemon app may prove itself with."""

    private_key: str
    pem: str
    thumbprint: str


@pytest.fixture
def certificate(internet: Internet) -> Certificate:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nightly-indexer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    der = made.public_bytes(Encoding.DER)
    internet.world.directory.apps[DAEMON_APP_ID].certificates.append(der)
    return Certificate(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        made.public_bytes(Encoding.PEM).decode(),
        hashlib.sha1(der, usedforsecurity=False).hexdigest(),
    )
