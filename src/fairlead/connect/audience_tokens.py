"""Tokens for further APIs of one connection: fetched when they are first needed, each on its own.

One grant reaches several APIs, but a token is good at one. Each is asked for with the connection's
refresh token or app credentials, sealed in a row of its own and renewed when it is due, whatever
happens to the others. The vendor is asked under the connection's refresh lock: the refresh token is
one, and with some vendors it serves once.
"""

import asyncio
from copy import copy
from datetime import timedelta

import structlog

from fairlead.connect.remembered import Remembered
from fairlead.connect.validity import is_due, is_renewable, is_valid, renewal_at, token_of
from fairlead.errors import FairleadError, NotFound, OperatorError, ProviderError, ReconnectRequired
from fairlead.http import Transport
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, Credentials, OAuth2Credentials
from fairlead.oauth import client_credentials, refresh
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connection_tokens, connections, integrations
from fairlead.store.locks import refresh_lock
from fairlead.vault import Vault, audience_row, credentials_row, same_token

log = structlog.get_logger(__name__)

#: after a failure the vendor is left alone for so long
BACK_OFF = timedelta(seconds=30)
CACHED_FOR = timedelta(seconds=30)
#: a token that is refused (401) so soon after it was fetched for that reason is not the trouble
NOT_AGAIN_FOR = timedelta(seconds=60)

_Key = tuple[int, str]


class AudienceTokens:
    """Gives out tokens for further APIs of a connection."""

    def __init__(
        self, db: Database, vault: Vault, registry: Registry, transport: Transport, clock: Clock
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._transport = transport
        self._clock = clock
        self._running: dict[_Key, asyncio.Task[Credentials]] = {}
        self._cache: Remembered[Credentials] = Remembered()
        self._failures: Remembered[FairleadError] = Remembered()
        #: tokens that were fetched after a 401
        self._after_401: Remembered[str] = Remembered()
        #: how often something was forgotten: what was read before that is not cached
        self._forgettings = 0

    async def fresh(
        self, connection: Connection, audience: str, *, after_401_of: str | None = None
    ) -> Credentials:
        """Return credentials for the API at the origin `audience`, good for some minutes.

        `after_401_of` is a token that the API just refused. Credentials that are the same for all
        APIs (a key, a password) come back as they are. A failure here says nothing of the others:
        the connection gets no fault for it.
        """
        key, now, forgettings = (connection.id, audience), self._clock.now(), self._forgettings
        if after_401_of is None and (cached := self._cache.get(key, now)) is not None:
            return cached
        stored = await self._stored(connection, audience)
        if stored is not None and not self._must_fetch(key, stored, after_401_of):
            return self._remember(key, stored, forgettings)
        spare = stored if after_401_of is None and stored and is_valid(stored, now) else None
        try:
            if (failure := self._failures.get(key, now)) is not None:
                raise copy(failure)
            fetched = await self._fetched(connection, audience, stored)
        except (OperatorError, ProviderError):
            if spare is None:
                raise
            return spare
        if after_401_of is not None:
            self._after_401.put(key, token_of(fetched), now + NOT_AGAIN_FOR)
        return fetched

    def forget(self, pk: int) -> None:
        """Drop everything remembered of a connection."""
        self._forgettings += 1
        for remembered in (self._cache, self._failures, self._after_401):
            remembered.forget_all(lambda key: isinstance(key, tuple) and key[0] == pk)

    async def close(self) -> None:
        """Wait for what is under way: new tokens must be kept."""
        while self._running:
            await asyncio.wait(list(self._running.values()))
            await asyncio.sleep(0)

    def _must_fetch(self, key: _Key, stored: Credentials, after_401_of: str | None) -> bool:
        now, token = self._clock.now(), token_of(stored)
        if is_due(stored, now):
            return True
        if after_401_of is None or not same_token(token, after_401_of):
            return False
        return self._after_401.get(key, now) != token

    async def _fetched(
        self, connection: Connection, audience: str, stored: Credentials | None
    ) -> Credentials:
        key = connection.id, audience
        task = self._running.get(key)
        if task is None:
            # a task of its own: a caller who goes away must not lose a new refresh token
            known = token_of(stored) if stored else ""
            task = asyncio.create_task(self._fetch(connection, audience, known))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            return await asyncio.shield(task)
        except FairleadError as error:
            # a copy: one exception raised in many tasks would collect all their tracebacks
            raise copy(error) from error

    async def _fetch(self, connection: Connection, audience: str, known: str) -> Credentials:
        pk, key, forgettings = connection.id, (connection.id, audience), self._forgettings
        async with refresh_lock(self._db, pk):
            stored = await self._stored(connection, audience)
            if (
                stored is not None
                and not same_token(token_of(stored), known)
                and not is_due(stored, self._clock.now())
            ):
                return self._remember(key, stored, forgettings)
            try:
                token = await self._ask(connection, audience)
            except FairleadError as error:
                self._failures.put(key, copy(error), self._clock.now() + BACK_OFF)
                log.warning(
                    "token for a further api not obtained",
                    connection_id=connection.connection_id,
                    integration=connection.integration_key,
                    audience=audience,
                    code=error.code,
                    who=error.who,
                )
                raise
        self._failures.forget(key)
        return self._remember(key, token, forgettings)

    async def _ask(self, connection: Connection, audience: str) -> Credentials:
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
        if not isinstance(main, OAuth2Credentials | ClientCredentials):
            return main
        if not is_renewable(main):
            raise ReconnectRequired(
                "The connection has no refresh token, so it reaches one API only; the end user "
                "must connect again"
            )
        provider = self._registry.provider(integration.provider)
        newest = main
        if isinstance(main, ClientCredentials):
            app = await client_credentials(
                self._transport,
                provider,
                credentials=main,
                connection_config=current.connection_config,
                scopes=(),
                clock=self._clock,
                audience=audience,
            )
            token = OAuth2Credentials(
                access_token=app.token, expires_at=app.expires_at, raw=app.raw
            )
        else:
            secret = integration.client_secret
            renewed = await refresh(
                self._transport,
                provider,
                client_id=integration.client_id or "",
                client_secret=secret.get_secret_value() if secret else None,
                credentials=main,
                connection_config=current.connection_config,
                scopes=(),
                clock=self._clock,
                audience=audience,
            )
            newest = main.model_copy(update={"refresh_token": renewed.refresh_token})
            # the refresh token is the connection's, and lies with its main credentials only
            raw = {name: value for name, value in renewed.raw.items() if name != "refresh_token"}
            token = renewed.model_copy(update={"refresh_token": None, "raw": raw})
        now = self._clock.now()
        fresh = self._vault.seal_credentials(token, row=_token_row(current, audience))
        async with self._db.write() as tx:
            if (await connections.sealed(tx, pk)).envelope != sealed.envelope:
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

    def _remember(self, key: _Key, credentials: Credentials, forgettings: int) -> Credentials:
        if forgettings == self._forgettings:
            until = self._clock.now() + CACHED_FOR
            due_at = renewal_at(credentials)
            self._cache.put(key, credentials, until if due_at is None else min(until, due_at))
        return credentials


def _credentials_row(connection: Connection) -> str:
    return credentials_row(
        connection.environment_id, connection.integration_id, connection.connection_id
    )


def _token_row(connection: Connection, audience: str) -> str:
    return audience_row(
        connection.environment_id, connection.integration_id, audience, connection.connection_id
    )
