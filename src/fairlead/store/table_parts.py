"""What tables are made of: the names of their keys, numbers, owners, partial indexes."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, text

from fairlead.store.columns import RowId

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def number() -> Column[int]:
    return Column("id", RowId, primary_key=True)


def owner(name: str, target: str, **options: Any) -> Column[int]:
    return Column(name, RowId, ForeignKey(target, ondelete="CASCADE"), nullable=False, **options)


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
