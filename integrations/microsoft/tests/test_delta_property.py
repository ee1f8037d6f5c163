"""Property: whatever happens on the way, the mirror ends up equal to the drive.

Random histories of a drive, paged at random; duplicates, stale repeats, empty pages, parents that
did not change, deleted folders without their contents, renamed folders without theirs, enumerations
that are no snapshots, 410 in all its forms at any request, and runs cut at any batch.
"""

import asyncio
import random
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.model.exchange import Request, Response
from fairlead.sdk.testing import Exchange, ReplayedResponse, Table, run_sync
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL

PACK = pack(GLOBAL)
DRIVE = "b!drive"
FEED = f"{GLOBAL.graph_url}/v1.0/drives/{DRIVE}/root/delta"


@dataclass(frozen=True)
class Node:
    name: str
    parent: str
    is_folder: bool
    version: int = 1


@dataclass
class FakeDrive:
    """A drive with a history, and the worst manners the documents allow."""

    rnd: random.Random
    now: dict[str, Node] = field(default_factory=dict)
    #: what every item was after each change
    history: list[dict[str, Node]] = field(default_factory=lambda: [{}])
    touched: list[str] = field(default_factory=list)
    #: what was deleted -> it and what went with it
    bin: dict[str, dict[str, Node]] = field(default_factory=dict)
    born: int = 0
    is_quiet: bool = False
    trouble: int = 0
    requests: int = 0

    # history

    def change(self) -> None:
        kinds = ["add", "add", "add_folder", "edit", "rename", "move", "delete", "restore"]
        kind = self.rnd.choice(kinds)
        folders = ["root", *(key for key, node in self.now.items() if node.is_folder)]
        items = sorted(self.now)
        if kind.startswith("add") or not items:
            self.born += 1
            key = f"i{self.born}"
            self._put(key, Node(key, self.rnd.choice(folders), kind == "add_folder"))
            return
        key = self.rnd.choice(items)
        node = self.now[key]
        if kind == "edit":
            self._put(key, Node(node.name, node.parent, node.is_folder, node.version + 1))
        elif kind == "rename":
            name = f"n{self.rnd.randrange(99)} é#%"
            self._put(key, Node(name, node.parent, node.is_folder, node.version + 1))
        elif kind == "move":
            parent = self.rnd.choice(folders)
            if key not in (parent, *self._above(parent)):
                self._put(key, Node(node.name, parent, node.is_folder, node.version + 1))
        elif kind == "delete":
            self._delete(key)
        else:
            self._restore()

    def _restore(self) -> None:
        """Take something out of the bin; what went with it comes back, and nothing is said of it."""
        if not self.bin:
            return
        back = self.rnd.choice(sorted(self.bin))
        went = self.bin.pop(back)
        self.now |= went
        last = went[back]
        parent = last.parent if last.parent in self.now else "root"
        self._put(back, Node(last.name, parent, last.is_folder, last.version + 1))

    def _put(self, key: str, node: Node) -> None:
        self.now[key] = node
        self._log(key)

    def _delete(self, key: str) -> None:
        below = [one for one in self.now if key in self._above(one)]
        self.bin[key] = {one: self.now.pop(one) for one in [*below, key]}
        self._log(key)  # of what was below, nothing is said

    def _log(self, key: str) -> None:
        self.touched.append(key)
        self.history.append(dict(self.now))

    def _above(self, key: str, state: dict[str, Node] | None = None) -> list[str]:
        state = self.now if state is None else state
        above = []
        while key in state:
            key = state[key].parent
            above.append(key)
        return above

    def path(self, key: str) -> str:
        names = [self.now[one].name for one in [key, *self._above(key)] if one in self.now]
        return "/" + "/".join(reversed(names))

    # what Graph says

    def shape(self, key: str, node: Node, state: dict[str, Node] | None = None) -> dict:
        # a round may tell of what has been deleted since: where it lay is known as of that round
        known = self.now if key in self.now or state is None else state
        parents = [known[one].name for one in self._above(key, known) if one in known]
        below = "/".join(quote(name) for name in reversed(parents))
        facet: dict = (
            {"folder": {"childCount": sum(one.parent == key for one in self.now.values())}}
            if node.is_folder
            else {"file": {}}
        )
        return {
            "id": key,
            "name": node.name,
            "eTag": f"{key},{node.version}",
            "parentReference": {
                "driveId": DRIVE,
                "id": node.parent,
                "path": f"/drives/{DRIVE}/root:{'/' + below if below else ''}",
            },
        } | facet

    def entries(self, since: int, until: int) -> list[dict]:
        """A round: everything (since < 0), or each item changed, in its last state."""
        state = self.history[until]
        if since < 0:
            keys = sorted(state) if self.rnd.random() < 0.5 else list(state)
            return [self.shape(key, state[key], state) for key in keys]
        entries = []
        for key in dict.fromkeys(reversed(self.touched[since:until])):
            if key in state:
                if self.rnd.random() < 0.3:  # an older state of it, earlier in the round
                    stale = Node("stale", "root", state[key].is_folder, 0)
                    entries.append(self.shape(key, stale, state))
                entries += [  # parents that did not change
                    self.shape(above, state[above], state)
                    for above in self._above(key, state)
                    if above in state and self.rnd.random() < 0.2
                ]
                entries.append(self.shape(key, state[key], state))
            else:
                was = next(old[key] for old in reversed(self.history) if key in old)
                entries.append(
                    {
                        "id": key,
                        "deleted": {"state": "deleted"},
                        "parentReference": {"driveId": DRIVE, "id": "root"},
                    }
                    | ({"folder": {}} if was.is_folder else {"file": {}})
                )
        return entries

    async def __call__(self, request: Request) -> Response:
        self.requests += 1
        if not self.is_quiet and self.rnd.random() < 0.2:
            self.change()
        if "/children" in request.url:
            return self._children(request)
        token = parse_qs(urlsplit(request.url).query).get("token", [""])[0]
        if not self.is_quiet and self.trouble and self.rnd.random() < 0.15:
            self.trouble -= 1
            return self._resync(request)
        if token == "broken":
            status = self.rnd.choice([400, 410])
            return self._answer(request, {"error": {"code": "invalidRequest"}}, status)
        return self._page(request, token)

    def _page(self, request: Request, token: str) -> Response:
        head = len(self.history) - 1
        if not token or token == "fresh":
            since, until, offset, round_seed = -1, head, 0, self.rnd.randrange(10**6)
        elif token.startswith("end-"):
            since, until, offset = int(token[4:]), head, 0
            round_seed = self.rnd.randrange(10**6)
        else:
            since, until, offset, round_seed = map(int, token.removeprefix("p").split("-"))
            since = -1 if since == 10**9 else since
        # the same round in the same order, however often a page of it is asked for
        rnd, self.rnd = self.rnd, random.Random(round_seed)
        entries = self.entries(since, until)
        self.rnd = rnd
        size = self.rnd.choice([0, 1, 1, 2, 3])
        if self.is_quiet:
            size = max(size, 1)
        repeat = entries[offset - 1 : offset] if offset and self.rnd.random() < 0.3 else []
        value = [*repeat, *entries[offset : offset + size]]
        root = {"id": "root", "root": {}, "folder": {"childCount": 1}, "name": "root"}
        body: dict = {"value": [root, *value] if self.rnd.random() < 0.2 else value}
        end = offset + size
        if end >= len(entries):
            body["@odata.deltaLink"] = f"{FEED}?token=end-{until}"
        else:
            mark = 10**9 if since < 0 else since
            # an empty page must lead elsewhere than to itself
            nonce = self.requests
            body["@odata.nextLink"] = f"{FEED}?token=p{mark}-{until}-{end}-{round_seed}&n={nonce}"
        return self._answer(request, body)

    def _children(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        folder = parts.path.split("/")[-2]
        if folder not in self.now:
            return self._answer(request, {"error": {"code": "itemNotFound"}}, 404)
        offset = int(parse_qs(parts.query).get("skip", ["0"])[0])
        below = [key for key, node in sorted(self.now.items()) if node.parent == folder]
        body: dict = {
            "value": [self.shape(key, self.now[key]) for key in below[offset : offset + 2]]
        }
        if offset + 2 < len(below):
            path = request.url.partition("?")[0]
            body["@odata.nextLink"] = f"{path}?skip={offset + 2}"
        return self._answer(request, body)

    def _resync(self, request: Request) -> Response:
        location = self.rnd.choice([None, f"{FEED}?token=fresh", f"{FEED}?token=broken"])
        headers = {"Location": location} if location else {}
        return self._answer(request, {"error": {"code": "resyncRequired"}}, 410, headers)

    @staticmethod
    def _answer(
        request: Request, body: dict, status: int = 200, headers: dict | None = None
    ) -> Response:
        exchange = Exchange(url=request.url, status=status, headers=headers or {}, body=body)
        return ReplayedResponse(exchange, request)


async def history(rnd: random.Random) -> None:
    drive = FakeDrive(rnd)
    table, checkpoint = Table(), None
    metadata = {"driveIds": [DRIVE]}
    for _ in range(rnd.randrange(1, 6)):
        for _ in range(rnd.randrange(12)):
            drive.change()
        drive.trouble = 3
        ran = await run_sync(
            PACK,
            "drive-items",
            drive,
            metadata=metadata,
            table=table,
            checkpoint=checkpoint,
            stop_after=rnd.choice([None, None, 1, 2, 3, 5, 8]),
        )
        checkpoint = ran.checkpoint
    drive.is_quiet = True
    ran = await run_sync(
        PACK, "drive-items", drive, metadata=metadata, table=table, checkpoint=checkpoint
    )
    # a full read that was cut before things calmed down shows an older moment: one more round
    await run_sync(
        PACK, "drive-items", drive, metadata=metadata, table=table, checkpoint=ran.checkpoint
    )
    mirror = {
        record["itemId"]: tuple(map(record.get, ("name", "parentId", "eTag", "path")))
        for record in table.live().values()
    }
    truth = {
        key: (node.name, node.parent, f"{key},{node.version}", drive.path(key))
        for key, node in drive.now.items()
    }
    assert mirror == truth


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_the_mirror_ends_up_equal_to_the_drive(seed):
    asyncio.run(history(random.Random(seed)))
