"""Whatever asks vendors goes out as the server does: by the operator's proxy, past its guard."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from fairlead.app import open_services
from fairlead.engine.queue import InlineQueue
from fairlead.http.egress import EgressPolicy
from fairlead.http.transport import Transport
from fairlead.settings import Settings

Run = Callable[..., tuple[int, str, str]]
KEY = base64.b64encode(bytes(32)).decode()
PROXY = "http://somebody:hush@proxy.example:3128"


class Opened(Exception):
    """A transport was opened; nothing further is of interest."""


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How transports are opened: proxy, and the policy."""
    told = []

    async def note(policy: EgressPolicy, **given: Any) -> None:
        told.append(given | {"policy": policy})
        raise Opened

    monkeypatch.setattr(Transport, "open", note)
    return told


@pytest.mark.parametrize(
    "command",
    [
        ("credentials", "list", "i"),
        ("doctor", "c1"),
        ("run", "get-site", "--connection", "c1"),
    ],
)
def test_a_command(run: Run, ways: list[dict[str, Any]], command: tuple[str, ...]) -> None:
    env = {"encryption_key": KEY, "egress_proxy": PROXY, "egress_allow": "10.1.2.3"}
    run("db", "upgrade", **env)
    with pytest.raises(Opened):
        run(*command, **env)
    [way] = ways
    assert way["proxy"] == PROXY
    way["policy"].check_url("http://10.1.2.3/x")


async def test_the_server(sqlite_url: str, ways: list[dict[str, Any]]) -> None:
    settings = Settings(database_url=sqlite_url, encryption_key=KEY, egress_proxy=PROXY)
    with pytest.raises(Opened):
        async with open_services(settings, queue=InlineQueue()):
            pass
    [way] = ways
    assert way["proxy"] == PROXY
