"""Another client reads what our actions on SharePoint's own API wrote, under the real names.

Office365-REST-Python-Client, unmodified,
in the environment of the emulator's judges.
"""

import asyncio
import hashlib
import importlib.util
import json
import os
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from plain_http import HttpResponse
from yarl import URL

from fairlead.model.exchange import Request, Response
from fairlead.sdk import Incoming
from fairlead.sdk.testing import run_action
from fairlead_microsoft import rest_pack
from fairlead_microsoft.clouds import GLOBAL
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.entra.resources import Resource
from m365sim.internet import Internet, running
from m365sim.testing import app_token

pytestmark = pytest.mark.judges

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("reads_by_office365.py")
SITE = "/sites/marketing"
LIBRARY = f"{SITE}/Shared Documents"
MEGAN = "i:0#.f|membership|megan@contoso.onmicrosoft.com"
PATIENCE = 100  # seconds
BIG = 21 * 1024 * 1024 + 17


class Proxied:
    """A Send that reaches the emulated cloud under its real names, through its proxy."""

    def __init__(self, session: aiohttp.ClientSession, internet: Internet, token: str) -> None:
        self._session, self._proxy = session, internet.proxy_url
        self._trust = ssl.create_default_context(cafile=str(internet.ca_file))
        self._token = token

    async def __call__(self, request: Request) -> Response:
        body = request.body
        answer = await self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers={**request.headers, "Authorization": f"Bearer {self._token}"},
            # aiohttp warns of bytes beyond a megabyte
            data=BytesIO(body) if isinstance(body, bytes) else body,
            proxy=self._proxy,
            ssl=self._trust,
            skip_auto_headers=("Content-Type",),
        )
        return HttpResponse(answer)


@asynccontextmanager
async def proxied(internet: Internet) -> AsyncIterator[Proxied]:
    world = internet.world
    resource = Resource("sharepoint", f"https://{world.tenant.sharepoint_host}", world.tenant.name)
    token = app_token(world, ["Sites.FullControl.All"], resource=resource, appidacr="2")
    async with aiohttp.ClientSession() as session:
        yield Proxied(session, internet, token)


@pytest.fixture(scope="session")
def judges_python() -> Path:
    place = ROOT / "emulator" / "tests" / "judges" / "build.py"
    spec = importlib.util.spec_from_file_location("build_of_judges", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Path(module.build())


def registered(internet: Internet) -> dict[str, str]:
    """Register a certificate with the app; returns how the other client proves itself by it."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reader")])
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
    directory = internet.world.directory
    directory.apps[DAEMON_APP_ID].certificates.append(der)
    directory.assign_roles(
        TENANT_ID, DAEMON_APP_ID, "sharepoint", frozenset({"Sites.FullControl.All"})
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return {"private_key": pem, "thumbprint": thumbprint}


async def judged(python: Path, internet: Internet, home: Path, **told: Any) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(SCRIPT),
        json.dumps({"tenant_id": TENANT_ID, "client_id": DAEMON_APP_ID, **told}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=home,
        env={
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            **internet.environment,
        },
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, trouble = await process.communicate()
    except TimeoutError:
        process.kill()
        said, trouble = await process.communicate()
    assert process.returncode == 0, trouble.decode()[-4000:]
    return dict(json.loads(said))


def streamed(content: bytes) -> Incoming:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1 << 20):
            yield content[start : start + (1 << 20)]

    return Incoming(chunks(), len(content))


async def test_another_client_reads_what_we_wrote(judges_python: Path, tmp_path: Path):
    pack = rest_pack(GLOBAL)
    big = bytes(number * 7 % 251 for number in range(1 << 16)) * (BIG // (1 << 16) + 1)
    big = big[:BIG]
    async with running(ca_dir=tmp_path / "ca") as internet, proxied(internet) as send:

        async def run(name: str, **given: Any) -> dict[str, Any]:
            config = {"tenantName": "contoso"}
            told = await run_action(
                pack, name, {"siteId": SITE, **given}, send, connection_config=config
            )
            return dict(told)

        (drive,) = [
            one for one in (await run("list-drives"))["items"] if one["name"] == "Documents"
        ]
        where = {"driveId": drive["id"], "parentItemId": "root"}
        small = {**where, "fileName": "It's 50% of #1.txt", "content": b64encode(b"hi").decode()}
        made = await run("upload-drive-item", **small)
        large = await run("upload-drive-item", **where, fileName="big.bin", content=streamed(big))
        columns = [{"name": "Pages", "number": {}}]
        a_list = await run("create-list", displayName="Books & 'co'", columns=columns)
        on = {"listId": a_list["id"]}
        row = await run("create-list-item", **on, fields={"Title": "Ulysses", "Pages": 732})
        attached = {"fileName": "It's #1.txt", "content": b64encode(b"hung on").decode()}
        await run("add-attachment", **on, itemId=row["id"], **attached)
        megan = await run("ensure-site-user", loginName=MEGAN)
        await run("break-role-inheritance", **on, copyRoleAssignments=False)
        await run("add-role-assignment", **on, principalId=megan["id"], roleId=1073741826)
        group = await run("create-site-group", title="Readers of books")
        await run("add-site-group-member", groupId=group["id"], loginName=MEGAN)
        home = tmp_path / "home"
        home.mkdir()
        said = await judged(
            judges_python,
            internet,
            home,
            files=[f"{LIBRARY}/It's 50% of #1.txt", f"{LIBRARY}/big.bin"],
            list_id=a_list["id"],
            item_id=int(row["id"]),
            group_id=group["id"],
            **registered(internet),
        )
    (first, second) = said["files"].values()
    assert [first[1], second[1]] == [2, BIG]
    assert [first[2], second[2]] == [sum(b"hi") % 65_521, sum(big) % 65_521]
    assert made["size"] == 2
    assert large["size"] == BIG
    assert (said["title"], said["pages"], said["fields"]) == ("Ulysses", 732, ["Pages"])
    assert said["attachments"] == {"It's #1.txt": "hung on"}
    assert said["rights"] == [[MEGAN, ["Read"]]]
    assert said["members"] == [MEGAN]
