"""Charts as inline SVG: drawn here, so that they need no script and follow the page's colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: of the drawing, in its own units
WIDTH, HEIGHT = 640, 120
_GAP = 2
#: so that a run with few changes is seen beside one with many
_LEAST = 2.0
KINDS = ("added", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a column."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One run."""

    x: float
    width: float
    bars: tuple[Bar, ...]
    has_failed: bool
    #: what is said of it
    title: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of runs, oldest first."""

    columns: tuple[Column, ...]
    #: changes of the highest column
    top: int
    width: int = WIDTH
    height: int = HEIGHT


def columns(runs: Sequence[Mapping[str, Any]], most: int = 40) -> Columns:
    """Return the chart of the newest runs: what each added, updated and deleted, stacked."""
    shown = list(runs)[:most][::-1]
    totals = [_totals(run) for run in shown]
    top = max([sum(each.values()) for each in totals], default=0)
    step = WIDTH / max(len(shown), 20)
    return Columns(
        tuple(
            _column(run, total, index * step, step - _GAP, top)
            for index, (run, total) in enumerate(zip(shown, totals, strict=True))
        ),
        top,
    )


def _totals(run: Mapping[str, Any]) -> dict[str, int]:
    counts = run["counts"].values()
    return {kind: sum(each[kind] for each in counts) for kind in KINDS}


def _column(
    run: Mapping[str, Any], totals: Mapping[str, int], x: float, width: float, top: int
) -> Column:
    bars, y = [], float(HEIGHT)
    for kind in KINDS:
        if totals[kind]:
            height = max(_LEAST, totals[kind] / top * (HEIGHT - 8))
            y -= height
            bars.append(Bar(kind, round(x, 1), round(y, 1), round(width, 1), round(height, 1)))
    told = ", ".join(f"{totals[kind]} {kind}" for kind in KINDS)
    begun = str(run["createdAt"])[:16].replace("T", " ")
    return Column(
        round(x, 1), round(width, 1), tuple(bars), run["state"] == "failed", f"{begun}: {told}"
    )
