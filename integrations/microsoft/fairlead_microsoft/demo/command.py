"""The entry point: set the stage, walk, and clear it away whatever happened."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from fairlead_microsoft.demo.failure import StepFailed
from fairlead_microsoft.demo.platform import DATABASE
from fairlead_microsoft.demo.show import Screen
from fairlead_microsoft.demo.walk import Walk

#: the documents of this project, where the demo runs from a checkout of it
_PROJECT_DOCS = Path(__file__).resolve().parents[4] / "docs"


def demo(*, library: Path | None, once: bool, port: int | None, keep: Path | None) -> int:
    """Walk through everything; 0 if every step was right."""
    screen = Screen(Console(highlight=False))
    shown = library or _default_library()
    if shown is None:
        screen.failed("there is no folder to mirror; name one with --library DIR")
        return 2
    if keep is not None and (keep / DATABASE).exists():
        screen.failed(f"{keep} holds the database of an earlier demo; remove it, or keep elsewhere")
        return 2
    screen.title(
        "fairlead demo", "all on this machine; the tenant is emulated, the folder only read"
    )
    with _folder(keep) as folder:
        walk = Walk(screen, library=shown, folder=folder, port=port, once=once)
        try:
            asyncio.run(_until_signal(walk))
        except StepFailed as failure:
            screen.failed(str(failure))
            return 1
        except (KeyboardInterrupt, asyncio.CancelledError):
            screen.console.print("\n   stopped; nothing is left running", highlight=False)
            return 0 if walk.is_complete else 130
    return 0


async def _until_signal(walk: Walk) -> None:
    # Ctrl-C, a plain kill and a closed terminal all clear the stage. Only the first counts: whoever
    # presses twice would otherwise interrupt the clearing, and leave servers behind.
    task = asyncio.current_task()
    assert task is not None
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if not is_stopping:
            is_stopping = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await walk.run()


def _default_library() -> Path | None:
    return _PROJECT_DOCS if _PROJECT_DOCS.is_dir() else None


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as name:
        yield Path(name)
