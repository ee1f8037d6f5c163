"""The programs in `examples/` do what they say, against the running platform and the cloud."""

import asyncio
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from fairlead.client import Fairlead
from fairlead.model.clock import SystemClock
from fairlead.webhooks.standard import standard_signature
from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob

#: what is tested here lies before the database
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FOLDER = Path(__file__).resolve().parents[2] / "examples"
SECRET_KEY = "s3cr3t-key-of-the-walks"
SOMEBODY = Actor("somebody-id", "Somebody", "somebody@contoso.onmicrosoft.com")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fairlead(walk: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fairlead]:
    monkeypatch.setenv("FAIRLEAD_HOST", walk.fairlead.url)
    monkeypatch.setenv("FAIRLEAD_SECRET_KEY", SECRET_KEY)
    with Fairlead() as made:
        yield made


def put(walk: Any, name: str, text: str) -> None:
    walk.drive.put_file(walk.drive.root, name, MemoryBlob(text.encode()), SOMEBODY)


def named(walk: Any, name: str) -> Any:
    drive = walk.drive
    return next(item for item in drive.children(drive.root.uid) if item.name == name)


async def in_thread(function: Any, *args: Any) -> Any:
    return await asyncio.to_thread(function, *args)


async def test_rag_feeder(walk: Any, fairlead: Fairlead, tmp_path: Path) -> None:
    example = load("rag_feeder")
    await walk.connected()
    put(walk, "plan.md", "The plan is " + "long " * 500)
    put(walk, "old.txt", "Old news")
    await walk.sync()

    def feed() -> tuple[int, dict[str, str]]:
        index = example.open_index(str(tmp_path / "index.sqlite"))
        try:
            changed = example.feed(fairlead, index, "walk")
            found: dict[str, str] = {}
            for path, text in index.execute("SELECT path, text FROM pieces ORDER BY rowid"):
                found[path] = found.get(path, "") + text
            return changed, found
        finally:
            index.close()

    changed, found = await in_thread(feed)
    assert changed == len(walk.files())
    assert found["/plan.md"] == "The plan is " + "long " * 500
    assert found["/old.txt"] == "Old news"
    assert (await in_thread(feed))[0] == 0

    put(walk, "plan.md", "Another plan")
    walk.drive.delete(named(walk, "old.txt"))
    await walk.sync()
    changed, found = await in_thread(feed)
    assert changed == 2
    assert found["/plan.md"] == "Another plan"
    assert "/old.txt" not in found


async def test_mirror_library(walk: Any, fairlead: Fairlead, tmp_path: Path) -> None:
    example = load("mirror_library")
    await walk.connected()
    put(walk, "a.txt", "a")
    put(walk, "b.txt", "b")
    put(walk, "c.txt", "c")
    await walk.sync()

    def mirror() -> dict[str, int]:
        return dict(example.mirror(fairlead, "walk", tmp_path / "mirror"))

    def there() -> set[str]:
        root = tmp_path / "mirror"
        files = {f"/{p.relative_to(root)}" for p in root.rglob("*") if p.is_file()}
        return files - {"/.mirror.json", "/my own.txt"}

    files = {r["path"] for r in await walk.records() if r["file"]}
    done = await in_thread(mirror)
    assert done == {"downloaded": len(files), "moved": 0, "removed": 0}
    assert there() == files
    assert (tmp_path / "mirror/a.txt").read_text() == "a"
    (tmp_path / "mirror/my own.txt").write_text("stays")

    put(walk, "a.txt", "changed")
    walk.drive.update(named(walk, "b.txt"), SOMEBODY, name="moved.txt")
    walk.drive.delete(named(walk, "c.txt"))
    await walk.sync()
    assert await in_thread(mirror) == {"downloaded": 1, "moved": 1, "removed": 1}
    assert there() == files - {"/b.txt", "/c.txt"} | {"/moved.txt"}
    assert (tmp_path / "mirror/a.txt").read_text() == "changed"
    assert (tmp_path / "mirror/my own.txt").read_text() == "stays"
    assert await in_thread(mirror) == {"downloaded": 0, "moved": 0, "removed": 0}
    for path in ("/../x", "/a/../../x"):
        assert example.place_of(tmp_path, path).is_relative_to(tmp_path)


async def test_embed_connect(walk: Any, fairlead: Fairlead) -> None:
    example = load("embed_connect")
    await walk.set_up()
    async with (
        example.lifespan(example.app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(example.app), base_url="http://product"
        ) as product,
    ):
        assert (await product.get("/users/megan/files")).status_code == 409
        away = await product.get("/users/megan/connect")
        assert away.status_code == 307
        page = await walk.browser.get(away.headers["location"])
        assert page.status_code == 200
        made = await walk.connect()
        body = json.dumps(
            {
                "type": "auth",
                "success": True,
                "connectionId": made["connection_id"],
                "endUser": {"endUserId": "megan"},
            }
        ).encode()
        forged = await product.post("/webhooks", content=body)
        assert forged.status_code == 401
        signed = standard_signature(SECRET_KEY, "evt-1", SystemClock().now(), body)
        assert (await product.post("/webhooks", content=body, headers=signed)).status_code == 204
        files = await product.get("/users/megan/files")
        assert {each["name"] for each in files.json()} >= {
            path[1:] for path in walk.files() if path.count("/") == 1
        }
        walk.breaks(host="graph", status=403, count=None)
        assert (await product.get("/users/megan/files")).status_code == 502
