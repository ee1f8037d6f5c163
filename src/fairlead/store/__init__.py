"""Persistence: tables, migrations, one file of queries per noun; the only room that sees SQL."""

from fairlead.store import operation_tables as _operation_tables  # noqa: F401  # for migrations
from fairlead.store.database import Database, Tx

__all__ = ["Database", "Tx"]
