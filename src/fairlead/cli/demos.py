"""`fairlead demo`: run the demo that an installed pack announces.

The platform knows no vendor, so a demo lives in a pack and is found by an entry point of the group
`fairlead.demos`: a callable that takes the options as keywords and returns the exit code.
"""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from fairlead.settings import SettingsInvalid

GROUP = "fairlead.demos"


class Demo(Protocol):
    """What an entry point of the group holds."""

    def __call__(
        self, *, library: Path | None, once: bool, port: int | None, keep: Path | None
    ) -> int:
        """Show everything; return 0 if every step was right."""
        ...


def run(*, library: Path | None, once: bool, port: int | None, keep: Path | None) -> int:
    """Run the first demo by name; SettingsInvalid if no installed pack brings one."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    if not found:
        raise SettingsInvalid(
            f"no installed pack brings a demo (entry points of '{GROUP}'); install one that does"
        )
    demo = cast("Demo", found[0].load())
    return demo(library=library, once=once, port=port, keep=keep)
