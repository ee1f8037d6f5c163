"""Which errors are the database's own trouble: it is away, full, or busy, and comes back.

SQLSTATE classes as in https://www.postgresql.org/docs/current/errcodes-appendix.html; SQLite's
words as in https://www.sqlite.org/rescode.html.
"""

import sqlite3

from asyncpg import InterfaceError as NoUse
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from fairlead.store.database import DatabaseDown

#: 08 connection, 53 resources (disk full), 55006/55P03 in use, 57 shut down, 58 system
_CLASSES = ("08", "53", "55006", "55P03", "57P", "58")
_FULL = ("53100", "disk is full", "disk full", "No space left")
_WORDS = ("disk is full", "disk I/O error", "is locked", "unable to open", "readonly database")


def trouble_of(error: BaseException) -> str | None:
    """Say in a sentence what ails the database; None if this error is not of that kind."""
    for each in _chain(error):
        if isinstance(each, DBAPIError) and each.connection_invalidated:
            return "the database cut the connection"
        code = getattr(each, "sqlstate", None) or ""
        words = str(each)
        is_ours = isinstance(each, sqlite3.OperationalError) and any(w in words for w in _WORDS)
        if is_ours or (isinstance(each, PostgresError) and code.startswith(_CLASSES)):
            if code in _FULL or any(each in words for each in _FULL):
                return "the database's disk is full: make room"
            return f"the database cannot do it now: {type(each).__name__}"
        if isinstance(each, DatabaseDown | ConnectionError | NoUse):
            return "the database cannot be reached"
    return None


def _chain(error: BaseException) -> list[BaseException]:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        inner = getattr(following, "orig", None)
        following = inner if isinstance(inner, BaseException) else following.__cause__
    return seen
