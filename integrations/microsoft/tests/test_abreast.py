"""Places read at once: each in its order, cut and gone on from exactly, and waited for together."""

import asyncio
from contextlib import aclosing

import pytest
from plain_http import Http

from fairlead_microsoft.sharepoint.abreast import abreast
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM


class Places:
    """Places that yield when told to, and note what became of them."""

    def __init__(self):
        self.open, self.closed, self.most_open = 0, [], 0
        self.gates = {}

    async def read(self, name, count):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        gate = self.gates.setdefault(name, asyncio.Event())
        try:
            for number in range(count):
                await gate.wait()
                if count == 99:
                    raise ValueError(name)
                yield f"{name}{number}"
        finally:
            self.open -= 1
            self.closed.append(name)


@pytest.fixture
def places():
    return Places()


async def test_each_place_keeps_its_order_and_all_are_read(places):
    read = [places.read(name, 3) for name in "abcd"]
    found = []
    for gate in "abcd":
        places.gates[gate] = asyncio.Event()
        places.gates[gate].set()
    async with aclosing(abreast(read, 2)) as batches:
        found = [one async for one in batches]
    assert sorted(found) == sorted(f"{name}{n}" for name in "abcd" for n in range(3))
    assert [one for one in found if one[0] == "c"] == ["c0", "c1", "c2"]
    assert places.most_open == 2
    assert sorted(places.closed) == list("abcd")


async def test_a_slow_place_keeps_nobody_waiting(places):
    quick = places.gates["b"] = asyncio.Event()
    quick.set()
    async with aclosing(abreast([places.read("a", 1), places.read("b", 2)])) as batches:
        assert [await anext(batches), await anext(batches)] == ["b0", "b1"]
        places.gates["a"].set()
        assert await anext(batches) == "a0"


async def test_a_place_goes_on_only_when_its_batch_was_dealt_with(places):
    for name in "ab":
        places.gates[name] = asyncio.Event()
        places.gates[name].set()
    dealt = []

    async def place(name):
        async with aclosing(places.read(name, 3)) as read:
            async for one in read:
                yield one
                assert one in dealt

    async with aclosing(abreast([place("a"), place("b")])) as batches:
        async for one in batches:
            await asyncio.sleep(0)
            dealt.append(one)
    assert len(dealt) == 6


async def test_an_error_of_one_gives_the_others_up(places):
    places.gates["a"], places.gates["b"] = asyncio.Event(), asyncio.Event()
    places.gates["b"].set()
    with pytest.raises(ValueError, match="b"):
        async with aclosing(abreast([places.read("a", 1), places.read("b", 99)])) as batches:
            await anext(batches)
    assert sorted(places.closed) == ["a", "b"]
    assert places.open == 0


async def test_whoever_stops_gives_all_up(places):
    places.gates["a"] = asyncio.Event()
    places.gates["a"].set()
    async with aclosing(abreast([places.read("a", 3), places.read("b", 3)])) as batches:
        assert await anext(batches) == "a0"
    assert places.open == 0


def _truth(drives):
    return {
        f"{drive.id}/{drive.item_id(item.uid)}": drive.path(item)
        for drive in drives
        for item in drive.walk(drive.root)
        if item.parent is not None
    }


def _mirror(syncs):
    return {key: one["path"] for key, one in syncs.live("drive-items").items()}


def _drives(syncs):
    """Six libraries of different sizes."""
    drives = [drive for drive in syncs.world.content.drives() if not drive.is_system][:6]
    for size, drive in enumerate(drives):
        folder = drive.create_folder(drive.root, "Abreast", SYSTEM)
        for number in range(3 * size):
            drive.put_file(folder, f"{number}.txt", MemoryBlob(b"x"), SYSTEM)
    return drives


async def test_a_run_that_is_cut_anywhere_goes_on_in_every_drive(syncs):
    drives = _drives(syncs)
    assert len(drives) > 3
    chosen = {"driveIds": [drive.id for drive in drives]}
    syncs.world.quirks.change(page_size=3)
    # cut after one batch, then after two of the next run, and so on to the end
    for batches in range(1, 40):
        ran = await syncs.run("drive-items", chosen, stop_after=batches)
        if ran.is_finished:
            break
    assert ran.is_finished
    assert _mirror(syncs) == _truth(drives)
    # and once more, for changes
    for drive in drives:
        folder = drive.resolve(drive.root, ["Abreast"])
        drive.update(folder, SYSTEM, name="Renamed")
        drive.put_file(folder, "new.txt", MemoryBlob(b"y"), SYSTEM)
    for batches in range(1, 40):
        ran = await syncs.run("drive-items", chosen, stop_after=batches)
        if ran.is_finished:
            break
    assert _mirror(syncs) == _truth(drives)


async def test_a_closed_drive_stops_no_other_and_keeps_its_position(syncs):
    drives = _drives(syncs)
    chosen = {"driveIds": [drive.id for drive in drives]}
    await syncs.run("drive-items", chosen)
    closed = drives[2]
    for drive in drives:
        drive.put_file(drive.root, "new.txt", MemoryBlob(b"y"), SYSTEM)
    path = f"*{closed.id}/root/delta*"
    syncs.world.faults.add(Fault(host="graph", path=path, status=423))
    ran = await syncs.run("drive-items", chosen)
    assert len(ran.skipped) == 1
    missing = _truth(drives).keys() - _mirror(syncs).keys()
    assert len(missing) == 1
    await syncs.run("drive-items", chosen)
    assert _mirror(syncs) == _truth(drives)


class Slow(Http):
    """A vendor who answers when all that can be asked at once was asked."""

    def __init__(self, http):
        self.__dict__ = http.__dict__
        self.under_way = self.most_under_way = 0

    async def __call__(self, request):
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            # everybody's turn, before anybody gets an answer
            for _ in range(50):
                await asyncio.sleep(0)
            return await super().__call__(request)
        finally:
            self.under_way -= 1


async def test_drives_are_asked_at_once(syncs):
    drives = _drives(syncs)
    slow = syncs.http = Slow(syncs.http)
    await syncs.run("drive-items", {"driveIds": [drive.id for drive in drives]})
    assert slow.most_under_way >= len(drives)
