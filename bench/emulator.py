"""How fast the emulator is, against an app on the same server that answers a constant."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import orjson

from bench.hammer import Struck, cpu_of, hammer
from bench.table import say, table

ITEMS = 1_000_000
REQUESTS = 5_000
ROUNDS = 3  # the middle one is shown
PERSON = "megan@contoso.onmicrosoft.com"
DAEMON = "4b3f8e5c-a02d-4f74-9d81-7c9e30bf2143"


@dataclass(slots=True)
class Emulator:
    """A running emulator."""

    process: Process
    cloud: dict[str, Any]
    started: float  # seconds until it answered

    def port(self, surface: str) -> int:
        """Return the port of a surface."""
        return int(str(self.cloud["urls"][surface]).rpartition(":")[2])

    def mib(self, what: str = "VmRSS") -> float:
        """Return how much memory it has, or had at most (`VmHWM`)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(what))
        return int(line.split()[1]) / 1024


@dataclass(frozen=True, slots=True)
class Case:
    """A request that is measured."""

    name: str
    port: int
    request: bytes
    count: int


async def measure(scale: float) -> None:
    count = int(ITEMS * scale)
    requests = max(200, int(REQUESTS * scale))
    rows: list[list[str]] = []
    say("start-up")
    async with emulator() as small:
        rows.append(["the tenant contoso", *_started(small)])
    async with emulator("--seed-files", str(count)) as large:
        rows.append([f"and {count:,} files", *_started(large)])
        table("Start-up of the emulator", ["", "until it answers", "CPU", "RSS"], rows)
        async with bare() as (other, port):
            await _requests(large, other, port, requests)
            await _delta(large, other, port, count)


def _started(one: Emulator) -> list[str]:
    return [
        f"{one.started:.2f} s",
        f"{cpu_of(one.process.pid):.2f} s",
        f"{one.mib():.0f} MiB",
    ]


async def _requests(one: Emulator, other: Process, port: int, count: int) -> None:
    rows = []
    for case in await _cases(one, count):
        say(case.name)
        mine: list[Struck] = []
        least: list[Struck] = []
        for _ in range(ROUNDS):
            mine.append(await hammer(one.process.pid, case.port, case.request, case.count))
            constant = _request("GET", f"/{mine[0].length}", "127.0.0.1")
            least.append(await hammer(other.pid, port, constant, case.count))
        found, bound = _middle(mine), _middle(least)
        rows.append(
            [
                case.name,
                f"{found.length:,}",
                f"{found.rate:,.0f}",
                f"{bound.rate:,.0f}",
                f"{found.cost:,.0f} µs",
                f"{bound.cost:,.0f} µs",
                f"{found.cost / bound.cost:.1f}",
            ]
        )
    header = ["", "bytes", "requests/s", "constant", "CPU each", "constant", "times"]
    table(f"Requests to the emulator ({count:,} each, 8 connections)", header, rows)


async def _delta(one: Emulator, other: Process, port: int, count: int) -> None:
    say(f"delta of {count:,} files")
    drive = next(d["id"] for d in one.cloud["drives"] if d["site"].endswith("/sites/archive"))
    token = await _app_token(one)
    url = f"{one.cloud['urls']['graph']}/v1.0/drives/{drive}/root/delta"
    items = pages = size = 0
    before = cpu_of(one.process.pid)
    began_at = time.perf_counter()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        while url:
            async with session.get(url) as response:
                assert response.status == 200, response.status
                body = await response.read()
            page = orjson.loads(body)
            items, pages, size = items + len(page["value"]), pages + 1, size + len(body)
            url = page.get("@odata.nextLink")
    seconds = time.perf_counter() - began_at
    cpu = cpu_of(one.process.pid) - before
    assert items >= count
    mean = size // pages
    constant = _request("GET", f"/{mean}", "127.0.0.1")
    least = await hammer(other.pid, port, constant, max(50, pages // 10), 1)
    rows = [
        [
            f"{items:,}",
            f"{pages:,}",
            f"{mean:,}",
            f"{pages / seconds:,.0f}",
            f"{items / seconds:,.0f}",
            f"{cpu / pages * 1e6:,.0f} µs",
            f"{least.cost:,.0f} µs",
            f"{one.mib('VmHWM'):.0f} MiB",
        ]
    ]
    header = ["items", "pages", "bytes", "pages/s", "items/s", "CPU a page", "constant", "peak"]
    table(f"Delta of {count:,} files, one client that parses each page", header, rows)


async def _cases(one: Emulator, count: int) -> list[Case]:
    urls = one.cloud["urls"]
    graph, sharepoint = one.port("graph"), one.port("sharepoint")
    read = await _app_token(one)
    rest = await _person_token(one)
    drive = next(d["id"] for d in one.cloud["drives"] if d["site"].endswith("/sites/archive"))
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {read}"}) as session:
        url = f"{urls['graph']}/v1.0/drives/{drive}/root/delta?$top=3"
        async with session.get(url) as response:
            item = (await response.json())["value"][-1]["id"]
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": DAEMON,
            "client_secret": _secret(one, DAEMON),
            "scope": f"{urls['graph']}/.default",
        }
    )
    host = urlsplit(urls["sharepoint"].replace("{tenant}", "contoso")).netloc
    here = f"127.0.0.1:{graph}"
    path = "/sites/marketing/Shared%20Documents/Welcome.md"
    file = f"getfilebyserverrelativepath(decodedurl='{path}')"
    return [
        Case(
            "token, client credentials",
            one.port("login"),
            _request("POST", "/contoso.onmicrosoft.com/oauth2/v2.0/token", here, body=form),
            max(100, count // 5),
        ),
        Case(
            "Graph: a drive item",
            graph,
            _request("GET", f"/v1.0/drives/{drive}/items/{item}", here, read),
            count,
        ),
        Case(
            "Graph: children of a folder, 20",
            graph,
            _request("GET", f"/v1.0/drives/{drive}/root/children?$top=20", here, read),
            max(100, count // 5),
        ),
        Case(
            "_api: a file",
            sharepoint,
            _request("GET", f"/sites/marketing/_api/web/{file}", host, rest),
            count,
        ),
        Case(
            "_api: the lists of a site",
            sharepoint,
            _request("GET", "/sites/marketing/_api/web/lists?$select=Id,Title", host, rest),
            max(100, count // 5),
        ),
    ]


def _request(method: str, path: str, host: str, token: str = "", body: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _middle(struck: list[Struck]) -> Struck:
    middle = statistics.median_low(one.cost for one in struck)
    return next(one for one in struck if one.cost == middle)


def _secret(one: Emulator, app: str) -> str:
    return next(str(a["secret"]) for a in one.cloud["apps"] if a["app_id"] == app)


async def _app_token(one: Emulator) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": DAEMON,
        "client_secret": _secret(one, DAEMON),
        "scope": f"{one.cloud['urls']['graph']}/.default",
    }
    return await _token(one, form)


async def _person_token(one: Emulator) -> str:
    """Sign a person in, who may use SharePoint's own API."""
    app = next(a for a in one.cloud["apps"] if a["redirect_uris"])
    scope = f"{one.cloud['urls']['sharepoint'].replace('{tenant}', 'contoso')}/AllSites.Read"
    query = {
        "client_id": app["app_id"],
        "response_type": "code",
        "redirect_uri": app["redirect_uris"][0],
        "scope": scope,
    }
    url = f"{one.cloud['urls']['login']}/contoso.onmicrosoft.com/oauth2/v2.0/authorize"
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(url, params=query, allow_redirects=False) as answer,
    ):
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": app["app_id"],
        "client_secret": app["secret"],
        "redirect_uri": app["redirect_uris"][0],
        "code": code,
        "scope": scope,
    }
    return await _token(one, form)


async def _token(one: Emulator, form: dict[str, str]) -> str:
    url = f"{one.cloud['urls']['login']}/contoso.onmicrosoft.com/oauth2/v2.0/token"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        body = await answer.json()
        assert answer.status == 200, body
    return str(body["access_token"])


@asynccontextmanager
async def emulator(*options: str) -> AsyncIterator[Emulator]:
    """Start the emulator, and end it."""
    began_at = time.perf_counter()
    arguments = ["m365sim", "serve", "--json", "--port", "0", "--auto-sign-in", PERSON, *options]
    async with _child(arguments) as (process, line):
        yield Emulator(process, json.loads(line), time.perf_counter() - began_at)


@asynccontextmanager
async def bare() -> AsyncIterator[tuple[Process, int]]:
    """Start the app that answers constants, and end it."""
    async with _child(["bench.constant"]) as (process, line):
        yield process, int(line)


@asynccontextmanager
async def _child(arguments: list[str]) -> AsyncIterator[tuple[Process, bytes]]:
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            limit=1 << 20,
        )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), 120)
            if not line:
                errors.seek(0)
                raise RuntimeError(errors.read().decode(errors="replace")[-2000:])
            yield process, line
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
