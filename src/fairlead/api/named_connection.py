"""The connection that a request names by its headers."""

from fairlead.api.auth import Caller
from fairlead.errors import CallerError
from fairlead.model.connection import Connection
from fairlead.store import connections
from fairlead.store.database import Tx


async def named_connection(tx: Tx, caller: Caller, key: str, connection_id: str) -> Connection:
    """Return the connection of that name; CallerError (`unknown_connection`) if there is none."""
    connection = await connections.find(tx, caller.environment.id, key, connection_id)
    if connection is None:
        raise CallerError(
            f"There is no connection '{connection_id}' of '{key}'.", code="unknown_connection"
        )
    return connection
