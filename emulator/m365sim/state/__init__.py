"""Keeps a cloud in a SQLite file, so that a restarted emulator goes on with the same tenants.

https://www.sqlite.org/wal.html, https://docs.python.org/3/library/pickle.html#restricting-globals.
Files and list items are journals, of which each commit appends what is new; everything else is an
object graph, of which each commit writes the objects that differ from what was written last.
"""

from m365sim.state.file import StateFile, opened

__all__ = ["StateFile", "opened"]
