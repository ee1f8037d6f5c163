"""`fairlead doctor`: text or JSON, and exit codes."""

import base64
import json
import re
from typing import Any

import pytest
from clinic import Clinic
from pydantic import SecretStr

from fairlead.cli.doctor import doctor
from fairlead.settings import Settings, SettingsInvalid
from fairlead.vault import Vault
from m365sim.entra.contoso import WEB_APP_ID

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def settings(clinic: Clinic, sqlite_url: str) -> Settings:
    clinic.vault = Vault.of(KEY)
    return Settings(database_url=sqlite_url, encryption_key=SecretStr(KEY))


async def test_a_healthy_connection(clinic: Clinic, settings: Settings, capsys: Any) -> None:
    connection = await clinic.person()
    settings = settings.model_copy(update={"server_url": "https://fairlead.example"})
    capsys.readouterr()
    assert await doctor(settings, connection.connection_id, None, [], json=False) == 0
    out = capsys.readouterr().out
    assert re.search(r"c2 of i2: healthy\n", out)
    assert "· scopes_too_broad (advice; operator must act)" in out
    assert re.search(r"  passed   renewal: The vendor gave a new access token", out)


async def test_a_connection_that_is_not(clinic: Clinic, settings: Settings, capsys: Any) -> None:
    connection = await clinic.person()
    clinic.world.directory.apps[WEB_APP_ID].enabled = False
    capsys.readouterr()
    assert await doctor(settings, connection.connection_id, "i2", [], json=False) == 1
    out = capsys.readouterr().out
    assert "c2 of i2: not healthy" in out
    assert "✗ app_disabled (problem; operator must act)" in out
    assert await doctor(settings, connection.connection_id, None, ["v1.0/me"], json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert "app_disabled" in {finding["code"] for finding in told["findings"]}


async def test_which_connection(clinic: Clinic, settings: Settings) -> None:
    await clinic.person()
    with pytest.raises(SettingsInvalid, match="no connection 'none' of 'sp'; GET /connections"):
        await doctor(settings, "none", "sp", [], json=False)
    with pytest.raises(SettingsInvalid, match="FAIRLEAD_ENCRYPTION_KEY is not set"):
        await doctor(Settings(database_url=settings.database_url), "c2", None, [], json=False)
    with pytest.raises(SettingsInvalid, match="does not exist"):
        nowhere = settings.model_copy(update={"database_url": "sqlite:////nowhere/at/all"})
        await doctor(nowhere, "c2", None, [], json=False)
