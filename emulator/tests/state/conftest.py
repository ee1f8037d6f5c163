"""A cloud that is kept in a file, and what it takes to compare it with itself after a restart."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import pytest

from m365sim.app import by_host
from m365sim.clock import SystemClock, VirtualClock
from m365sim.entra.resources import Resource
from m365sim.files import Drive
from m365sim.files.enumeration import Rounds
from m365sim.files.mirror import Mirror
from m365sim.history import History, Scribe
from m365sim.lists.generic import GenericList
from m365sim.notify import Answer
from m365sim.state.file import files_beside
from m365sim.state.graph import roots_of
from m365sim.state.shape import BLOBS, attributes, is_entity, is_ours
from m365sim.testing import app_token, delegated_token
from m365sim.world import World, build_world

GRAPH = "https://graph.microsoft.com/v1.0"
HOST = "https://contoso.sharepoint.com"
START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)
PLAIN = {"accept": "application/json;odata=nometadata"}


class Kept:
    """A cloud in a state file, its clients, and its restarts."""

    everything: Any

    def __init__(self, folder: Path, **options: Any) -> None:
        self._folder = folder
        self._crashes = 0
        self._killed: list[World] = []
        self._clock: Any = options.pop("clock", None) or VirtualClock(START)
        self.path = folder / "state.db"
        self.sent: list[str] = []
        self.start(**options)

    def start(self, **options: Any) -> None:
        self.world = build_world(clock=self._clock, state=self.path, seed=7, **options)
        self.world.notify.post = self._receive
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(by_host(self.world)))

    def restart(self, **options: Any) -> World:
        """End in order, and begin again; return the cloud as it was before."""
        before = self.world
        before.state.commit()
        copy = self.world
        before.close()
        self._clock = self._fresh_clock()
        self.start(**options)
        return copy

    def crash(self) -> World:
        """Go on from the file as it is now, whatever was not committed."""
        self._crashes += 1
        there = self._folder / f"crash {self._crashes}"
        there.mkdir()
        for file in self._folder.glob("state.db*"):
            if file.is_dir():
                shutil.copytree(file, there / file.name)
            else:
                shutil.copy(file, there / file.name)
        self._killed.append(self.world)
        before, self.path = self.world, there / "state.db"
        self._clock = self._fresh_clock()
        self.start()
        return before

    def close(self) -> None:
        """Give back all files."""
        for world in (self.world, *self._killed):
            world.close()

    def _fresh_clock(self) -> Any:
        return SystemClock() if isinstance(self._clock, SystemClock) else VirtualClock(START)

    async def _receive(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        self.sent.append(url)
        token = httpx.URL(url).params.get("validationToken") or httpx.URL(url).params.get(
            "validationtoken"
        )
        return Answer(200, "text/plain", (token or "").encode())

    # -- clients

    async def graph(
        self,
        method: str,
        path: str,
        *,
        who: str = "alex",
        status: int | None = None,
        **options: Any,
    ) -> Any:
        token = delegated_token(
            self.world, who, lifetime=timedelta(days=400),
            scopes=("Sites.FullControl.All", "Files.ReadWrite.All", "User.Read.All", "Group.Read.All"),
        )  # fmt: skip
        return await self._ask(
            method, path if path.startswith("https:") else GRAPH + path, token, status, options
        )

    async def api(
        self, method: str, path: str, *, status: int | None = None, **options: Any
    ) -> Any:
        token = app_token(
            self.world, ["Sites.FullControl.All"], resource=Resource("sharepoint", HOST, "contoso"),
            appidacr="2", lifetime=timedelta(days=400),
        )  # fmt: skip
        options["headers"] = PLAIN | options.get("headers", {})
        return await self._ask(method, HOST + path, token, status, options)

    async def _ask(
        self, method: str, url: str, token: str, status: int | None, options: dict[str, Any]
    ) -> Any:
        headers = {"authorization": f"Bearer {token}"} | options.pop("headers", {})
        answer = await self.http.request(method, url, headers=headers, **options)
        assert status is None or answer.status_code == status, answer.text
        assert status is not None or answer.status_code < 300, answer.text
        return (
            answer.json()
            if answer.content and "json" in answer.headers.get("content-type", "")
            else answer
        )


def everything(world: World) -> dict[int, Any]:
    """Return all that a cloud consists of, entity by entity, in an order and form to compare."""
    numbers: dict[int, int] = {}
    waiting: deque[Any] = deque()

    def number(entity: Any) -> int:
        if id(entity) not in numbers:
            numbers[id(entity)] = len(numbers)
            waiting.append(entity)
        return numbers[id(entity)]

    def plain(value: Any) -> Any:
        cls = type(value)
        if isinstance(value, BLOBS):
            return ("blob", value.size, value.quick_xor_hash())
        if isinstance(value, (SystemClock, VirtualClock, Rounds, History, Scribe)):
            return cls.__name__
        if hasattr(value, "__self__"):
            return ("method", number(value.__self__), value.__name__)
        if is_entity(cls):
            return ("entity", number(value))
        if is_dataclass(value):
            return (cls.__name__, *(plain(getattr(value, one.name)) for one in fields(value)))
        if isinstance(value, (Mapping, WeakKeyDictionary)):
            return {"map": [(plain(key), plain(inner)) for key, inner in value.items()]}
        if isinstance(value, (set, frozenset)):
            return sorted(map(repr, map(plain, value)))
        if isinstance(value, (list, tuple, deque)):
            return [plain(inner) for inner in value]
        if isinstance(value, BaseException) or (is_ours(cls) and not hasattr(value, "value")):
            return repr(value)
        return bytes(value) if isinstance(value, bytearray) else value

    for _, root in roots_of(world):
        number(root)
    whole: dict[int, Any] = {}
    while waiting:
        entity = waiting.popleft()
        kept = {name: plain(value) for name, value in sorted(attributes(entity).items())}
        if isinstance(entity, Drive):
            tree = vars(entity)
            kept |= {
                name: plain(tree[name]) for name in ("_items", "_first", "_holes", "_children")
            }
            kept |= {
                name: plain({k: v for k, v in tree[name].items() if v})
                for name in ("_bytes", "_moved_on")
            }
            kept["log"] = [(one.uid, plain(one.before), one.at) for one in entity.log]
        if isinstance(entity, GenericList):
            kept |= {name: plain(vars(entity)[name]) for name in ("_log", "_times", "_numbers")}
        if isinstance(entity, Mirror):
            kept["seen"] = sorted(map(repr, map(plain, entity.seen())))
        whole[numbers[id(entity)]] = (type(entity).__name__, kept)
    return whole


Kept.everything = staticmethod(everything)


@pytest.fixture
def new_kept(tmp_path: Path) -> Iterator[Any]:
    """Make a kept cloud with other options than the usual ones."""
    made: list[Kept] = []

    def make(**options: Any) -> Kept:
        made.append(Kept(tmp_path, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.close()


@pytest.fixture
def beside(kept: Kept) -> Path:
    return files_beside(kept.path)
