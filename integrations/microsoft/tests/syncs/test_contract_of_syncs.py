"""The contract of the SDK for every sync: cut after any batch and resumed, it ends the same.

Pages hold two entries, whatever is asked for (https://learn.microsoft.com/graph/paging: the service
decides), so that there are many places to cut at.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sync_lab import open_sync_lab

from fairlead.model.exchange import Request, Response, Send
from fairlead.sdk.testing import Case, Contract, run_sync
from m365sim.clock import VirtualClock
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.lists.site_pages import SitePages
from m365sim.world import build_world

PAGE = {"@odata.type": "#microsoft.graph.sitePage"}
PATHS = ("/sites/marketing", "/sites/people")
TOP = re.compile(r"(\$top|%24top)=\d+")
NAMES = sorted(
    {"content-types", "drive-item-versions", "drive-items", "drives", "list-columns"}
    | {"list-items", "lists", "permissions", "shared-sites-selection", "site-columns"}
    | {"site-pages", "sites", "subsites", "user-files", "user-files-selection"}
)


@dataclass(frozen=True)
class SmallPages:
    """A Send whose pages hold two entries."""

    inner: Send

    async def __call__(self, request: Request) -> Response:
        small = replace(request, url=TOP.sub(r"\1=2", request.url))
        if isinstance(request.body, bytes):
            small = replace(small, body=TOP.sub(r"\1=2", request.body.decode()).encode())
        return await self.inner(small)


def chosen(syncs) -> dict:
    """Return two of everything that can be chosen."""
    sites = [syncs.site(path) for path in PATHS]
    drives = [site.drives[0] for site in sites]
    files = [
        {"driveId": drive.id, "id": drive.item_id(item.uid)}
        for drive in drives
        for item in drive.walk(drive.root)
        if not item.is_folder
    ]
    ids = [site.id for site in sites]
    return {
        **dict.fromkeys(("site_ids", "siteIds", "selectedSites", "sharedSites"), ids),
        "driveIds": [drive.id for drive in drives],
        "pickedFiles": files,
    }


def of_sync(syncs, name: str) -> dict:
    """Return what a sync is told, which is not the same for all."""
    named = chosen(syncs)
    if name == "list-items":
        named["sites"] = named["siteIds"]
    elif name in ("drive-item-versions", "permissions"):
        drives = [syncs.drive(path) for path in PATHS]
        named["drives"] = [{"siteId": one.site.id, "driveId": one.id} for one in drives]
    elif name == "sites":
        # all that there are
        return {}
    elif name in ("drives", "subsites"):
        named["siteIds"] = [site.id for site in syncs.sites()]
    return named


def furnish(syncs, files: int) -> None:
    """Put enough of everything into the chosen sites for a few pages of it."""
    syncs.world.quirks.page_size = 2
    own = syncs.world.directory.user_by_upn(f"alex@{syncs.world.tenant.domain}")
    mine = syncs.world.content.personal_site(own.id).drives[0]
    for drive in (mine, *(syncs.drive(path) for path in PATHS)):
        folder = drive.create_folder(drive.root, "Plans", SYSTEM)
        inner = drive.create_folder(folder, "Old", SYSTEM)
        drive.put_file(inner, "Kept in §1.txt", MemoryBlob(b"as it is"), SYSTEM)
        deep = drive.create_folder(inner, "Älter", SYSTEM)
        drive.put_file(deep, "Kept, too.txt", MemoryBlob(b"as it is"), SYSTEM)
        for number in range(files):
            drive.put_file(inner, f"{number}.txt", MemoryBlob(b"first"), SYSTEM)
        drive.replace_content(at(drive, "Plans/Old/0.txt"), MemoryBlob(b"second"), SYSTEM)
    for path in PATHS:
        site, lists = syncs.site(path), syncs.world.lists
        made = lists.create(site, "Parts", SYSTEM, columns=[{"name": "Weight", "number": {}}])
        for number in range(3):
            made.add({"Title": f"Bolt {number}", "Weight": number}, SYSTEM)
        pages = SitePages(lists.pages(site))
        for number in range(3):
            news = {**PAGE, "name": f"news-{number}.aspx", "title": f"News {number}"}
            pages.publish(pages.create(news, SYSTEM), SYSTEM)
        drive = site.drives[0]
        syncs.world.sharing.break_inheritance(drive, at(drive, "Plans/Old"), copy=True)
    for name in ("cellar", "attic", "yard"):
        lab = syncs.site("/sites/engineering/lab")
        syncs.world.content.add_site(f"/sites/engineering/lab/{name}", name, parent=lab)


def live_on(syncs) -> None:
    """Change something of every kind."""
    own = syncs.world.directory.user_by_upn(f"alex@{syncs.world.tenant.domain}")
    mine = syncs.world.content.personal_site(own.id).drives[0]
    for drive in (mine, *(syncs.drive(path) for path in PATHS)):
        drive.update(at(drive, "Plans"), SYSTEM, name="Pläne")
        drive.update(at(drive, "Pläne/Old/Älter"), SYSTEM, name="Ältest")
        drive.delete(at(drive, "Pläne/Old/1.txt"))
        drive.update(at(drive, "Pläne/Old/2.txt"), SYSTEM, parent=drive.root)
        drive.replace_content(at(drive, "Pläne/Old/0.txt"), MemoryBlob(b"third"), SYSTEM)
        for number in range(3):
            drive.put_file(drive.root, f"new {number}.txt", MemoryBlob(b"n"), SYSTEM)
    for path in PATHS:
        site, lists = syncs.site(path), syncs.world.lists
        (parts,) = [one for one in lists.of(site) if one.display_name == "Parts"]
        parts.delete(parts.row(1))
        parts.update(parts.row(2), {"Weight": 20}, SYSTEM)
        for number in range(3):
            parts.add({"Title": f"Nut {number}"}, SYSTEM)
        lists.create(site, "More parts", SYSTEM)
        pages = SitePages(lists.pages(site))
        first, second, *_ = [page for page in pages.all() if page.title.startswith("News")]
        pages.delete(first)
        pages.update(second, {**PAGE, "title": "Old news"}, SYSTEM)
    syncs.world.content.remove_site(syncs.site("/sites/engineering/lab/attic"))


def at(drive, path: str):
    return drive.resolve(drive.root, path.split("/"))


@pytest.fixture
async def still():
    """A lab whose time stands still: the links of its feeds hold the moment they were made."""
    world = build_world(clock=VirtualClock(datetime(2026, 11, 2, 9, tzinfo=UTC)))
    async with open_sync_lab(world) as lab:
        yield lab


def test_it_is_every_sync(still):
    assert set(still.pack.syncs) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_first_and_later_runs(still, name):
    if name == "sites":
        # only an app may follow the feed of all sites
        still.be_app()
    furnish(still, files=45 if name == "user-files-selection" else 3)
    named = of_sync(still, name)

    def case(**more) -> Case:
        return Case(function=name, send=lambda: SmallPages(still.http), metadata=named, **more)

    first = await run_sync(still.pack, name, case().send(), metadata=named)
    assert not first.skipped
    assert len(first.batches) > 2
    position = first.checkpoint
    await verify(still.pack, case())
    live_on(still)
    # what a later run leaves is what a first one finds
    later = await run_sync(
        still.pack,
        name,
        case().send(),
        metadata=named,
        table=first.table,
        checkpoint=first.checkpoint,
    )
    fresh = await run_sync(still.pack, name, case().send(), metadata=named)
    assert not later.skipped
    assert later.table.live() == fresh.table.live()
    await verify(still.pack, case(checkpoint=position))


async def verify(pack, case: Case) -> None:
    others = {*pack.actions, *pack.syncs} - {case.function}
    checks = Contract(pack, [case], without_case=others).checks()
    mine = [check for check in checks if check.name.startswith(f"{case.function}: ")]
    assert [check.name.partition(": ")[2] for check in mine] == [
        "declaration",
        "schemas",
        "output",
        "resume at every cut",
    ]
    for check in mine:
        await check.verify()
