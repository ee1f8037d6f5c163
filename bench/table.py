"""Tables of results, as text that can be pasted into docs/performance.md."""

import sys


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table with its columns lined up."""
    widths = [max(len(row[at]) for row in [header, *rows]) for at in range(len(header))]
    lines = [f"\n{title}\n", _row(header, widths), _row(["-" * width for width in widths], widths)]
    lines += [_row(row, widths) for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a line about what is going on."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _row(cells: list[str], widths: list[int]) -> str:
    return (
        "| "
        + " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        + " |"
    )
