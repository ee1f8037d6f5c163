"""What the busiest calls cost, in calls of our own functions: the same on every machine."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

#: of one call; a quarter above what they are now
MOST_OF_A_PROXIED_CALL = 87
MOST_OF_A_READ = 38
MOST_OF_AN_ACTION = 150

Call = Callable[[], Awaitable[Any]]


async def _calls(call: Call) -> int:
    """Return how many functions of fairlead one more call runs, after a few to get warm."""
    for _ in range(3):
        await call()
    count = 0

    def note(frame: Any, event: str, _: object) -> None:
        nonlocal count
        if event == "call" and "/src/fairlead/" in frame.f_code.co_filename:
            count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        await call()
    finally:
        sys.setprofile(before)
    return count


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def test_a_proxied_call(world: Any) -> None:
    headers = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}

    async def call() -> None:
        assert (await world.client.get("/proxy/x", headers=headers)).status_code == 200

    # the fewest of some: now and then something else has its turn meanwhile
    calls = min([await _calls(call) for _ in range(5)])
    assert 20 < calls <= MOST_OF_A_PROXIED_CALL


async def test_a_read(world: Any) -> None:
    async def call() -> None:
        url = "/connections/c1?provider_config_key=acme"
        assert (await world.client.get(url)).status_code == 200

    # the fewest of some: now and then something else has its turn meanwhile
    calls = min([await _calls(call) for _ in range(5)])
    assert 10 < calls <= MOST_OF_A_READ


async def test_an_action(world: Any) -> None:
    headers = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
    body = {"action_name": "shout", "input": {"text": "a"}}

    async def call() -> None:
        answer = await world.client.post("/action/trigger", json=body, headers=headers)
        assert answer.status_code == 200

    # the fewest of some: now and then something else has its turn meanwhile
    calls = min([await _calls(call) for _ in range(5)])
    assert 10 < calls <= MOST_OF_AN_ACTION
