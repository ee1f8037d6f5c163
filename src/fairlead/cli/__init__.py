"""The commands: `fairlead serve`, `worker`, `db`, `demo`."""

from fairlead.cli.commands import main

__all__ = ["main"]
