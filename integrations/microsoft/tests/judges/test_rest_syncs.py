"""What somebody else's client does to a site is what our syncs of the same API see of it."""

import asyncio
import hashlib
import importlib.util
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from direct_send import DirectSend

from fairlead.sdk.testing import Table, run_sync
from fairlead_microsoft import rest_pack
from fairlead_microsoft.clouds import GLOBAL
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.entra.resources import Resource
from m365sim.internet import running
from m365sim.server import Options
from m365sim.testing import app_token

pytestmark = pytest.mark.judges

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("writes_by_office365.py")
SITE = "/sites/marketing"
#: seconds that one step of the client may take
PATIENCE = 100


@pytest.fixture(scope="session")
def judges_python() -> Path:
    """The Python of the environment in which other people's clients run."""
    build = ROOT / "emulator" / "tests" / "judges" / "build.py"
    spec = importlib.util.spec_from_file_location("build", build)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build()


def certified(world) -> dict[str, str]:
    """Give the daemon app a certificate and all rights, and tell what a client needs of them."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "judge")])
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
    ).public_bytes(Encoding.DER)
    world.directory.apps[DAEMON_APP_ID].certificates.append(made)
    roles = frozenset({"Sites.FullControl.All"})
    world.directory.assign_roles(TENANT_ID, DAEMON_APP_ID, "sharepoint", roles)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "tenant_id": TENANT_ID,
        "client_id": DAEMON_APP_ID,
        "thumbprint": hashlib.sha1(made, usedforsecurity=False).hexdigest(),
        "private_key": private.decode(),
    }


async def test_our_syncs_see_what_another_client_does(judges_python, tmp_path):
    async with running(Options(), ca_dir=tmp_path / "ca") as internet:
        world = internet.world
        told = certified(world)
        resource = Resource("sharepoint", f"https://{world.tenant.sharepoint_host}", "contoso")
        token = app_token(world, ("Sites.Read.All",), resource=resource, appidacr="2")
        send = DirectSend(world, token)
        site = world.content.site_at(world.content.host, SITE)
        tables = {"files": Table(), "list-items": Table()}
        checkpoints: dict[str, bytes | None] = {}

        async def judge(step: str) -> None:
            process = await asyncio.create_subprocess_exec(
                str(judges_python),
                str(SCRIPT),
                json.dumps({**told, "step": step}),
                stderr=asyncio.subprocess.PIPE,
                cwd=tmp_path,
                env={
                    "PATH": f"{judges_python.parent}:{os.environ['PATH']}",
                    "HOME": str(tmp_path),
                    "LANG": "C.UTF-8",
                    **internet.environment,
                },
            )
            async with asyncio.timeout(PATIENCE):
                _, trouble = await process.communicate()
            assert process.returncode == 0, trouble.decode()[-4000:]

        async def seen(name: str) -> dict[str, dict]:
            ran = await run_sync(
                rest_pack(GLOBAL),
                name,
                send,
                metadata={"sites": [SITE]},
                connection_config={"tenantName": "contoso"},
                table=tables[name],
                checkpoint=checkpoints.get(name),
            )
            checkpoints[name] = ran.checkpoint
            assert not ran.skipped
            return tables[name].live()

        def files() -> dict[str, tuple]:
            return {
                f"{drive.id}/{drive.item_id(item.uid)}": (
                    *(drive.path(item), None if item.is_folder else item.size),
                )
                for drive in site.drives
                if not drive.is_system
                for item in drive.walk(drive.root)
            }

        def rows() -> dict[str, str | None]:
            return {
                f"{site.id}_{one.id}_{row.id}": row.values.get("Title")
                for one in world.lists.of(site)
                if not one.is_system
                for row in one.rows_after(0)
            }

        before = await seen("files")
        for step in ("make", "change", "remove", "restore"):
            await judge(step)
            held = await seen("files")
            assert {key: (one["path"], one.get("size")) for key, one in held.items()} == files()
            told_rows = await seen("list-items")
            titles = {key: one["fields"].get("Title") for key, one in told_rows.items()}
            assert titles == rows()
            assert held != before, f"nothing came of {step}"
            before = held
        paths = {one["path"] for one in held.values()}
        assert {"/Press/small.txt", "/Renamed/größer.txt", "/Renamed/Below/small.txt"} <= paths
        assert {"Sloop", "Cutter", "Yawl"} <= set(titles.values())
