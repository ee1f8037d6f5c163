"""Requests of each sync, initial and after a change in each place, against one call for each thing.

The counts are the same every time: they follow from the tenant, not from the machine. "One by one"
is how these syncs are commonly written: each place after the other, a page of 100 at a time, one
call for each item that needs one; the numbers follow from what was mirrored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from bench.table import table
from fairlead.http import EgressPolicy, Transport
from fairlead.model.budget import Toll
from fairlead.model.clock import ManualClock
from fairlead.model.exchange import Request, Response
from fairlead.sdk.testing import Table, run_sync
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.graph.units import toll
from m365sim.files import Drive
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.server import Running, running
from m365sim.testing import delegated_token
from m365sim.world import World

#: files that each library has beyond those of the sample tenant
FILES = 300
PAGE = 100
SCOPES = ("Sites.FullControl.All", "Sites.Read.All", "Files.Read.All")

#: live records of a run -> requests, made one by one
OneByOne = Callable[["_Mirrored"], int]


class _Counted:
    """A Send as one user that counts."""

    def __init__(self, transport: Transport, token: str) -> None:
        self._transport = transport
        self._headers = {"Authorization": f"Bearer {token}"}
        self.requests = 0
        self.units = 0

    async def __call__(self, request: Request) -> Response:
        self.requests += 1
        cost: Toll = toll(request)
        self.units += cost.units
        headers = {**request.headers, **self._headers}
        sent = Request(method=request.method, url=request.url, headers=headers, body=request.body)
        return await self._transport.send(sent)


@dataclass(frozen=True, slots=True)
class _Mirrored:
    """What a sync mirrored, and of how many sites and drives."""

    records: list[dict[str, Any]]
    sites: int
    drives: int
    changed: int

    def pages(self, *fields: str) -> int:
        """Return pages of 100, of each place that the fields tell apart."""
        groups = Counter(tuple(one.get(field) for field in fields) for one in self.records)
        return sum(_pages(count) for count in groups.values()) or 1

    def different(self, field: str) -> int:
        """Return how many different values there are."""
        return len({one.get(field) for one in self.records})


def _pages(count: int) -> int:
    return max(1, ceil(count / PAGE))


#: sync -> requests of an initial run and of one after a file of each drive changed
_ONE_BY_ONE: Mapping[str, tuple[OneByOne, OneByOne]] = {
    "sites": (lambda m: 1 + m.sites, lambda m: 1 + m.sites),
    "subsites": (lambda m: 1 + m.sites, lambda m: 1 + m.sites),
    "drives": (lambda m: 1 + m.sites, lambda m: 1 + m.sites),
    "drive-items": (lambda m: 1 + m.pages("driveId"), lambda m: 1 + m.drives),
    "drive-item-versions": (
        lambda m: 1 + m.sites + _pages(FILES) * m.drives + m.different("itemId"),
        lambda m: 1 + m.sites + m.drives + m.changed,
    ),
    "lists": (lambda m: 1 + m.sites, lambda m: 1 + m.sites),
    "list-items": (
        lambda m: 1 + m.sites + m.pages("siteId", "listId"),
        lambda m: 1 + m.sites + m.different("listId"),
    ),
    "list-columns": (
        lambda m: 1 + m.sites + m.pages("siteId", "listId"),
        lambda m: 1 + m.sites + m.pages("siteId", "listId"),
    ),
    "site-columns": (lambda m: m.pages("siteId"), lambda m: m.pages("siteId")),
    "content-types": (
        lambda m: ceil(m.sites / 5) + m.pages("siteId"),
        lambda m: ceil(m.sites / 5) + m.pages("siteId"),
    ),
    "site-pages": (lambda m: m.sites, lambda m: m.sites),
    "permissions": (
        lambda m: m.drives * (_pages(FILES) + FILES),
        lambda m: m.drives * (_pages(FILES) + FILES),
    ),
    "user-files": (lambda m: 1 + m.pages("driveId"), lambda m: 1 + m.different("driveId")),
    "user-files-selection": (lambda m: len(m.records), lambda m: len(m.records)),
    "shared-sites-selection": (
        lambda m: m.sites + m.pages("driveId"),
        lambda m: m.sites + m.drives,
    ),
}


async def measure(scale: float) -> None:
    """Print the table; `scale` changes nothing, because counts cost little."""
    del scale
    rows = await counts()
    table(
        f"Requests of each sync: libraries of {FILES} files",
        ["", "records", "initial", "one by one", "units", "after changes", "one by one", "units"],
        rows,
    )


async def counts() -> list[list[str]]:
    """Run every sync twice and return the rows of the table."""
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(running())
        policy = EgressPolicy(["127.0.0.1"])
        clock = ManualClock(datetime(2026, 11, 24, tzinfo=UTC))
        transport = await Transport.open(policy, clock=clock)
        stack.push_async_callback(transport.close)
        return await _all(cloud, transport)


async def _all(cloud: Running, transport: Transport) -> list[list[str]]:
    world, functions = cloud.world, pack(Cloud("custom", **cloud.cloud))
    token = delegated_token(world, "alex", SCOPES)
    sites = [site for site in world.content.sites if not site.is_personal]
    drives = [site.drives[0] for site in sites]
    picked: list[dict[str, str]] = []
    for drive in drives:
        folder = drive.create_folder(drive.root, "Counted", SYSTEM)
        for number in range(FILES):
            drive.put_file(folder, f"{number:03}.txt", MemoryBlob(b"x"), SYSTEM)
        picked += _files(drive)
    chosen = _metadata(world, [site.id for site in sites], drives, picked)
    memory: dict[str, tuple[Table, bytes | None]] = {}
    measured: dict[str, list[tuple[int, int, list[dict[str, Any]]]]] = {}
    for turn in range(2):
        for drive in drives if turn else ():
            first = drive.resolve(drive.root, ["Counted", "000.txt"])
            drive.replace_content(first, MemoryBlob(b"changed"), SYSTEM)
        for name in _ONE_BY_ONE:
            send = _Counted(transport, token)
            known, checkpoint = memory.get(name, (Table(), None))
            ran = await run_sync(
                functions,
                name,
                send,
                metadata=chosen.get(name),
                table=known,
                checkpoint=checkpoint,
            )
            memory[name] = known, ran.checkpoint
            live = list(known.live().values())
            measured.setdefault(name, []).append((send.requests, send.units, live))
    return [_row(name, both, len(sites), len(drives)) for name, both in sorted(measured.items())]


def _row(
    name: str, both: list[tuple[int, int, list[dict[str, Any]]]], sites: int, drives: int
) -> list[str]:
    (initial, units, records), (again, units_again, _) = both
    mirrored = _Mirrored(records, sites, drives, drives)
    first, second = (count(mirrored) for count in _ONE_BY_ONE[name])
    cells: Iterable[int] = (len(records), initial, first, units, again, second, units_again)
    return [name, *(f"{cell:,}" for cell in cells)]


def _files(drive: Drive) -> list[dict[str, str]]:
    folder = drive.resolve(drive.root, ["Counted"])
    names = [drive.resolve(folder, [f"{number:03}.txt"]) for number in range(20)]
    return [{"driveId": drive.id, "id": drive.item_id(item.uid)} for item in names]


def _metadata(
    world: World, sites: list[str], drives: list[Drive], picked: list[dict[str, str]]
) -> dict[str, dict[str, Any]]:
    del world
    pairs = [
        {"siteId": site, "driveId": drive.id} for site, drive in zip(sites, drives, strict=True)
    ]
    return {
        "sites": {"searchTerms": ["*"]},
        "drives": {"siteIds": sites},
        "drive-items": {"driveIds": [drive.id for drive in drives]},
        "drive-item-versions": {"drives": pairs},
        "site-columns": {"siteIds": sites},
        "site-pages": {"selectedSites": sites},
        "permissions": {"drives": pairs},
        "user-files-selection": {"pickedFiles": picked, "sharedSites": []},
        "shared-sites-selection": {"sharedSites": sites},
    }
