"""Queries about a connection's tokens for further APIs, each sealed on its own."""

from datetime import datetime

from sqlalchemy import select

from fairlead.model.credentials import SealedCredentials
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.tables import connection_tokens


async def find(tx: Tx, connection_pk: int, audience: str) -> SealedCredentials | None:
    """Return the token for the API at this origin, as it lies."""
    c = connection_tokens.c
    row = await tx.first(
        select(c.envelope, c.expires_at).where(
            c.connection_pk == connection_pk, c.audience == audience
        )
    )
    return row and SealedCredentials(envelope=row.envelope, expires_at=row.expires_at)


async def put(
    tx: Tx, connection_pk: int, audience: str, sealed: SealedCredentials, now: datetime
) -> None:
    """Keep the token in place of an older one."""
    values = {"envelope": sealed.envelope, "expires_at": sealed.expires_at, "updated_at": now}
    await tx.execute(
        dialect.insert(tx, connection_tokens)
        .values(connection_pk=connection_pk, audience=audience, **values)
        .on_conflict_do_update(index_elements=["connection_pk", "audience"], set_=values)
    )
