"""Whether anything was committed since: SQLite counts for each connection what others commit.

[`PRAGMA data_version`](https://www.sqlite.org/pragma.html#pragma_data_version) takes a microsecond,
so whoever keeps what was read can ask before every use and is never behind. One connection is held
for it, which never writes.
"""

from contextlib import suppress
from typing import Any

from sqlalchemy import Engine


class Version:
    """A number that is another one once somebody committed; only differences mean anything."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._errors: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._connection: Any = None
        self._cursor: Any = None

    def now(self) -> int | None:
        """Return the number, None while the database cannot be asked."""
        try:
            if self._cursor is None:
                self._connection = self._engine.raw_connection()
                self._cursor = self._connection.cursor()
            # to the end: a statement that is not over would hold on to what it saw
            ((number,),) = self._cursor.execute("PRAGMA data_version").fetchall()
        except self._errors:
            self.close()
            return None
        return int(number)

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            with suppress(self._errors):
                connection.close()
