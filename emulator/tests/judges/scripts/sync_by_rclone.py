"""rclone: a tree of awkward names up, checked, changed, synchronised, and back again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from judge import content, say, told
from rclone import Rclone, same

MIB = 1024 * 1024

NAMES = (
    "plain.txt",
    "two words.txt",
    " leading space.txt",
    "trailing space.txt ",
    "trailing dot.",
    "~tilde.txt",
    "~$owner file.docx",
    "hash #1.txt",
    "100 % sure.txt",
    "%41%20%2F.txt",
    "a+b&c=d.txt",
    "it's quoted.txt",
    "'",
    "(round) [square] {curly}.txt",
    "semi;colon,comma!$@^.txt",
    'double " quote.txt',
    "question? asterisk* pipe|.txt",
    "angle <brackets>.txt",
    "colon: and back\\slash.txt",
    "Müller & Söhne.txt",
    "Ødegård.txt",
    "日本語のファイル.txt",
    "русский.txt",
    "עברית.txt",
    "emoji 🚀 file.txt",
    "e\u0301 decomposed.txt",
    "\u00e9 composed.txt",
    ".hidden",
    "..two dots",
    "many.dots.in.a.name.tar.gz",
    "no extension",
    "tab\there.txt",
    "full\uff02width\uff1aquotes.txt",
    "root:",
    "items",
    "children",
    "delta()",
    "content",
    "long " + "x" * 180 + ".txt",
)
FOLDERS = (
    "",
    "Folder #1 (50%)",
    "Folder #1 (50%)/deeper & deeper",
    "Ünïcödé/日本",
    "a/b/c/d/e/f/g",
    "root: of all",
    "it's",
    " spaced ",
)


def plant(top):
    """Write the tree; sizes from nothing to more than one fragment."""
    for number, folder in enumerate(FOLDERS):
        where = top / folder
        where.mkdir(parents=True, exist_ok=True)
        for index, name in enumerate(NAMES):
            size = (number * 997 + index * 131) % 5000
            (where / name).write_bytes(content(size, seed=number * 100 + index))
    (top / "empty.bin").write_bytes(b"")
    (top / "Folder #1 (50%)" / "half a megabyte.bin").write_bytes(content(MIB // 2, seed=11))
    (top / "twelve megabytes.bin").write_bytes(content(12 * MIB + 1, seed=12))


def change(top):
    """Change, remove, rename, move and add."""
    (top / "plain.txt").write_bytes(content(4321, seed=77))
    os.utime(top / "two words.txt", (1_700_000_000, 1_700_000_000))
    shutil.rmtree(top / "a" / "b" / "c" / "d")
    (top / "hash #1.txt").unlink()
    (top / "Ünïcödé" / "日本" / "100 % sure.txt").rename(top / "sure, by 100 %.txt")
    (top / "twelve megabytes.bin").rename(top / "it's" / "twelve + megabytes.bin")
    (top / "new folder").mkdir()
    (top / "new folder" / "new #2.txt").write_bytes(b"new\n")


def main():
    known = told()
    rclone = Rclone(known["config"])
    here, there, back = Path("tree"), "sp:Judged by rclone", Path("back")
    plant(here)
    parallel = ("--transfers", "8", "--checkers", "8")
    rclone.run("copy", str(here), there, *parallel)
    rclone.run("check", str(here), there, *parallel)
    first = rclone.hashes(str(here))
    uploaded = rclone.listing(there)

    change(here)
    rclone.run("check", str(here), there, *parallel, fails=True)
    rclone.run("sync", str(here), there, "--track-renames", "--create-empty-src-dirs", *parallel)
    rclone.run("check", str(here), there, *parallel)
    second = rclone.hashes(str(here))
    by_children = rclone.listing(there)
    by_delta = rclone.listing(there, "--onedrive-delta", "--fast-list")
    rclone.run("copy", there, str(back), *parallel)

    piece = rclone.run(
        "cat", "--offset", "1000000", "--count", "50", f"{there}/it's/twelve + megabytes.bin"
    )
    whole = (here / "it's" / "twelve + megabytes.bin").read_bytes()
    rclone.run("moveto", f"{there}/'", f"{there}/apostrophe.txt")
    rclone.run("deletefile", f"{there}/items")
    rclone.run("mkdir", f"{there}/made: by rclone")
    rclone.run("purge", f"{there}/it's")
    about = json.loads(rclone.run("about", "sp:", "--json"))
    say(
        files=len(first),
        first=first,
        uploaded=uploaded,
        second=second,
        by_children=by_children,
        by_delta=by_delta,
        back=same(here, back),
        piece=piece == whole[1000000:1000050],
        final=rclone.listing(there),
        about=about,
        seconds=rclone.seconds,
    )


main()
