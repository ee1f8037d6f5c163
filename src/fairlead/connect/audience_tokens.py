"""Tokens for further APIs of one connection: fetched when they are first needed, each on its own.

One grant reaches several APIs, but a token is good at one. Each is asked for with the connection's
refresh token or app credentials, sealed in a row of its own and renewed when it is due, whatever
happens to the others. The vendor is asked under the connection's refresh lock: the refresh token is
one, and with some vendors it serves once.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy

import structlog
from pydantic import SecretStr

from fairlead.connect.proving import Proving, Renewable
from fairlead.connect.renewals import Key, Renewals
from fairlead.connect.validity import is_due, is_renewable, is_valid, token_of
from fairlead.errors import (
    BadClientSecret,
    FairleadError,
    NotFound,
    OperatorError,
    ProviderError,
    ReconnectRequired,
)
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials, OAuth2Credentials
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connection_tokens, connections, integrations
from fairlead.store.locks import refresh_lock
from fairlead.vault import Vault, audience_row, credentials_row, same_token

log = structlog.get_logger(__name__)


class AudienceTokens:
    """Gives out tokens for further APIs of a connection."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        proving: Proving,
        clock: Clock,
        renewals: Renewals,
        check_grant: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._proving = proving
        self._clock = clock
        self._renewals = renewals
        #: asks whether the connection's grant itself is over
        self._check_grant = check_grant

    async def fresh(
        self,
        connection: Connection,
        audience: str,
        *,
        after_401_of: str | None = None,
        claims: str = "",
    ) -> Credentials:
        """Return credentials for the API at the origin `audience`, good for some minutes.

        `after_401_of` is a token that the API just refused, `claims` what it asked for then.
        Credentials that are the same for all APIs (a key, a password) come back as they are. A
        failure here says nothing of the other APIs, so the connection gets no fault for it; but if
        it may mean that the grant is over, the main credentials are renewed to see.
        """
        key: Key = (connection.id, audience)
        now, forgettings = self._clock.now(), self._renewals.forgettings
        if after_401_of is None and (cached := self._renewals.cached(key)) is not None:
            return cached
        stored = await self._stored(connection, audience)
        if stored is not None and not self._renewals.must_renew(key, stored, after_401_of, claims):
            return self._renewals.remember(key, stored, forgettings)
        spare = stored if after_401_of is None and stored and is_valid(stored, now) else None
        try:
            if (failure := self._renewals.failure(key)) is not None:
                raise copy(failure)
            known = token_of(stored) if stored else ""
            fetched = await self._renewals.once(
                key, lambda: self._fetch(connection, audience, known, claims)
            )
        except (OperatorError, ProviderError):
            if spare is None:
                raise
            return spare
        if after_401_of is not None:
            self._renewals.renewed_after_401(key, fetched, claims)
        return fetched

    async def _fetch(
        self, connection: Connection, audience: str, known: str, claims: str
    ) -> Credentials:
        try:
            return await self._fetch_locked(connection, audience, known, claims)
        except (ReconnectRequired, BadClientSecret):
            with suppress(FairleadError):
                await self._check_grant(connection)
            raise

    async def _fetch_locked(
        self, connection: Connection, audience: str, known: str, claims: str
    ) -> Credentials:
        key, forgettings = (connection.id, audience), self._renewals.forgettings
        async with refresh_lock(self._db, connection.id):
            stored = await self._stored(connection, audience)
            if (
                stored is not None
                and not same_token(token_of(stored), known)
                and not is_due(stored, self._clock.now())
            ):
                return self._renewals.remember(key, stored, forgettings)
            try:
                token = await self._ask(connection, audience, claims)
            except FairleadError as error:
                self._renewals.failed(key, error)
                log.warning(
                    "token for a further api not obtained",
                    connection_id=connection.connection_id,
                    integration=connection.integration_key,
                    audience=audience,
                    code=error.code,
                    who=error.who,
                )
                raise
        self._renewals.succeeded(key)
        return self._renewals.remember(key, token, forgettings)

    async def _ask(self, connection: Connection, audience: str, claims: str) -> Credentials:
        """Ask the vendor and keep the answer; called under the connection's lock."""
        pk = connection.id
        async with self._db.read() as tx:
            current = await connections.by_pk(tx, pk)
            integration = await integrations.by_id(tx, self._vault, connection.integration_id)
            sealed = await connections.sealed(tx, pk)
        if current is None or integration is None:
            raise NotFound("The connection was deleted meanwhile")
        row = _credentials_row(current)
        main = self._vault.open_credentials(sealed, row=row)
        if not isinstance(main, Renewable):
            return main
        if not is_renewable(main):
            raise ReconnectRequired(
                "The connection has no refresh token, so it reaches one API only; the end user "
                "must connect again"
            )
        provider = self._registry.provider(integration.provider)
        newest: Credentials = main
        got = await self._proving.renew(
            current, integration, provider, main, audience=audience, claims=claims
        )
        if isinstance(got, OAuth2Credentials) and isinstance(main, OAuth2Credentials):
            newest = main.model_copy(update={"refresh_token": got.refresh_token})
            # the refresh token, and an own app, are the connection's and lie with its main
            # credentials only
            raw = {name: value for name, value in got.raw.items() if name != "refresh_token"}
            token = got.model_copy(update={"refresh_token": None, "raw": raw, "own_app": None})
        else:
            token = OAuth2Credentials(
                access_token=SecretStr(token_of(got)), expires_at=got.expires_at, raw=got.raw
            )
        now = self._clock.now()
        fresh = self._vault.seal_credentials(token, row=_token_row(current, audience))
        async with self._db.write() as tx:
            there = await connections.sealed(tx, pk)
            if there.envelope != sealed.envelope and (
                # if only sealed anew, under another key, it is the same
                self._vault.open_credentials(there, row=row) != main
            ):
                # replaced while the vendor was asked: this token belongs to the old grant
                return token
            if newest != main:
                resealed = self._vault.seal_credentials(newest, row=row)
                await connections.set_sealed(tx, pk, resealed, now)
            await connection_tokens.put(tx, pk, audience, fresh, now)
        log.info(
            "token for a further api obtained",
            connection_id=connection.connection_id,
            integration=connection.integration_key,
            audience=audience,
            expires_at=token.expires_at and token.expires_at.isoformat(),
        )
        return token

    async def _stored(self, connection: Connection, audience: str) -> Credentials | None:
        async with self._db.read() as tx:
            sealed = await connection_tokens.find(tx, connection.id, audience)
        if sealed is None:
            return None
        return self._vault.open_credentials(sealed, row=_token_row(connection, audience))


def _credentials_row(connection: Connection) -> str:
    return credentials_row(
        connection.environment_id, connection.integration_id, connection.connection_id
    )


def _token_row(connection: Connection, audience: str) -> str:
    return audience_row(
        connection.environment_id, connection.integration_id, audience, connection.connection_id
    )
