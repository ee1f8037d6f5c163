"""After a whole walk with its failures, no secret is in the database, its files, the logs."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from certificates import PASSWORD
from sqlalchemy import inspect, text

from fairlead.connect import sessions
from fairlead.oauth import new_verifier
from fairlead.store import Database, app_keys, environments, integrations
from fairlead.store.sealed import reseal
from fairlead.vault import Vault
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

CONNECTION = {"provider_config_key": "sp", "connection_id": "walk"}
AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


def files(folder: Path) -> dict[str, str]:
    """Return every file below a folder: name -> bytes, as characters."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name: path.read_bytes().decode("latin-1") for path in found}


async def rows(db: Database) -> str:
    """Return every row of every table, as text."""
    async with db.read() as tx:
        names = await tx.connection.run_sync(lambda it: inspect(it).get_table_names())
        return "\n".join([str(await tx.all(text(f'SELECT * FROM "{name}"'))) for name in names])


async def test_nothing_secret_is_kept_or_told_in_the_open(
    walk: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = walk.fairlead.services.settings
    secrets = {
        "client secret": "fairlead-secret~for-tests-only",
        "API key": settings.secret_key.get_secret_value(),
        "our key": settings.encryption_key.get_secret_value(),
    }

    def verifier() -> str:
        secrets[f"verifier {len(secrets)}"] = made = new_verifier()
        return made

    monkeypatch.setattr(sessions, "new_verifier", verifier)
    told = []

    async def asked(method: str, path: str, **more: Any) -> Any:
        answer = await walk.product.request(method, path, headers=AS_WALK, **more)
        told.append(answer.text)
        return answer

    await walk.connected()
    read = await walk.get("/connections/walk", provider_config_key="sp", refresh_token="true")
    secrets |= {"access": read["credentials"]["access_token"]}
    secrets |= {"refresh": read["credentials"]["refresh_token"]}
    made = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}})
    secrets["session"] = made["data"]["token"]
    # a trip under way: its verifier is stored
    url = f"{walk.fairlead.url}/oauth/connect/sp?connect_session_token={secrets['session']}"
    assert (await walk.browser.get(url, follow_redirects=False)).status_code == 302
    await walk.sync()
    # what breaks is meant for the calls below
    await walk.alone()
    path = f"/proxy/v1.0/drives/{walk.drive.id}/root:/x.txt:/content"
    await asked("PUT", path, content=b"x")
    await asked("GET", path)
    for status in (401, 403, 503):
        walk.breaks(host="graph", status=status)
        await asked("GET", "/proxy/v1.0/sites/root")
    walk.breaks(host="graph", cut_after=10)
    with pytest.raises(httpx.RemoteProtocolError):
        await asked("GET", "/proxy/v1.0/sites/root")
    read = await walk.get("/connections/walk", provider_config_key="sp", refresh_token="true")
    secrets["second access"] = read["credentials"]["access_token"]
    secrets["second refresh"] = read["credentials"]["refresh_token"]
    which = {"provider_config_key": "sp", "force_refresh": "true"}
    for status in (503, 400):
        walk.breaks(
            host="login", status=status, body=f'{{"error":"x {secrets["second refresh"]}"}}'
        )
        await asked("GET", "/connections/walk", params=which)
    await asked("PATCH", "/integrations/sp", json={"credentials": {"type": "OAUTH2"}})
    await asked("POST", "/connections", json=CONNECTION | {"credentials": {"refresh_token": "r"}})
    await asked("POST", "/action/trigger", json={"action_name": "get-drive-item", "input": {}})

    kept = {"rows": await rows(walk.fairlead.services.db), "logs": "".join(capfd.readouterr())}
    kept |= files(tmp_path)
    assert "connection established" in kept["logs"]
    assert read["connection_id"] in kept["rows"]
    assert len([name for name in secrets if name.startswith("verifier")]) >= 2
    found = [
        (what, where) for what, value in secrets.items() for where in kept if value in kept[where]
    ]
    assert found == []
    # errors tell a caller no more than logs
    assert [what for what, value in secrets.items() if value in "\n".join(told)] == []


async def test_no_key_or_what_was_filled_in_is_kept_or_told_in_the_open(
    walk: Any, tmp_path: Path, pair: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Keys that are made here or pasted, statements, and what a change of our key touches."""
    services = walk.fairlead.services
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    await walk.post("/integrations", {"provider": "sharepoint-online-v1", "unique_key": "v1"})
    config = {"tenantId": TENANT_ID, "tenantName": "contoso"}
    told = []
    for name, proof in (
        ("pasted", {"client_certificate": pair.pem, "client_private_key": pair.key_pem}),
        ("pfx", {"client_certificate_pfx": base64.b64encode(pair.pfx()).decode()}),
        ("stated", {"assertion": "a-pasted-s3cr3t-statement"}),
    ):
        credentials = {"type": "TWO_STEP", "clientId": DAEMON_APP_ID, **proof}
        if name == "pfx":
            credentials["client_certificate_password"] = PASSWORD
        body = {"provider_config_key": "v1", "connection_id": name, "connection_config": config}
        answer = await walk.product.post("/connections", json=body | {"credentials": credentials})
        assert answer.status_code == 201, answer.text
        query = {"provider_config_key": "v1", "force_refresh": "true"}
        told.append((await walk.product.get(f"/connections/{name}", params=query)).text)
    made = await walk.post("/integrations/v1/certificates", {})
    path = f"/integrations/v1/certificates/{made['data']['id']}"
    told.append(str(made))
    told.append((await walk.product.post(f"{path}/activate", json={})).text)
    async with services.db.read() as tx:
        [environment] = await environments.list_all(tx)
        integration = await integrations.find(tx, services.vault, environment.id, "v1")
        assert integration
        [key] = await app_keys.usable(tx, services.vault, integration.id, None)
    bad = {"type": "TWO_STEP", "clientId": "x", "client_certificate": pair.pem}
    for wrong in ({"client_private_key": "wr0ng-s3cr3t"}, {"nonsense": "wr0ng-s3cr3t"}):
        body = {"provider_config_key": "v1", "credentials": bad | wrong}
        told.append((await walk.product.post("/connections", json=body)).text)
    both = Vault.of(base64.b64encode(b"n" * 32).decode(), *services.settings.encryption_keys)
    assert (await reseal(services.db, both)).resealed >= 4

    secrets = {
        "pasted key": pair.key_pem.splitlines()[5],
        "pfx": base64.b64encode(pair.pfx()).decode()[200:260],
        "password": PASSWORD,
        "statement": "a-pasted-s3cr3t-statement",
        "our key": key.private_key.get_secret_value().splitlines()[5],
        "wrong": "wr0ng-s3cr3t",
    }
    for each in ("pasted", "pfx"):
        read = await walk.product.get(f"/connections/{each}", params={"provider_config_key": "v1"})
        secrets[f"token {each}"] = read.json()["credentials"]["token"]
    kept = {"rows": await rows(services.db), "logs": "".join(capfd.readouterr())}
    kept |= files(tmp_path)
    assert key.thumbprint in kept["rows"]
    found = [
        (what, where) for what, value in secrets.items() for where in kept if value in kept[where]
    ]
    assert found == []
    hidden = {what: value for what, value in secrets.items() if not what.startswith("token")}
    # what was pasted as a statement is told to whoever may read credentials, as its type says
    assert [what for what, value in hidden.items() if value in "\n".join(told)] == []
