"""The proxy against a forwarder that does nothing else, and against nginx: targets of its speed.

The upstream is an nginx that answers 2 KB of JSON from memory, the load comes from wrk, so that
what is measured has a core to itself. Beside the rate stands the processor time of the process that
is measured, which neighbours on the machine disturb less. Needs `nginx` and `wrk` (Debian:
nginx-light, wrk).
"""

import asyncio
import json
import re
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.hammer import cpu_of
from bench.stage import TOKEN, BenchFailed, child, cloud_at, free_port, platform, sqlite
from bench.table import say, table

#: rounds of which the median counts: neighbours on the machine come and go
ROUNDS = 5
SECONDS = 4
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s|m) *$", re.MULTILINE)
_COUNT = re.compile(r"^\s+([0-9]+) requests in", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)$", re.MULTILINE)
_BODY = json.dumps(
    {"id": "01BYE5RZ6QN3ZWBTUFOFD3GSPGOHDJD36K", "name": "plan.docx", "notes": "x" * 1900}
)


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests, how many per second, and milliseconds of one."""

    rate: float
    median_ms: float
    p99_ms: float
    requests: int = 0
    #: microseconds of the measured process's processor for one
    cpu_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: where, with which headers, and by which processes it is served."""

    url: str
    headers: Mapping[str, str]
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """Return how long its processes have run so far."""
        return sum(cpu_of(pid) for pid in self.pids)


async def measure(scale: float) -> None:
    seconds = max(1, round(SECONDS * min(scale * 10, 1)))
    rounds = ROUNDS if scale == 1 else 1
    async with AsyncExitStack() as stack:
        targets = await _targets(stack)
        rows = []
        for connections in (1, 64):
            say(f"{connections} connections, {rounds} rounds of {seconds} s each way")
            loads: dict[str, list[Load]] = {name: [] for name in targets}
            for _ in range(rounds):
                for name, target in targets.items():
                    loads[name].append(await _loaded(target, connections, seconds))
            medians = {name: _median(of) for name, of in loads.items()}
            bare, nginx = medians["bare forwarder"], medians["nginx proxy_pass"]
            rows += [
                [
                    str(connections),
                    name,
                    f"{load.rate:,.0f}",
                    f"{load.rate / bare.rate:.2f}",
                    f"{load.rate / nginx.rate:.2f}",
                    f"{load.median_ms:.2f} ms",
                    f"{load.median_ms - medians['upstream'].median_ms:+.2f} ms",
                    f"{load.p99_ms:.2f} ms",
                    f"{load.cpu_us:.0f} \N{MICRO SIGN}s",
                    f"{bare.cpu_us / load.cpu_us:.2f}",
                ]
                for name, load in medians.items()
            ]
    table(
        "2 KB of JSON, one process each",
        [
            "connections",
            "",
            "requests/s",
            "of bare",
            "of nginx",
            "median",
            "added",
            "p99",
            "CPU each",
            "bare by it",
        ],
        rows,
    )


async def _loaded(target: Target, connections: int, seconds: int) -> Load:
    before = target.cpu_seconds()
    load = await wrk(target.url, target.headers, connections, seconds)
    return replace(load, cpu_us=(target.cpu_seconds() - before) / load.requests * 1e6)


async def _targets(stack: AsyncExitStack) -> dict[str, Target]:
    require("nginx", "wrk")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fairlead-bench-")))
    answer = f"return 200 '{_BODY}';"
    upstream, above = await stack.enter_async_context(_nginx(folder, "upstream", answer))
    passing = "proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection '';"
    through, between = await stack.enter_async_context(_nginx(folder, "passing", passing, upstream))
    port = free_port()
    bare = await stack.enter_async_context(
        child(["bench.bare", "forward", str(port), upstream], folder, {}, at=Path.cwd())
    )
    cloud_file = cloud_at(folder, upstream)
    url = stack.enter_context(sqlite())
    made = await stack.enter_async_context(platform(url, folder, cloud_file))
    await made.import_connection()
    path = "/v1.0/drives/b!1/items/2"
    direct = {"Authorization": f"Bearer {TOKEN}"}
    await until_open(port)
    targets = {
        "upstream": Target(upstream + path, direct, above),
        "nginx proxy_pass": Target(through + path, direct, between),
        "bare forwarder": Target(f"http://127.0.0.1:{port}{path}", direct, (bare.pid,)),
        "fairlead": Target(f"{made.origin}/proxy{path}", made.authorised(), (made.platform.pid,)),
    }
    for name, target in targets.items():
        async with made.session.get(target.url, headers=target.headers) as seen:
            # a fast error is no result
            if (seen.status, await seen.text()) != (200, _BODY):
                raise BenchFailed(f"{name} does not answer as the upstream does: {seen.status}")
    return targets


@asynccontextmanager
async def _nginx(
    folder: Path, name: str, location: str, upstream: str = ""
) -> AsyncIterator[tuple[str, tuple[int, ...]]]:
    """Run an nginx with one worker; yield its address and its processes."""
    port = free_port()
    servers = upstream.removeprefix("http://")
    pool = f"upstream up {{ server {servers}; keepalive 100; keepalive_requests 1000000; }}"
    config = folder / f"{name}.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
        events {{ worker_connections 1024; }}
        http {{ access_log off; default_type application/json; keepalive_requests 1000000;
        client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
        fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
        scgi_temp_path {folder}/{name}-s;
        {pool if upstream else ""}
        server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }} }}""",
        encoding="utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        "nginx", "-c", str(config), "-e", f"{folder}/{name}.err"
    )
    try:
        await until_open(port)
        yield f"http://127.0.0.1:{port}", (process.pid, *_children(process.pid))
    finally:
        process.terminate()
        await process.wait()


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in children.split()]


def require(*tools: str) -> None:
    """Raise BenchFailed, with how to get it, for a tool that is not there."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise BenchFailed(f"{tool} is missing (Debian: apt-get install nginx-light wrk)")


async def until_open(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def wrk(
    url: str, headers: Mapping[str, str], connections: int, seconds: int, *options: str
) -> Load:
    """Load `url` for so long; BenchFailed if any answer was none or an error."""
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    process = await asyncio.create_subprocess_exec(
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        *options,
        *sent,
        url,
        stdout=asyncio.subprocess.PIPE,
    )
    text = (await process.communicate())[0].decode()
    rate = _RATE.search(text)
    count = _COUNT.search(text)
    times = {match[1]: float(match[2]) * _UNITS[match[3]] for match in _LATENCY.finditer(text)}
    is_whole = len(times) == 2 and rate is not None and count is not None
    if not is_whole or "Non-2xx" in text or "Socket errors" in text:
        raise BenchFailed(f"{url}: {text}")
    assert rate is not None
    assert count is not None
    return Load(float(rate[1]), times["50"], times["99"], int(count[1]))


def _median(loads: list[Load]) -> Load:
    return Load(
        statistics.median(load.rate for load in loads),
        statistics.median(load.median_ms for load in loads),
        statistics.median(load.p99_ms for load in loads),
        sum(load.requests for load in loads),
        statistics.median(load.cpu_us for load in loads),
    )
