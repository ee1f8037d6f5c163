"""Reads of one connection: the same answer again only while nothing was committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from fairlead.api import connection_read
from fairlead.store import Database, connections

URL = "/connections/c1?provider_config_key=acme"


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()
    # the first read notes that the connection is in use
    await world.client.get(URL)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Any:
    """How many connections are written out as JSON while a block runs."""
    real = connection_read.connection_out
    count = 0

    def counting(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return real(*given, **named)

    monkeypatch.setattr(connection_read, "connection_out", counting)

    @contextmanager
    def expect(number: int) -> Iterator[None]:
        before = count
        yield
        assert count - before == number

    return expect


async def test_the_same_again_while_nothing_was_committed(world: Any, written: Any) -> None:
    with written(1):
        first, second = [await world.client.get(URL) for _ in range(2)]
    assert first.content == second.content
    assert first.json()["credentials"]["access_token"] == "access-0"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_each_question_has_its_own_answer(world: Any, check: Any) -> None:
    await world.client.get(URL)
    full = (await world.client.get(f"{URL}&refresh_token=true")).json()
    assert full["credentials"]["refresh_token"] == "refresh-0"
    assert "refresh_token" not in (await world.client.get(URL)).json()["credentials"]
    check(await world.client.get(f"{URL}&colour=red"), 400, "invalid_query_params")
    await world.connection("c2")
    other = await world.client.get(URL.replace("c1", "c2"))
    assert other.json()["connection_id"] == "c2"


async def test_what_is_changed_here_is_seen_at_once(world: Any) -> None:
    await world.client.get(URL)
    names = {"connection_id": "c1", "provider_config_key": "acme"}
    await world.client.post("/connections/metadata", json=names | {"metadata": {"a": 1}})
    assert (await world.client.get(URL)).json()["metadata"] == {"a": 1}
    await world.client.delete(URL)
    assert (await world.client.get(URL)).status_code == 404


async def test_what_another_process_commits_is_seen_at_once(world: Any) -> None:
    await world.client.get(URL)
    other = await Database.open(world.services.db.url)
    try:
        async with other.write() as tx:
            [only] = await connections.find_any(tx, 1, "c1")
            await connections.delete(tx, only.id)
    finally:
        await other.close()
    assert (await world.client.get(URL)).status_code == 404


async def test_what_was_forgotten_is_read_anew(world: Any, written: Any) -> None:
    await world.client.get(URL)
    pk = (await world.client.get(URL)).json()["id"]
    world.services.freshener.forget(pk)
    with written(1):
        await world.client.get(URL)


async def test_credentials_that_are_due_are_renewed_all_the_same(world: Any) -> None:
    await world.client.get(URL)
    world.clock.advance(timedelta(minutes=50))
    assert (await world.client.get(URL)).json()["credentials"]["access_token"] == "access-1"
    forced = await world.client.get(f"{URL}&force_refresh=true")
    assert forced.json()["credentials"]["access_token"] == "access-2"
    assert (await world.client.get(URL)).json()["credentials"]["access_token"] == "access-2"


async def test_that_it_is_in_use_is_noted_all_the_same(world: Any) -> None:
    before = (await world.client.get(URL)).json()["last_fetched_at"]
    world.clock.advance(timedelta(seconds=11))
    assert (await world.client.get(URL)).json()["last_fetched_at"] > before
