"""Apps whose customer's administrator has not approved them yet, and how they go on by themselves.

Nobody needs to come back for such a connection: the app's credentials are kept, sealed, and tried
again: at once when the administrator returns from the approval, and every now and then, for the
approval may be given elsewhere. Whoever filled them in may close the browser.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from fairlead.connect.account import with_account
from fairlead.connect.approvals import LIFETIME
from fairlead.connect.establish import Establisher
from fairlead.connect.proving import Proving
from fairlead.connect.sessions import CALLBACK_PATH
from fairlead.errors import AdminConsentRequired, FairleadError, ReconnectRequired
from fairlead.http import Transport
from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, SealedCredentials, TwoStepCredentials
from fairlead.model.integration import Integration
from fairlead.model.pending_approval import PendingApproval, Problem
from fairlead.model.provider import Provider
from fairlead.oauth import new_state, scopes_for
from fairlead.oauth.admin_consent import admin_consent_url
from fairlead.sdk.registry import Registry
from fairlead.store import Database, integrations, pending_approvals
from fairlead.vault import Vault, hash_token, pending_row

log = structlog.get_logger(__name__)

AppCredentials = ClientCredentials | TwoStepCredentials
#: what vendors say of an app that nobody has approved; a mistyped id looks the same to them
_UNAPPROVED = frozenset({"app_not_in_tenant", "consent_required", "unknown_client"})
#: an approval takes a while to be known everywhere
_EVERY_ONCE_APPROVED = timedelta(seconds=15)
_EVERY = timedelta(minutes=2)
#: what waits for days is asked for more rarely: after this part of its age
_PART_OF_AGE = 24
#: a vendor that says of an app that it is unknown does not say whether its id is mistyped; so much
#: later it is taken to be: over a weekend an administrator has had the time
DOUBTED_FOR = timedelta(days=3)
#: so much after an administrator came back from the approval, even
_DOUBTED_ONCE_APPROVED = timedelta(days=1)
_DOUBTFUL = "unknown_client"
#: tried at once by one process
_AT_ONCE = 5


class AppApprovals:
    """Keeps apps that wait for an administrator, and tries them again."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        transport: Transport,
        establisher: Establisher,
        clock: Clock,
        server_url: str,
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._transport = transport
        self._establisher = establisher
        self._clock = clock
        self._server_url = server_url.rstrip("/")
        self._proving = Proving(db, vault, transport, clock)
        self._under_way: set[asyncio.Task[Connection | None]] = set()

    async def obtain(
        self,
        integration: Integration,
        provider: Provider,
        credentials: AppCredentials,
        config: dict[str, Any],
        connection_pk: int | None,
    ) -> tuple[AppCredentials, dict[str, Any]]:
        """Ask the vendor for a token and who this is; return the credentials and the config."""
        scopes = scopes_for(provider, integration.scopes, config)
        got = await self._proving.obtain(
            integration, provider, credentials, config, scopes, connection_pk=connection_pk
        )
        return got, await with_account(self._transport, provider, got, config)

    async def wait(
        self,
        integration: Integration,
        provider: Provider,
        session: ConnectSession,
        *,
        connection_id: str,
        credentials: AppCredentials,
        connection_config: Mapping[str, Any],
        reason: FairleadError,
    ) -> tuple[PendingApproval, str]:
        """Keep an app until an administrator has approved it; `reason` is why it was refused.

        Return it with the token by which the browser of whoever filled it in sees how it goes on.
        """
        now, pending_id, token = self._clock.now(), new_state(), new_state()
        sealed = self._vault.seal_credentials(credentials, row=pending_row(pending_id))
        pending = PendingApproval(
            id=pending_id,
            environment_id=session.environment_id,
            integration_key=integration.unique_key,
            connection_id=connection_id,
            token_hash=hash_token(token),
            admin_url=admin_consent_url(
                provider,
                client_id=_client_id(provider, credentials),
                redirect_uri=self._server_url + CALLBACK_PATH,
                state=pending_id,
                connection_config=connection_config,
            ),
            session=session,
            connection_config=dict(connection_config),
            envelope=sealed.envelope,
            tried_at=now,
            problem=_doubt(reason, _client_id(provider, credentials)),
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with self._db.write() as tx:
            await pending_approvals.purge_expired(tx, now)
            await pending_approvals.insert(tx, pending)
        log.info(
            "app waits for an administrator",
            integration=integration.unique_key,
            connection_id=connection_id,
        )
        return pending, token

    async def resume(self, pending: PendingApproval) -> Connection | None:
        """Try an app once more; return its connection, None if it still waits, or is over.

        What another process tries at this moment is left to it.
        """
        now = self._clock.now()
        async with self._db.write() as tx:
            claimed = await pending_approvals.claim(tx, pending, now)
        if not claimed or pending.envelope is None:
            return None
        async with self._db.read() as tx:
            integration = await integrations.find(
                tx, self._vault, pending.environment_id, pending.integration_key
            )
        if integration is None or integration.provider not in self._registry.providers:
            return None
        credentials = self._vault.open_credentials(
            SealedCredentials(envelope=pending.envelope), row=pending_row(pending.id)
        )
        assert isinstance(credentials, ClientCredentials | TwoStepCredentials)
        provider = self._registry.provider(integration.provider)
        try:
            got, config = await self.obtain(
                integration, provider, credentials, pending.connection_config, None
            )
        except FairleadError as error:
            client_id = _client_id(provider, credentials)
            await self._still_refused(pending, integration, error, client_id)
            return None
        session = pending.session
        made, _ = await self._establisher.import_connection(
            pending.environment_id,
            integration,
            connection_id=pending.connection_id,
            credentials=got,
            connection_config=config,
            metadata=None,
            end_user=session.end_user,
            tags=session.tags,
            webhook_url_override=session.webhook_url_override,
        )
        return made

    async def look(self) -> None:
        """Begin to try what is due; return without waiting for it."""
        now = self._clock.now()
        async with self._db.read() as tx:
            waiting = await pending_approvals.apps(tx, now)
        due = [each for each in waiting if _due_at(each) <= now]
        for each in due[: _AT_ONCE - len(self._under_way)]:
            task = asyncio.create_task(self.resume(each), name="app approval")
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    async def settle(self) -> None:
        """Wait for what is tried at this moment."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def close(self) -> None:
        """Give up what is tried at this moment; it is tried again by whoever works next."""
        for task in self._under_way:
            task.cancel()
        await self.settle()

    def _ended(self, task: asyncio.Task[Connection | None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("app approval broken", error_type=type(error).__name__)

    async def _still_refused(
        self,
        pending: PendingApproval,
        integration: Integration,
        error: FairleadError,
        client_id: str,
    ) -> None:
        if error.retryable:
            return
        if is_unapproved(error):
            doubt = _doubt(error, client_id)
            if doubt is None or not self._is_hopeless(pending):
                if doubt != pending.problem:
                    async with self._db.write() as tx:
                        await pending_approvals.note(tx, pending.id, doubt)
                return
            error = ReconnectRequired(
                f"The vendor does not know the app {client_id} in this organisation, and nobody "
                "approved it in time. Compare the id with the app's registration and connect "
                "again; if it is right, an administrator must approve the app.",
                code=_DOUBTFUL,
            )
        problem = Problem(code=error.code, message=error.message, is_final=True)
        async with self._db.write() as tx:
            is_ended = await pending_approvals.end(tx, pending.id, problem)
        if is_ended:
            await self._establisher.report_failure(
                integration, pending.connection_id, pending.session, error
            )

    def _is_hopeless(self, pending: PendingApproval) -> bool:
        now = self._clock.now()
        if pending.approved_at is not None:
            return now >= pending.approved_at + _DOUBTED_ONCE_APPROVED
        return now >= pending.created_at + DOUBTED_FOR


def is_unapproved(error: FairleadError) -> bool:
    """Tell whether an app was refused because nobody has approved it."""
    return isinstance(error, AdminConsentRequired) or error.code in _UNAPPROVED


def _doubt(reason: FairleadError, client_id: str) -> Problem | None:
    """Return what may be wrong beside a missing approval, None = nothing."""
    if reason.code != _DOUBTFUL:
        return None
    return Problem(
        code=_DOUBTFUL,
        message=f"The vendor does not know the app {client_id} in this organisation. If the id is "
        "mistyped, no approval will help: compare it with the app's registration, and if it is "
        f"wrong connect again. The connection is given up after {DOUBTED_FOR.days} days.",
    )


def _due_at(pending: PendingApproval) -> datetime:
    tried_at = pending.tried_at or pending.created_at
    if pending.approved_at is not None and tried_at - pending.approved_at < timedelta(hours=1):
        return tried_at + _EVERY_ONCE_APPROVED
    return tried_at + max(_EVERY, (tried_at - pending.created_at) / _PART_OF_AGE)


def _client_id(provider: Provider, credentials: AppCredentials) -> str:
    if isinstance(credentials, ClientCredentials):
        return credentials.client_id
    return credentials.fields[provider.client_id_field].get_secret_value()
