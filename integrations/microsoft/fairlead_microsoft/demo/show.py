"""How the demo looks on a terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

#: rows of a table that are printed
MAX_ROWS = 20
_ACTIONS = {"ADDED": "green", "UPDATED": "yellow", "DELETED": "red"}
_KIB = 1024


class Screen:
    """Prints steps, facts, curl lines and tables."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._step = 0

    def title(self, name: str, remark: str) -> None:
        """Print what this is."""
        self.console.print(f"\n[bold]{name}[/]  [dim]{remark}[/]", highlight=False)

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._step += 1
        self.console.print()
        self.console.print(f"[bold cyan]{self._step}[/]  [bold]{escape(title)}[/]", highlight=False)

    def say(self, text: str) -> None:
        """Print a line below the step's title; `text` may hold markup."""
        self.console.print(f"   {text}", highlight=False, soft_wrap=True)

    def done(self, text: str) -> None:
        """Print what has been achieved; `text` may hold markup."""
        self.console.print(f"   [green]✓[/] {text}", highlight=False, soft_wrap=True)

    def curl(self, line: str) -> None:
        """Print the line that does the same by hand, in one piece so that it can be copied."""
        self.console.print(f"   [dim]$ {escape(line)}[/]", highlight=False, soft_wrap=True)

    def failed(self, reason: str) -> None:
        """Print why the demo ends here."""
        where = f"step {self._step} failed:" if self._step else "cannot begin:"
        self.console.print(f"\n[bold red]✗ {where}[/] {escape(reason)}", soft_wrap=True)

    def records(self, records: list[dict[str, Any]], *, with_action: bool) -> None:
        """Print records as a table; with what happened to each if that is the point."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        if with_action:
            table.add_column("change", no_wrap=True)
        # The only column that gives way, and by an ellipsis, not by a second line.
        table.add_column("path")
        table.add_column("size", justify="right", no_wrap=True)
        table.add_column("modified (UTC)", no_wrap=True)
        for record in records[:MAX_ROWS]:
            action = str(record["_nango_metadata"]["last_action"])
            row: list[RenderableType] = [
                Text(path_of(record), no_wrap=True, overflow="ellipsis"),
                "" if is_folder(record) else _size(record.get("size") or 0),
                str(record.get("lastModifiedDateTime") or "")[:16].replace("T", " "),
            ]
            if with_action:
                row.insert(0, f"[{_ACTIONS[action]}]{action.lower()}[/]")
            table.add_row(*row)
        self.console.print()
        self.console.print(Padding(table, (0, 0, 0, 3)))
        if len(records) > MAX_ROWS:
            self.say(f"[dim]... and {len(records) - MAX_ROWS:,} more[/]")

    def progress(self) -> Progress:
        """Return the display of a running sync: items, pages, items/s."""
        return Progress(
            TextColumn("  "),
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )


def path_of(record: dict[str, Any]) -> str:
    """Return where an item is in its library, folders with a slash at the end."""
    path = str(record.get("path") or record.get("name") or "?").lstrip("/")
    return f"{path}/" if is_folder(record) else path


def is_folder(record: dict[str, Any]) -> bool:
    """Tell a folder from a file."""
    return bool(record.get("folder"))


def is_deleted(record: dict[str, Any]) -> bool:
    """Tell a record of something that is gone."""
    return bool(record["_nango_metadata"]["last_action"] == "DELETED")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the right form."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def summary(records: Iterable[dict[str, Any]]) -> str:
    """Return how many records were added, updated, deleted."""
    actions = [str(record["_nango_metadata"]["last_action"]) for record in records]
    found = {action: actions.count(action) for action in _ACTIONS}
    return ", ".join(f"{count} {action.lower()}" for action, count in found.items() if count)


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < _KIB else f"{size_bytes / _KIB:,.1f} KiB"
