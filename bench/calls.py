"""The API's two busiest calls: a connection read against a bare route, sessions made per second.

The bare route is Starlette with one read of a SQLite row by its primary key, in its own process on
the same server. The load comes from wrk (Debian: wrk).
"""

import json
import sqlite3
import statistics
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.forward import ROUNDS, SECONDS, Load, require, until_open, wrk
from bench.stage import INTEGRATION, child, free_port, sqlite, stage
from bench.table import say, table

CONNECTIONS = 16


async def measure(scale: float) -> None:
    require("wrk")
    seconds = max(1, round(SECONDS * min(scale * 10, 1)))
    rounds = ROUNDS if scale == 1 else 1
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="fairlead-bench-")))
        made = await stack.enter_async_context(stage(stack.enter_context(sqlite())))
        key = {"Authorization": f"Bearer {made.key}"}
        path = f"{made.origin}/connections/{made.connection}?provider_config_key={INTEGRATION}"
        read = await made.call("GET", path.removeprefix(made.origin))
        port = free_port()
        database = _things(folder / "things.sqlite", json.dumps(read))
        await stack.enter_async_context(
            child(["bench.bare", "read", str(port), database], folder, {}, at=Path.cwd())
        )
        await until_open(port)
        script = folder / "session.lua"
        body = json.dumps({"end_user": {"id": "u"}, "allowed_integrations": [INTEGRATION]})
        script.write_text(
            f"wrk.method = 'POST'\nwrk.body = '{body}'\n"
            "wrk.headers['Content-Type'] = 'application/json'\n",
            encoding="utf-8",
        )
        bare = f"http://127.0.0.1:{port}/things/500"
        sessions = f"{made.origin}/connect/sessions"
        loads: dict[str, list[Load]] = {"bare": [], "read": [], "sessions": []}
        say(f"{CONNECTIONS} connections, {rounds} rounds of {seconds} s each")
        for _ in range(rounds):
            loads["bare"].append(await wrk(bare, {}, CONNECTIONS, seconds))
            loads["read"].append(await wrk(path, key, CONNECTIONS, seconds))
            posting = wrk(sessions, key, CONNECTIONS, seconds, "-s", str(script))
            loads["sessions"].append(await posting)
    rates = {name: statistics.median(load.rate for load in of) for name, of in loads.items()}
    table(
        "One process, SQLite",
        ["", "requests/s", "of bare", "median"],
        [
            _row("bare Starlette route, one SQLite read", "bare", loads, rates),
            _row("GET /connections/{id}", "read", loads, rates),
            _row("POST /connect/sessions", "sessions", loads, rates),
        ],
    )


def _row(title: str, name: str, loads: dict[str, list[Load]], rates: dict[str, float]) -> list[str]:
    median = statistics.median(load.median_ms for load in loads[name])
    ratio = "" if name == "sessions" else f"{rates[name] / rates['bare']:.2f}"
    return [title, f"{rates[name]:,.0f}", ratio, f"{median:.2f} ms"]


def _things(path: Path, body: str) -> str:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, body TEXT)")
        database.executemany("INSERT INTO things VALUES (?, ?)", [(i, body) for i in range(1000)])
    database.close()
    return str(path)
