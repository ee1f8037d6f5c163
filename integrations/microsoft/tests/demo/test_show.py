"""What the demo prints of records."""

import io
from typing import Any

from rich.console import Console

from fairlead_microsoft.demo.show import Screen, counted, path_of, summary


def record(path: str, action: str = "ADDED", **values: Any) -> dict[str, Any]:
    return {
        "path": path,
        "folder": False,
        "lastModifiedDateTime": "2026-01-02T03:04:05Z",
        "_nango_metadata": {"last_action": action},
        **values,
    }


def printed(records: list[dict[str, Any]], width: int = 80) -> list[str]:
    out = io.StringIO()
    Screen(Console(file=out, width=width)).records(records, with_action=True)
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]


def test_a_row_says_what_happened_to_what() -> None:
    lines = printed([record("/a [b]/c.txt", "DELETED", size=2048)])
    assert lines[1].split() == ["deleted", "a", "[b]/c.txt", "2.0", "KiB", "2026-01-02", "03:04"]


def test_only_a_long_path_gives_way() -> None:
    lines = printed([record("/" + "x" * 200, size=1)])
    assert len(lines) == 2
    assert "…" in lines[1]
    assert lines[1].endswith("1 B  2026-01-02 03:04")


def test_many_records_are_cut_short() -> None:
    lines = printed([record(f"/{number}") for number in range(1025)])
    assert lines[-1].strip() == "... and 1,005 more"


def test_folders_end_with_a_slash() -> None:
    assert path_of(record("/a/b", folder=True)) == "a/b/"
    assert path_of(record("/a/b.txt")) == "a/b.txt"
    assert path_of({"name": "gone.txt"}) == "gone.txt"


def test_counts_in_words() -> None:
    assert counted(1, "page") == "1 page"
    assert counted(1234, "page") == "1,234 pages"
    changes = [record("/a"), record("/b", "DELETED"), record("/c")]
    assert summary(changes) == "2 added, 1 deleted"
