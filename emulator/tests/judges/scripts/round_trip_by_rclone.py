"""rclone: a small tree up and back, a move and a removal."""

from __future__ import annotations

from pathlib import Path

from judge import content, say, told
from rclone import Rclone, same


def main():
    rclone = Rclone(told()["config"])
    here, there, back = Path("tree"), "sp:Judged briefly", Path("back")
    (here / "Ünïcödé #1").mkdir(parents=True)
    for number in range(20):
        (here / "Ünïcödé #1" / f"file {number} (100%).bin").write_bytes(content(number * 997))
    (here / "eleven megabytes.bin").write_bytes(content(11 * 1024 * 1024))
    rclone.run("copy", str(here), there)
    rclone.run("check", str(here), there)
    listing = rclone.listing(there)
    rclone.run("copy", there, str(back))
    rclone.run("moveto", f"{there}/eleven megabytes.bin", f"{there}/moved/eleven.bin")
    rclone.run("copyto", f"{there}/moved/eleven.bin", f"{there}/copied/eleven.bin")
    rclone.run("purge", f"{there}/Ünïcödé #1")
    say(
        local=rclone.hashes(str(here)),
        listing=listing,
        back=same(here, back),
        final=rclone.listing(there),
        seconds=rclone.seconds,
    )


main()
