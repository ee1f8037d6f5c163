"""`GET /connections/{id}`: one connection with credentials that work now (contract 2.3, 4.6).

A hot route: products ask it before every call of their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from starlette.responses import Response
from starlette.types import Scope

from fairlead.api.auth import Caller
from fairlead.api.connections import required_connection
from fairlead.api.errors import envelope, json_response
from fairlead.api.openapi import Documentation
from fairlead.api.routing import Strict, nested_query, validated
from fairlead.api.services import Services
from fairlead.api.wire import ConnectionOut, connection_out
from fairlead.errors import FairleadError
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.store import connections

#: a connection that is read all the time is written to no more often than this
_TOUCH_EVERY = timedelta(seconds=10)
#: answers kept at most
_ROOM = 1024
_SECRETS = "environment:connections:read_credentials"


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and what must still be so for it to be given again."""

    connection: Connection
    credentials: Credentials
    response: Response
    until: datetime


class ConnectionQuery(Strict):
    """Which connection of that id, and how fresh."""

    provider_config_key: str
    """Unique key of the integration."""
    force_refresh: bool = False
    """Renew the credentials even if they are still good."""
    refresh_token: bool = False
    """Tell the refresh token too."""
    refresh_github_app_jwt_token: bool = False
    """Of no effect here."""


DOCUMENTATION = Documentation(
    path="/connections/{connection_id}",
    method="get",
    tag="connections",
    summary="Read a connection with credentials that work now.",
    query=ConnectionQuery,
    reply=ConnectionOut,
    path_parameters=("connection_id",),
)


class ConnectionReads:
    """Answers reads of connections; the same again while nothing at all was committed meanwhile.

    That is known of a database that tells its version; of another one, each is read anew.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        #: what the answers below are of
        self._version: int | None = None
        self._kept: dict[tuple[object, ...], _Kept] = {}

    async def read(self, caller: Caller, scope: Scope, connection_id: str) -> Response:
        """Answer one connection; its credentials are renewed first where they are about to end."""
        caller.demand("environment:connections:read")
        query = _query(scope["query_string"])
        if query.force_refresh or query.refresh_token:
            caller.demand(_SECRETS)
        wanted = (
            caller.environment.id,
            query.provider_config_key,
            connection_id,
            query.refresh_token,
            caller.may(_SECRETS),
        )
        version = self._services.db.version()
        if version is None or version != self._version:
            self._kept.clear()
            self._version = version
        elif not query.force_refresh and (kept := self._kept.get(wanted)) is not None:
            now = self._services.clock.now()
            remembered = self._services.freshener.remembered(kept.connection)
            if remembered is kept.credentials and now < kept.until:
                return kept.response
        return await self._read(caller, query, connection_id, wanted)

    async def _read(
        self,
        caller: Caller,
        query: ConnectionQuery,
        connection_id: str,
        wanted: tuple[object, ...],
    ) -> Response:
        services, version = self._services, self._version
        connection = await required_connection(
            services, caller.environment.id, query.provider_config_key, connection_id
        )
        try:
            credentials = await services.freshener.fresh_credentials(
                connection, force=query.force_refresh
            )
        except FairleadError as error:
            return await _stale(services, connection, error)
        current = await _touched(services, connection)
        response = json_response(
            connection_out(
                current,
                credentials if caller.may(_SECRETS) else None,
                with_refresh_token=query.refresh_token,
            )
        )
        seen = connection.last_fetched_at
        # only what was read at the version that the others are of, and is not touched at once
        if version is not None and version == self._version and current is connection and seen:
            if len(self._kept) >= _ROOM:
                self._kept.clear()
            self._kept[wanted] = _Kept(connection, credentials, response, seen + _TOUCH_EVERY)
        return response


@lru_cache(maxsize=1024)
def _query(query_string: bytes) -> ConnectionQuery:
    return validated(ConnectionQuery, nested_query(query_string), "invalid_query_params")


async def _touched(services: Services, connection: Connection) -> Connection:
    """Note that the connection is in use, and return it as it is after a renewal."""
    now = services.clock.now()
    seen = connection.last_fetched_at
    if seen is not None and now - seen < _TOUCH_EVERY and not connection.errors:
        return connection
    async with services.db.write() as tx:
        await connections.touch_fetched(tx, connection.id, now)
        return await connections.by_pk(tx, connection.id) or connection


async def _stale(services: Services, connection: Connection, error: FairleadError) -> Response:
    """Answer why there are no working credentials, with the rest of the connection."""
    async with services.db.read() as tx:
        current = await connections.by_pk(tx, connection.id) or connection
    body = envelope(error)
    body["error"] |= {
        "code": "invalid_credentials",
        "payload": {"connection": connection_out(current, None), "cause": error.code},
    }
    return json_response(body, error.status)
