"""The composition root: what it refuses, what it makes ready, how it serves and stops."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from fairlead.app import open_services, running, serve
from fairlead.engine.queue import InlineQueue
from fairlead.errors import OperatorError
from fairlead.model.provider import AuthMode, Provider
from fairlead.opening import loopback_origins
from fairlead.sdk import Pack, Registry
from fairlead.settings import Settings, SettingsInvalid

ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRET_KEY = "test-secret-key-0123456789"


def settings(url: str, **more: Any) -> Settings:
    values = {"encryption_key": ENCRYPTION_KEY, "secret_key": SECRET_KEY} | more
    return Settings(database_url=url, **values)


def registry(*providers: Provider) -> Registry:
    return Registry([Pack("acme", api=lambda send, _config: send, providers=providers)])


async def refusal(given: Settings) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        async with running(given, registry=registry()):
            pass
    text = str(refused.value)
    assert "\n" not in text
    return text


async def test_no_start_without_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.sqlite"
    assert "FAIRLEAD_ENCRYPTION_KEY" in await refusal(settings(url, encryption_key=None))
    assert "FAIRLEAD_SECRET_KEY" in await refusal(settings(url, secret_key=None))


async def test_no_start_without_a_place_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = await refusal(settings(f"sqlite:///{tmp_path}/file/below/x.sqlite"))
    assert said.startswith("FAIRLEAD_DATABASE_URL: ")
    assert "cannot be made" in said


async def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    async with running(settings(f"sqlite:///{tmp_path}/x.sqlite"), registry=registry(), work=False):
        for name in ("x.sqlite", "x.sqlite-wal"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


async def test_no_start_on_an_address_nobody_can_read() -> None:
    given = settings("postgresql://somebody:geheim@127.0.0.1:port/name")
    with pytest.raises(OperatorError, match=r"^FAIRLEAD_DATABASE_URL cannot be read") as refused:
        async with running(given, registry=registry()):
            pass
    assert "geheim" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


async def test_no_start_on_a_taken_port(tmp_path: Path) -> None:
    given = settings(f"sqlite:///{tmp_path}/x.sqlite")
    async with running(given, registry=registry(), work=False) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(SettingsInvalid, match="cannot listen on 127"):
            async with running(given, port=port, registry=registry()):
                pass


@pytest.fixture
def empty_postgresql(make_postgresql: Callable[[], str]) -> str:
    return make_postgresql()


async def test_postgresql_must_be_migrated_by_hand(empty_postgresql: str) -> None:
    assert "run: fairlead db upgrade" in await refusal(settings(empty_postgresql))


async def test_postgresql_that_does_not_answer(unused_tcp_port: int) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/nothing"
    with pytest.raises(OperatorError, match="FAIRLEAD_DATABASE_URL"):
        async with running(settings(url), registry=registry()):
            pass


async def test_sqlite_is_migrated_and_keys_follow_the_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/down/x.sqlite"
    for key in ("first-key-0123456789", "second-key-0123456789"):
        async with (
            running(settings(url, secret_key=key), registry=registry(), work=False) as server,
            aiohttp.ClientSession(server.url) as http,
        ):
            for used in ("first-key-0123456789", "second-key-0123456789"):
                headers = {"Authorization": f"Bearer {used}"}
                async with http.get("/integrations", headers=headers) as answer:
                    assert answer.status == (200 if used == key else 401)
                    assert "Date" in answer.headers
                    assert "Server" not in answer.headers


async def test_a_worker_needs_no_api_key(tmp_path: Path) -> None:
    given = settings(f"sqlite:///{tmp_path}/x.sqlite", secret_key=None)
    async with open_services(given, registry=registry(), queue=InlineQueue()) as services:
        assert services.settings.secret_key is None


async def test_a_signal_ends_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = settings(f"sqlite:///{tmp_path}/x.sqlite")
    # another test may have run a command that logs errors only
    structlog.reset_defaults()
    serving = asyncio.create_task(serve(given, "127.0.0.1", 0))
    said = ""
    async with asyncio.timeout(30):
        while "server started" not in said and not serving.done():
            await asyncio.sleep(0.02)
            # wherever the log goes: another test may have configured it first
            said += "".join(capfd.readouterr())
        # the handlers are in place before the server answers
        os.kill(os.getpid(), signal.SIGTERM)
        await serving


async def test_the_websocket_over_the_wire(tmp_path: Path) -> None:
    given = settings(f"sqlite:///{tmp_path}/x.sqlite")
    async with (
        running(given, registry=registry(), work=False) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        async with http.ws_connect("/") as socket:
            greeting = await socket.receive_json()
            assert greeting["message_type"] == "connection_ack"
            assert len(greeting["ws_client_id"]) == 36
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect("/elsewhere")


def test_own_addresses_on_this_machine_may_be_called() -> None:
    def provider(**urls: Any) -> Provider:
        return Provider(name="p", display_name="P", auth_mode=AuthMode.OAUTH2, **urls)

    local = provider(
        base_url="http://127.0.0.1:4001/v1",
        token_url="http://127.0.0.1:4000/${connectionConfig.tenant}/token",
        credential_origins=("http://[::1]:4003",),
        open_origins=("http://*.localhost:4002", "https://${connectionConfig.x}.example"),
    )
    assert loopback_origins(registry(local)) == {
        "127.0.0.1:4001",
        "127.0.0.1:4000",
        "[::1]:4003",
        "localhost:4002",
    }
    remote = provider(base_url="https://api.example", token_url="http://10.0.0.1/token")
    assert loopback_origins(registry(remote)) == set()


async def test_providers_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text('{"mine": {"display_name": "Mine", "auth_mode": "NONE", "proxy": {}}}')
    given = settings(f"sqlite:///{tmp_path}/x.sqlite", providers_file=str(file))
    with pytest.raises(OperatorError, match=r"providers\.json:1: mine lacks proxy\.base_url"):
        async with open_services(given, registry=registry(), work=False):
            pass
    file.write_text(
        '{"mine": {"display_name": "Mine", "auth_mode": "NONE",'
        ' "proxy": {"base_url": "https://mine.example"}}}'
    )
    async with open_services(given, registry=registry(), work=False) as services:
        assert services.registry.provider("mine").base_url == "https://mine.example"
