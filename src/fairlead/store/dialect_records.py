"""The records' half of dialect.py: each driver's best path for many rows, in a transaction."""

from fairlead.store.database import Tx
from fairlead.store.postgres_records import PostgresRows
from fairlead.store.record_rows import RecordRows
from fairlead.store.sqlite_records import SqliteRows


async def record_rows(tx: Tx) -> RecordRows:
    """Return the driver's path for records in this transaction."""
    connection = await tx.driver()
    return SqliteRows(connection) if tx.dialect == "sqlite" else PostgresRows(connection)
