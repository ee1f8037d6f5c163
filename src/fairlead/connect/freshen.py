"""Credentials that work now: opened, and renewed in time, once, whoever asks.

Renewal starts 15 minutes before the end. One runs at a time per connection: inside a process all
who ask wait for the same one, across processes a lock of the store; after the lock the stored
credentials are read again, because somebody else may have renewed them.
"""

from copy import copy

import structlog

from fairlead.connect.audience_tokens import AudienceTokens
from fairlead.connect.events import AuthNews, announce
from fairlead.connect.proving import Proving, Renewable
from fairlead.connect.renewals import Key, Renewals
from fairlead.connect.validity import is_due, is_renewable, is_valid, token_of
from fairlead.errors import FairleadError, InternalError, NotFound, OperatorError, ProviderError
from fairlead.http import Transport
from fairlead.model import clock as ids
from fairlead.model.clock import Clock, NewId
from fairlead.model.connection import Connection, Fault
from fairlead.model.credentials import Credentials, SealedCredentials
from fairlead.model.integration import Integration
from fairlead.observe.watch import Watch
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connections, integrations
from fairlead.store.locks import refresh_lock
from fairlead.vault import Vault, credentials_row, same_token

log = structlog.get_logger(__name__)


class Freshener:
    """Gives out credentials that work now."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        transport: Transport,
        clock: Clock,
        new_id: NewId = ids.new_id,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch or Watch()
        self._db = db
        self._vault = vault
        self._registry = registry
        self._clock = clock
        self._new_id = new_id
        self._proving = Proving(db, vault, transport, clock)
        self._renewals = Renewals(clock)
        self._further = AudienceTokens(
            db, vault, registry, self._proving, clock, self._renewals, self._check_grant
        )

    def remembered(self, connection: Connection, audience: str = "") -> Credentials | None:
        """Return credentials that were good a moment ago, None if they are to be looked for."""
        return self._renewals.cached((connection.id, audience))

    async def fresh_credentials(
        self,
        connection: Connection,
        *,
        force: bool = False,
        after_401_of: str | None = None,
        audience: str = "",
        claims: str = "",
    ) -> Credentials:
        """Return credentials of the connection that are good for some minutes.

        With `audience`, an origin, they are for the further API there (`AudienceTokens.fresh`).

        `force` renews them in any case. `after_401_of` is a token that the vendor just refused: if
        another one is stored by now it is returned, else they are renewed, so that they hold the
        `claims` (JSON) that the refusal asked for. Credentials that cannot be renewed come back as
        they are. While renewal fails for a passing reason, the old ones are returned as long as
        they are valid.
        """
        if audience:
            return await self._further.fresh(
                connection, audience, after_401_of=after_401_of, claims=claims
            )
        return await self._main(connection, force=force, after_401_of=after_401_of, claims=claims)

    async def _main(
        self, connection: Connection, *, force: bool, after_401_of: str | None, claims: str
    ) -> Credentials:
        key, now, forgettings = _key(connection), self._clock.now(), self._renewals.forgettings
        is_plain = not force and after_401_of is None
        if is_plain and (cached := self._renewals.cached(key)) is not None:
            return cached
        _, stored = await self._stored(connection)
        if not is_renewable(stored) or not (
            force or self._renewals.must_renew(key, stored, after_401_of, claims)
        ):
            return self._renewals.remember(key, stored, forgettings)
        # the old ones serve meanwhile, unless they are what the caller wants to be rid of
        spare = stored if is_plain and is_valid(stored, now) else None
        failure = self._renewals.failure(key)
        if failure is not None and not force:
            return _spare_or_raise(spare, failure)
        try:
            renewed = await self._renewed(connection, token_of(stored), claims)
        except FairleadError as error:
            return _spare_or_raise(spare, error)
        if after_401_of is not None:
            self._renewals.renewed_after_401(key, renewed, claims)
        return renewed

    def forget(self, pk: int) -> None:
        """Drop everything remembered of a connection: it was replaced, changed or deleted."""
        self._renewals.forget(pk)

    async def close(self) -> None:
        """Wait for renewals that are under way: their new tokens must be kept."""
        await self._renewals.close()

    async def _check_grant(self, connection: Connection) -> None:
        """Renew the main credentials: is the grant itself over, or only one API out of reach?

        What comes of it is noted as of any renewal, and raised to nobody.
        """
        _, stored = await self._stored(connection)
        if is_renewable(stored) and self._renewals.failure(_key(connection)) is None:
            await self._renewed(connection, token_of(stored), "")

    async def _renewed(self, connection: Connection, token: str, claims: str) -> Credentials:
        return await self._renewals.once(
            _key(connection), lambda: self._renew(connection, token, claims)
        )

    async def _renew(self, connection: Connection, token: str, claims: str) -> Credentials:
        pk, key, forgettings = connection.id, _key(connection), self._renewals.forgettings
        async with refresh_lock(self._db, pk):
            sealed, stored = await self._stored(connection)
            if not same_token(token_of(stored), token) and not is_due(stored, self._clock.now()):
                return self._renewals.remember(key, stored, forgettings)
            connection, integration = await self._as_they_are(connection)
            try:
                renewed = await self._ask(connection, integration, stored, claims)
            except FairleadError as error:
                await self._note_failure(connection, integration, error)
                raise
            row = _row_of(connection)
            now = self._clock.now()
            async with self._db.write() as tx:
                current = await connections.sealed(tx, pk)
                if current.envelope != sealed.envelope:
                    there = self._vault.open_credentials(current, row=row)
                    if there != stored:
                        # replaced while the vendor was asked: that grant is newer than ours
                        return there
                    # else only sealed anew, under another key
                fresh = self._vault.seal_credentials(renewed, row=row)
                await connections.set_sealed(tx, pk, fresh, now)
                await connections.clear_fault(tx, pk, "auth")
        self._renewals.succeeded(key)
        self._watch.renewed(connection, None)
        log.info(
            "credentials renewed",
            connection_id=connection.connection_id,
            integration=connection.integration_key,
            expires_at=fresh.expires_at and fresh.expires_at.isoformat(),
        )
        return self._renewals.remember(key, renewed, forgettings)

    async def _ask(
        self, connection: Connection, integration: Integration, stored: Credentials, claims: str
    ) -> Credentials:
        assert isinstance(stored, Renewable)
        provider = self._registry.provider(integration.provider)
        return await self._proving.renew(connection, integration, provider, stored, claims=claims)

    async def _note_failure(
        self, connection: Connection, integration: Integration, error: FairleadError
    ) -> None:
        pk, now = connection.id, self._clock.now()
        self._renewals.failed(_key(connection), error)
        self._watch.renewed(connection, error)
        log.warning(
            "credentials not renewed",
            connection_id=connection.connection_id,
            integration=connection.integration_key,
            code=error.code,
            who=error.who,
            retryable=error.retryable,
        )
        if error.retryable or isinstance(error, InternalError):
            return
        async with self._db.write() as tx:
            current = await connections.by_pk(tx, pk)
            if current is None:
                return
            log_id = self._new_id()
            fault = Fault(
                type="auth",
                code=error.code,
                message=error.message,
                log_id=log_id,
                created_at=now,
            )
            await connections.set_fault(tx, pk, fault)
            if any(known.type == "auth" for known in current.errors):
                # announced when it began
                return
            await announce(
                tx,
                AuthNews(
                    operation="refresh",
                    connection_id=current.connection_id,
                    connection_pk=pk,
                    end_user=current.end_user,
                    tags=current.tags,
                    error=error,
                ),
                integration=integration,
                provider=self._registry.provider(integration.provider),
                event_id=log_id,
                now=now,
            )

    async def _stored(self, connection: Connection) -> tuple[SealedCredentials, Credentials]:
        async with self._db.read() as tx:
            sealed = await connections.sealed(tx, connection.id)
        return sealed, self._vault.open_credentials(sealed, row=_row_of(connection))

    async def _as_they_are(self, connection: Connection) -> tuple[Connection, Integration]:
        """Read again what the caller may hold since hours: a reconnect may have changed it."""
        async with self._db.read() as tx:
            current = await connections.by_pk(tx, connection.id)
            integration = await integrations.by_id(tx, self._vault, connection.integration_id)
        if current is None or integration is None:
            raise NotFound("The connection was deleted meanwhile")
        return current, integration


def _spare_or_raise(spare: Credentials | None, error: FairleadError) -> Credentials:
    # when the grant itself is over, its last token should not be stretched
    if spare is not None and isinstance(error, OperatorError | ProviderError):
        return spare
    # a copy: what is remembered must not collect the tracebacks of all who are told
    raise copy(error)


def _key(connection: Connection) -> Key:
    return connection.id, ""


def _row_of(connection: Connection) -> str:
    return credentials_row(
        connection.environment_id, connection.integration_id, connection.connection_id
    )
