"""The pack against the emulator, over real sockets: sync, changes, faults, actions."""

from base64 import b64decode
from collections.abc import AsyncIterator

import aiohttp
import pytest
from plain_http import Http

from fairlead.errors import Rejected, Throttled
from fairlead.sdk import Pack
from fairlead.sdk.testing import SyncOutcome, Table, run_action, run_sync
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.graph import Graph
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.graph.item_shapes import etag
from m365sim.server import Running, running
from m365sim.testing import delegated_token


class Lab:
    """A cloud, the pack on it, and what the mirror holds."""

    def __init__(self, cloud: Running, http: Http) -> None:
        self.world = cloud.world
        self.http = http
        self.pack: Pack[Graph] = pack(Cloud("custom", **cloud.cloud))
        self.drive = self.world.content.drives()[1]
        self.table = Table()
        self.checkpoint: bytes | None = None

    async def sync(self, *, stop_after: int | None = None) -> SyncOutcome:
        self.http.requests.clear()
        ran = await run_sync(
            self.pack,
            "drive-items",
            self.http,
            metadata={"driveIds": [self.drive.id]},
            table=self.table,
            checkpoint=self.checkpoint,
            stop_after=stop_after,
        )
        self.checkpoint = ran.checkpoint
        return ran

    def mirror(self) -> dict[str, tuple]:
        return {
            record["itemId"]: (record["name"], record["path"], record["eTag"], record.get("size"))
            for record in self.table.live().values()
        }

    def truth(self) -> dict[str, tuple]:
        found = {}
        for item in self.drive.walk(self.drive.root):
            if item.parent is None:
                continue
            size = None if item.is_folder else item.blob.size
            shown = (item.name, self.drive.path(item), etag(item), size)
            found[self.drive.item_id(item.uid)] = shown
        return found

    def item(self, path: str):
        return self.drive.resolve(self.drive.root, path.split("/"))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with running() as cloud, aiohttp.ClientSession() as session:
        yield Lab(cloud, Http(session, cloud.urls.graph, delegated_token(cloud.world)))


async def test_a_first_run_mirrors_everything(lab):
    ran = await lab.sync()
    assert len(lab.truth()) > 8
    assert lab.mirror() == lab.truth()
    assert ran.counts.added == len(lab.truth())
    again = await lab.sync()
    assert len(lab.http.requests) == 1
    assert (again.counts.added, again.counts.updated, again.counts.deleted) == (0, 0, 0)


async def test_changes_are_followed(lab):
    await lab.sync()
    drive, folder = lab.drive, lab.item("Campaigns")
    drive.put_file(folder, "New é#%.txt", MemoryBlob(b"new"), SYSTEM)
    drive.replace_content(lab.item("Welcome.md"), MemoryBlob(b"other"), SYSTEM)
    drive.delete(lab.item("Empty file.txt"))
    made = drive.create_folder(folder, "Empty", SYSTEM)
    ran = await lab.sync()
    assert lab.mirror() == lab.truth()
    assert (ran.counts.added, ran.counts.updated, ran.counts.deleted) == (2, 1, 1)
    assert drive.item_id(made.uid) in lab.mirror()


async def test_a_renamed_folder_renames_what_lies_below(lab):
    await lab.sync()
    lab.drive.update(lab.item("Campaigns"), SYSTEM, name="Kampagnen")
    await lab.sync()
    assert lab.mirror() == lab.truth()
    assert any(path.startswith("/Kampagnen/2026 Q3/") for _, path, *_ in lab.mirror().values())


@pytest.mark.parametrize("with_children", [False, True])
async def test_a_deleted_folder_takes_its_contents_along_and_back(lab, with_children):
    await lab.sync()
    folder = lab.item("Campaigns")
    lab.drive.delete(folder, report_children=with_children)
    await lab.sync()
    assert lab.mirror() == lab.truth()
    assert len(lab.mirror()) < 6
    lab.drive.restore(folder.uid)
    await lab.sync()
    assert lab.mirror() == lab.truth()


async def test_an_expired_position_reads_afresh_and_sweeps(lab):
    await lab.sync()
    lab.drive.delete(lab.item("Welcome.md"))
    lab.world.content.expire_delta_tokens()
    ran = await lab.sync()
    assert lab.mirror() == lab.truth()
    assert ran.counts.deleted == 1


@pytest.mark.parametrize(
    "quirks",
    [
        {"empty_page_every": 2},
        {"repeat_across_pages": True},
        {"parent_echo": False},
        {"delta_ctag": False},
        {"path_encoded": False},
        {"deleted_name": True, "deleted_state": "softdeleted"},
        {"deleted_children": True},
        {"resync_location": False, "resync_code": "resyncChangesUploadDifferences"},
        {"folder_touch": False},
    ],
    ids=lambda quirks: next(iter(quirks)),
)
async def test_every_manner_of_the_service(lab, quirks):
    lab.world.quirks.change(page_size=2, **quirks)
    first = await lab.sync(stop_after=2)
    assert not first.is_finished
    await lab.sync()
    assert lab.mirror() == lab.truth()
    lab.drive.delete(lab.item("Press"))
    lab.drive.update(lab.item("Campaigns/2026 Q3"), SYSTEM, parent=lab.drive.root)
    await lab.sync(stop_after=1)
    await lab.sync()
    assert lab.mirror() == lab.truth()
    lab.world.content.expire_delta_tokens()
    await lab.sync(stop_after=1)
    await lab.sync()
    assert lab.mirror() == lab.truth()


async def test_410_in_the_midst_of_a_read(lab):
    lab.world.quirks.change(page_size=2)
    lab.world.faults.add(Fault(host="graph", path="*/root/delta*", skip=2, status=410))
    ran = await lab.sync()
    assert lab.mirror() == lab.truth()
    assert [batch.restart for batch in ran.batches].count(True) == 2


async def test_faults_lose_nothing(lab):
    await lab.sync()
    before = lab.mirror()
    for status, kind in ((429, Throttled), (404, Rejected), (403, Rejected)):
        lab.world.faults.add(
            Fault(host="graph", path="*/root/delta*", status=status, retry_after=7)
        )
        with pytest.raises(kind):
            await lab.sync()
        assert lab.mirror() == before


async def test_the_actions(lab):
    sites = await run_action(lab.pack, "list-shared-sites", None, lab.http)
    marketing = next(one for one in sites["sites"] if one["displayName"] == "Marketing")
    item = lab.item("Campaigns/2026 Q3/Budget #2 (50%).csv")
    where = {
        "siteId": marketing["id"],
        "driveId": lab.drive.id,
        "itemId": lab.drive.item_id(item.uid),
    }
    found = await run_action(lab.pack, "get-drive-item", where, lab.http)
    assert (found["name"], found["size"]) == (item.name, item.blob.size)
    content = await run_action(lab.pack, "download-drive-item-content", where, lab.http)
    assert b64decode(content["content"]) == b"item,amount\nprint,1200\nfair,8000\n"
    with pytest.raises(Rejected) as told:
        await run_action(lab.pack, "get-drive-item", {**where, "itemId": "01NOPE"}, lab.http)
    assert told.value.provider_status == 404


async def test_without_metadata_the_root_sites_libraries_are_mirrored(lab):
    ran = await run_sync(lab.pack, "drive-items", lab.http)
    root = [
        drive.id
        for drive in lab.world.content.drives()
        if not drive.site.path and not drive.is_system
    ]
    assert {batch.partition for batch in ran.batches} == set(root)


async def test_a_renamed_folder_costs_one_request(lab):
    deep = lab.drive.create_folder(lab.item("Campaigns"), "Deep", SYSTEM)
    for number in range(30):
        lab.drive.put_file(deep, f"{number}.txt", MemoryBlob(b"x"), SYSTEM)
    await lab.sync()
    lab.drive.update(lab.item("Campaigns"), SYSTEM, name="Kampagnen")
    ran = await lab.sync()
    assert len(lab.http.requests) == 1
    assert ran.counts.updated > 30
    assert lab.mirror() == lab.truth()
    # moved, with what is in it; and what is told then is no change
    lab.drive.update(lab.item("Kampagnen"), SYSTEM, parent=lab.item("Press"))
    await lab.sync()
    assert len(lab.http.requests) == 1
    assert lab.mirror() == lab.truth()
    lab.world.content.expire_delta_tokens()
    again = await lab.sync()
    assert (again.counts.added, again.counts.updated, again.counts.deleted) == (0, 0, 0)


async def test_one_bad_drive_does_not_fail_the_others(lab):
    other = lab.world.content.drives()[0]
    both = {"metadata": {"driveIds": [other.id, lab.drive.id]}, "table": lab.table}
    await run_sync(lab.pack, "drive-items", lab.http, **both)
    held = lab.table.live()
    for status in (403, 404, 423, 503):
        bad = Fault(host="graph", path=f"*{other.id[-10:]}/root/delta*", status=status)
        lab.world.faults.add(bad)
        ran = await run_sync(lab.pack, "drive-items", lab.http, **both)
        assert [skip.place for skip in ran.skipped] == [other.id]
        assert lab.table.live() == held


@pytest.mark.parametrize(
    "count",
    [2_000, pytest.param(50_000, marks=[pytest.mark.slow, pytest.mark.timeout(1_200)])],
    ids=str,
)
async def test_a_folder_of_many_is_renamed_with_one_page(lab, count):
    deep = lab.drive.create_folder(lab.item("Campaigns"), "Deep", SYSTEM)
    for number in range(count):
        lab.drive.put_file(deep, f"{number}.txt", MemoryBlob(b"x"), SYSTEM)
    await lab.sync()
    lab.drive.update(lab.item("Campaigns"), SYSTEM, name="Kampagnen")
    ran = await lab.sync()
    assert len(lab.http.requests) == 1
    assert ran.counts.updated > count
    assert lab.mirror() == lab.truth()
