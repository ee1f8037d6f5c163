"""Prepared: a statement that is compiled once, and run by the driver itself.

SQLAlchemy's way from a statement to the driver and back takes longer than the database needs for a
row by its key: on the way are a cache of compiled statements, an execution context, a cursor and,
with asyncpg, a greenlet. A batch of a sync runs half a dozen such statements, so these go straight.
They are written as all others are, and say the same: https://docs.sqlalchemy.org/core/
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

from fairlead.store.dialect import DialectName

_DIALECTS: dict[DialectName, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(),
    "postgresql": PGDialect_asyncpg(),  # type: ignore[no-untyped-call]
}

Convert = Callable[[Any], Any]


def _taken(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _given(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class _Row:
    """What a row of SQLAlchemy's has besides its columns."""

    __slots__ = ()

    @property
    def _mapping(self) -> dict[str, Any]:
        return self._asdict()  # type: ignore[attr-defined, no-any-return]


class Prepared:
    """A statement for one dialect; `columns` are those that an INSERT is given.

    Only values have places in it: no list that becomes longer or shorter (IN).
    """

    def __init__(
        self, statement: Select[Any] | UpdateBase, name: DialectName, columns: Sequence[str] = ()
    ) -> None:
        dialect = _DIALECTS[name]
        compiled = statement.compile(dialect=dialect, column_keys=[*columns] or None)
        #: as SQLAlchemy takes it
        self.statement = statement
        #: as the driver takes it
        self.text = str(compiled)
        #: of each place: name, what makes the driver's value; None = the value itself
        self._places: list[tuple[str | None, Any]] = []
        for place in compiled.positiontup or ():
            bound = compiled.binds[place]
            convert = _taken(bound.type, dialect)
            if bound.required:
                self._places.append((bound.key, convert))
            else:
                value = bound.effective_value
                self._places.append((None, convert(value) if convert else value))
        selected = list(statement.selected_columns) if isinstance(statement, Select) else []
        names = [str(column.key) for column in selected]
        made = namedtuple("made", names)  # type: ignore[misc]  # noqa: PYI024
        self._row: Any = type("Row", (_Row, made), {"__slots__": ()})
        converts = [_given(column.type, dialect) for column in selected]
        self._converts = [(n, convert) for n, convert in enumerate(converts) if convert]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the values of the places, in their order."""
        return [
            given
            if name is None
            else (given(parameters[name]) if given is not None else parameters[name])
            for name, given in self._places
        ]

    def row(self, values: Sequence[Any]) -> Any:
        """Return what the driver gave as a row with names."""
        listed = list(values)
        for place, convert in self._converts:
            listed[place] = convert(listed[place])
        return self._row(*listed)


def for_each(
    make: Callable[[Any], Select[Any] | UpdateBase] | Select[Any] | UpdateBase,
    columns: Sequence[str] = (),
) -> dict[DialectName, Prepared]:
    """Return a statement prepared for each dialect; `make` makes one that differs."""
    return {
        name: Prepared(make(name) if callable(make) else make, name, columns) for name in _DIALECTS
    }
