"""Persistence: tables, migrations, one file of queries per noun; the only room that sees SQL."""

from fairlead.store.database import Database, Tx

__all__ = ["Database", "Tx"]
