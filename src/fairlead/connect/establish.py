"""Make a connection: exchange the code, ask who this is, seal, keep, announce.

Everything that is kept is written in one transaction; what the vendor says is asked before it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from fairlead.connect.account import with_account
from fairlead.connect.config import check_config, secret_names
from fairlead.connect.events import AuthNews, announce
from fairlead.connect.proving import Proving
from fairlead.errors import FairleadError, NotFound, OperatorError, SessionExpired
from fairlead.http import Transport
from fairlead.model.clock import Clock, NewId
from fairlead.model.connect_session import ConnectSession, EndUser, OAuthState
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials, OAuth2Credentials
from fairlead.model.integration import Integration
from fairlead.model.provider import Provider
from fairlead.oauth import exchange_code
from fairlead.oauth.certificate import Certificate
from fairlead.sdk.registry import Registry
from fairlead.store import Database, Tx, connections, integrations, pending_approvals
from fairlead.store.locks import refresh_lock
from fairlead.vault import Vault, credentials_row

log = structlog.get_logger(__name__)

#: called inside the transaction that keeps the connection
OnEstablished = Callable[[Tx, Connection], Awaitable[None]]


class Establisher:
    """Makes connections, from a trip to the vendor or from credentials that the caller has."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        transport: Transport,
        clock: Clock,
        new_id: NewId,
        on_established: OnEstablished | None = None,
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._transport = transport
        self._clock = clock
        self._new_id = new_id
        self._proving = Proving(db, vault, transport, clock)
        #: the engine's: starts what runs by itself
        self.on_established = on_established

    async def establish(
        self, state: OAuthState, session: ConnectSession | None, code: str
    ) -> tuple[Connection, bool]:
        """Finish a claimed trip; return the connection and whether it is new.

        A refusal of the vendor is announced and raised; nothing is kept then.
        """
        if (session.id if session else None) != state.connect_session_id:
            raise SessionExpired("This sign-in belongs to another session; start again in the app")
        integration = await self._integration(state)
        provider = self._registry.provider(integration.provider)
        try:
            credentials, config = await self._obtain(state, integration, provider, code)
        except FairleadError as error:
            await self.abandon(state, session, error)
            raise
        return await self._keep(
            integration,
            provider,
            connection_id=state.connection_id,
            credentials=credentials,
            connection_config=config,
            metadata=None,
            end_user=session.end_user if session else None,
            tags=session.tags if session else {},
            webhook_url_override=session.webhook_url_override if session else None,
        )

    async def import_connection(
        self,
        environment_id: int,
        integration: Integration,
        *,
        connection_id: str,
        credentials: Credentials,
        connection_config: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
        end_user: EndUser | None,
        tags: Mapping[str, str],
        webhook_url_override: str | None,
    ) -> tuple[Connection, bool]:
        """Keep credentials that were obtained elsewhere; an existing connection is renewed."""
        if integration.environment_id != environment_id:
            raise NotFound(f"There is no integration '{integration.unique_key}'")
        provider = self._registry.provider(integration.provider)
        config = {**provider.connection_defaults, **connection_config}
        check_config(provider, config)
        return await self._keep(
            integration,
            provider,
            connection_id=connection_id,
            credentials=credentials,
            connection_config=config,
            metadata=metadata,
            end_user=end_user,
            tags=tags,
            webhook_url_override=webhook_url_override,
        )

    async def abandon(
        self, state: OAuthState, session: ConnectSession | None, error: FairleadError
    ) -> None:
        """Announce that a claimed trip came to nothing; nothing that was kept changes."""
        integration = await self._integration(state)
        await self.report_failure(integration, state.connection_id, session, error)

    async def report_failure(
        self,
        integration: Integration,
        connection_id: str,
        session: ConnectSession | None,
        error: FairleadError,
    ) -> None:
        """Announce that a connection did not come to be; one that was there stays as it is."""
        log.info(
            "connection not established",
            integration=integration.unique_key,
            connection_id=connection_id,
            code=error.code,
        )
        async with self._db.write() as tx:
            existing = await connections.find(
                tx, integration.environment_id, integration.unique_key, connection_id
            )
            await announce(
                tx,
                AuthNews(
                    operation="override" if existing else "creation",
                    connection_id=connection_id,
                    connection_pk=existing.id if existing else None,
                    end_user=session.end_user if session else None,
                    tags=session.tags if session else {},
                    error=error,
                ),
                integration=integration,
                provider=self._registry.provider(integration.provider),
                event_id=self._new_id(),
                now=self._clock.now(),
            )

    async def _integration(self, state: OAuthState) -> Integration:
        async with self._db.read() as tx:
            found = await integrations.find(
                tx, self._vault, state.environment_id, state.integration_key
            )
        if found is None:
            raise NotFound(
                f"The integration '{state.integration_key}' was deleted meanwhile; whoever runs "
                "the app must create it again",
                code="unknown_provider_config",
            )
        return found

    async def _obtain(
        self, state: OAuthState, integration: Integration, provider: Provider, code: str
    ) -> tuple[OAuth2Credentials, dict[str, Any]]:
        own_app = state.own_app
        client_id = own_app.client_id if own_app else integration.client_id
        if not client_id:
            raise OperatorError(
                f"The integration '{integration.unique_key}' has no client id; whoever runs the "
                "app must set it",
                code="missing_client_id",
            )
        secret = own_app.client_secret if own_app else integration.client_secret
        config = state.connection_config

        async def ask(proof: Certificate | None) -> OAuth2Credentials:
            return await exchange_code(
                self._transport,
                provider,
                client_id=client_id,
                client_secret=secret.get_secret_value() if secret else None,
                code=code,
                code_verifier=state.code_verifier.get_secret_value(),
                redirect_uri=state.redirect_uri,
                connection_config=config,
                clock=self._clock,
                proof=proof,
            )

        if own_app:
            # our keys are not registered with it
            credentials = await ask(None)
        else:
            has_own = secret is not None
            credentials = await self._proving.ask(integration, None, ask, has_own=has_own)
        if state.refresh_token:
            credentials = credentials.model_copy(update={"refresh_token": state.refresh_token})
        credentials = credentials.model_copy(update={"own_app": own_app})
        return credentials, await with_account(self._transport, provider, credentials, config)

    async def _keep(
        self,
        integration: Integration,
        provider: Provider,
        *,
        connection_id: str,
        credentials: Credentials,
        connection_config: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
        end_user: EndUser | None,
        tags: Mapping[str, str],
        webhook_url_override: str | None,
    ) -> tuple[Connection, bool]:
        environment_id = integration.environment_id
        row = credentials_row(environment_id, integration.id, connection_id)
        sealed = self._vault.seal_credentials(credentials, row=row)
        now = self._clock.now()
        async with self._unrefreshed(integration, connection_id), self._db.write() as tx:
            connection, is_new = await connections.upsert(
                tx,
                environment_id=environment_id,
                integration=integration,
                connection_id=connection_id,
                end_user=end_user,
                tags=tags,
                metadata=metadata,
                connection_config=connection_config,
                secrets=secret_names(provider, connection_config),
                webhook_url_override=webhook_url_override,
                sealed=sealed,
                now=now,
            )
            await connections.clear_fault(tx, connection.id, "auth")
            await pending_approvals.finish(
                tx, environment_id, integration.unique_key, connection_id, now
            )
            if self.on_established is not None:
                await self.on_established(tx, connection)
            await announce(
                tx,
                AuthNews(
                    operation="creation" if is_new else "override",
                    connection_id=connection_id,
                    connection_pk=connection.id,
                    end_user=connection.end_user,
                    tags=connection.tags,
                ),
                integration=integration,
                provider=provider,
                event_id=self._new_id(),
                now=now,
            )
            connection = await connections.by_pk(tx, connection.id) or connection
        log.info(
            "connection established",
            integration=integration.unique_key,
            connection_id=connection_id,
            is_new=is_new,
            refreshable=sealed.refreshable,
        )
        return connection, is_new

    @asynccontextmanager
    async def _unrefreshed(
        self, integration: Integration, connection_id: str
    ) -> AsyncIterator[None]:
        """Keep a running refresh from putting the old grant's tokens over the new ones."""
        async with self._db.read() as tx:
            existing = await connections.find(
                tx, integration.environment_id, integration.unique_key, connection_id
            )
        if existing is None:
            yield
        else:
            async with refresh_lock(self._db, existing.id):
                yield
