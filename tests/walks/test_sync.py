"""The sync walk: a library mirrored, kept current, and repaired after faults."""

from typing import Any

import pytest

from m365sim.files import Actor

SOMEBODY = Actor("somebody-id", "Somebody", "somebody@contoso.onmicrosoft.com")


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    await walk.settled()


def live(records: list[dict[str, Any]]) -> set[str]:
    return {each["path"] for each in records if each["_nango_metadata"]["last_action"] != "DELETED"}


def put(walk: Any, *paths: str) -> None:
    from m365sim.files.blob import MemoryBlob

    for path in paths:
        walk.drive.put_file(walk.drive.root, path, MemoryBlob(path.encode()), SOMEBODY)


async def test_a_library_is_mirrored_and_kept_current(walk: Any) -> None:
    put(walk, "a.txt", "b.txt", "c.txt")
    await walk.sync()
    before = await walk.records()
    assert live(before) == set(walk.files())
    cursor = before[-1]["_nango_metadata"]["cursor"]

    put(walk, "new.txt")
    drive = walk.drive
    named = {item.name: item for item in drive.children(drive.root.uid)}
    drive.update(named["a.txt"], SOMEBODY, name="renamed.txt")
    drive.delete(named["b.txt"])
    status = await walk.sync()
    assert status["latestResult"] == {"DriveItem": {"added": 1, "updated": 1, "deleted": 1}}
    changed = {
        each["path"]: each["_nango_metadata"]["last_action"] for each in await walk.records(cursor)
    }
    assert changed == {"/new.txt": "ADDED", "/renamed.txt": "UPDATED", "/b.txt": "DELETED"}
    assert live(await walk.records()) == set(walk.files())
    assert status["recordCount"] == {"DriveItem": len(walk.files())}


@pytest.mark.parametrize("status", [429, 503])
async def test_passing_trouble_is_waited_out(walk: Any, status: int) -> None:
    put(walk, "late.txt")
    walk.breaks(host="graph", status=status, retry_after=0, count=2)
    assert (await walk.sync())["status"] == "SUCCESS"
    assert live(await walk.records()) == set(walk.files())


async def test_a_lost_position_is_read_afresh(walk: Any) -> None:
    put(walk, "kept.txt", "gone.txt")
    await walk.sync()
    drive = walk.drive
    [gone] = [item for item in drive.children(drive.root.uid) if item.name == "gone.txt"]
    drive.delete(gone)
    walk.cloud.world.content.expire_delta_tokens()
    status = await walk.sync()
    assert status["status"] == "SUCCESS"
    assert live(await walk.records()) == set(walk.files())


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_is_told_and_nothing_is_lost(walk: Any, status: int) -> None:
    await walk.alone()
    before = await walk.records()
    walk.breaks(host="graph", status=status, count=None)
    after = await walk.sync()
    assert after["status"] == "ERROR"
    failure = after["latestExecution"]["failure"]
    assert failure["message"]
    assert failure["who"] in {"vendor", "operator", "end user", "caller"}
    assert await walk.records() == before
    assert [each["type"] for each in await faults(walk)] == ["sync"]
    walk.cloud.world.faults.rules.clear()
    assert (await walk.sync())["status"] == "SUCCESS"
    assert await faults(walk) == []


async def test_the_cloud_goes_down_in_the_midst_of_a_sync(walk: Any) -> None:
    """What was stored stays, the next run goes on from there, and nothing comes twice."""
    put(walk, *(f"{number}.txt" for number in range(450)))
    await walk.alone()
    walk.breaks(host="graph", path="*root/delta*", skip=1, status=503, retry_after=0, count=None)
    failed = await walk.sync()
    assert failed["status"] == "ERROR"
    assert "try again later" in failed["latestExecution"]["failure"]["message"]
    kept = await walk.records()
    assert 0 < len(kept) < len(walk.files())
    walk.cloud.world.faults.remove()
    after = await walk.sync()
    assert after["latestExecution"]["counts"]["DriveItem"]["added"] == len(walk.files()) - len(kept)
    assert live(await walk.records()) == set(walk.files())
    assert await faults(walk) == []


async def faults(walk: Any) -> list[dict[str, Any]]:
    [listed] = (await walk.get("/connections"))["connections"]
    return list(listed["errors"])


async def test_a_connection_goes_while_its_sync_runs(walk: Any) -> None:
    url = "/connections/walk"
    read = await walk.get(url, provider_config_key="sp", refresh_token="true")
    kept = ("type", "access_token", "refresh_token", "expires_at")
    credentials = {name: read["credentials"][name] for name in kept}
    for _ in range(8):
        answer = await walk.product.delete(url, params={"provider_config_key": "sp"})
        assert answer.json() == {"success": True}
        # a new connection starts its sync at once
        await walk.import_connection(credentials)
    assert (await walk.settled())["status"] == "SUCCESS"
    assert live(await walk.records()) == set(walk.files())
