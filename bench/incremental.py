"""Incremental sync after ten changes in a very large library, against its initial run."""

from typing import Any
from urllib.parse import quote

from bench.stage import Stage, sqlite, stage
from bench.table import say, table

ITEMS = 1_000_000


async def measure(scale: float) -> None:
    count = int(ITEMS * scale)
    with sqlite() as url:
        async with stage(url, "--seed-files", str(count)) as made:
            drive = made.drive("/sites/archive")
            await made.choose(drive)
            say(f"initial run over {count:,} files")
            initial = await _timed(made)
            say("ten changes, and a second run")
            await ten_changes(made, drive)
            again = await _timed(made)
            say("a third run, after no change")
            idle = await _timed(made)
    rows = [
        _row("initial run", initial, initial),
        _row("after 10 changes", again, initial),
        _row("after none", idle, initial),
    ]
    table(
        f"A library of {count:,} files on SQLite",
        ["", "requests", "records written", "seconds", "of the initial run", "peak RSS so far"],
        rows,
    )


def _row(name: str, measured: dict[str, Any], initial: dict[str, Any]) -> list[str]:
    share = measured["seconds"] / initial["seconds"]
    return [
        name,
        f"{measured['requests']:,}",
        f"{measured['written']:,}",
        f"{measured['seconds']:.2f}",
        f"{share:.3%}",
        f"{measured['peak_mib']:.0f} MiB",
    ]


async def _timed(made: Stage) -> dict[str, Any]:
    run = await made.run_sync()
    written = sum(
        counts["added"] + counts["updated"] + counts["deleted"] for counts in run["counts"].values()
    )
    return {
        "seconds": made.seconds_of(run),
        "requests": run["requests"],
        "written": written,
        "peak_mib": made.peak_mib(),
    }


async def ten_changes(made: Stage, drive: str) -> None:
    """Add four files, edit three, rename one, and delete two, through the proxy."""
    base = f"/proxy/v1.0/drives/{quote(drive, safe='!')}"
    files: list[dict[str, Any]] = []
    folders = [f"{base}/root/children"]
    while len(files) < 6:
        page = await made.call("GET", f"{folders.pop(0)}?$top=200", headers=made.headers)
        files += [one for one in page["value"] if "file" in one]
        folders += [
            f"{base}/items/{one['id']}/children" for one in page["value"] if "folder" in one
        ]
    text = {"Content-Type": "text/plain", **made.headers}
    for number in range(4):
        path = f"{base}/root:/added%20{number}.txt:/content"
        await made.call("PUT", path, headers=text, data=b"new")
    for one in files[:3]:
        path = f"{base}/items/{one['id']}/content"
        await made.call("PUT", path, headers=text, data=b"edited")
    renamed = f"{base}/items/{files[3]['id']}"
    await made.call("PATCH", renamed, headers=made.headers, json={"name": "renamed.txt"})
    for one in files[4:6]:
        await made.call("DELETE", f"{base}/items/{one['id']}", headers=made.headers)
