"""Connections that wait for an administrator: the link to forward, and how they go on.

An end user who may not consent is no failure: the connection is kept as it was begun, for two
weeks. The administrator's link carries one secret, the end user's browser holds another; so whoever
was forwarded the link can approve, but cannot connect in the end user's place. What the vendor says
on the administrator's way back can be forged, and need not be believed: it only makes the end
user's browser try once more.
"""

from datetime import timedelta

import structlog

from fairlead.connect.sessions import CALLBACK_PATH, Sessions
from fairlead.errors import AdminConsentRequired, NotFound, ReconnectRequired
from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession, IntegrationDefaults, OAuthState
from fairlead.model.pending_approval import PendingApproval
from fairlead.model.provider import Provider
from fairlead.oauth import new_state
from fairlead.oauth.admin_consent import admin_consent_url
from fairlead.store import Database, environments, integrations, pending_approvals
from fairlead.vault import Vault, hash_token

log = structlog.get_logger(__name__)

LIFETIME = timedelta(days=14)
CODE = "pending_admin"
#: code of the event that tells of an approval
APPROVED = "admin_approved"


class Approvals:
    """Keeps what waits for an administrator."""

    def __init__(
        self, db: Database, vault: Vault, sessions: Sessions, clock: Clock, server_url: str
    ) -> None:
        self._db = db
        self._vault = vault
        self._sessions = sessions
        self._clock = clock
        self._server_url = server_url.rstrip("/")

    async def wait(
        self, state: OAuthState, session: ConnectSession, provider: Provider
    ) -> tuple[PendingApproval, str]:
        """Keep a trip that an administrator must approve.

        Return it with the token by which the end user's browser goes on, told this once.
        """
        async with self._db.read() as tx:
            integration = await integrations.find(
                tx, self._vault, state.environment_id, state.integration_key
            )
        own_app = state.own_app
        client_id = own_app.client_id if own_app else integration and integration.client_id
        if not client_id:
            raise NotFound("The integration was deleted meanwhile", code="unknown_provider_config")
        now, pending_id, token = self._clock.now(), new_state(), new_state()
        pending = PendingApproval(
            id=pending_id,
            environment_id=state.environment_id,
            integration_key=state.integration_key,
            connection_id=state.connection_id,
            token_hash=hash_token(token),
            admin_url=admin_consent_url(
                provider,
                client_id=client_id,
                redirect_uri=self._server_url + CALLBACK_PATH,
                state=pending_id,
                connection_config=state.connection_config,
            ),
            session=session,
            connection_config=state.connection_config,
            own_app=own_app,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with self._db.write() as tx:
            await pending_approvals.purge_expired(tx, now)
            await pending_approvals.insert(tx, pending)
        log.info(
            "connection waits for an administrator",
            integration=state.integration_key,
            connection_id=state.connection_id,
        )
        return pending, token

    async def find(self, token: str) -> PendingApproval:
        """Return what the holder of the token waits for; NotFound if it is over."""
        async with self._db.read() as tx:
            found = await pending_approvals.by_token_hash(tx, hash_token(token))
        return self._live(found)

    async def approve(self, pending_id: str) -> PendingApproval:
        """Note that an administrator has approved; NotFound if nothing waits under this id.

        Return it as it was before: `approved_at` tells whether it was news.
        """
        now = self._clock.now()
        async with self._db.write() as tx:
            found = self._live(await pending_approvals.by_id(tx, pending_id))
            await pending_approvals.approve(tx, pending_id, now)
        log.info(
            "app approved by an administrator",
            integration=found.integration_key,
            connection_id=found.connection_id,
        )
        return found

    async def resume(self, pending: PendingApproval) -> str:
        """Begin the trip anew, as it was begun; return the vendor's URL for it."""
        async with self._db.read() as tx:
            environment = await environments.find(tx, pending.environment_id)
        if environment is None:
            raise NotFound("The environment was deleted meanwhile")
        before, key = pending.session, pending.integration_key
        defaults = before.defaults.get(key, IntegrationDefaults())
        # whoever may not consent must not be asked to, whatever the operator's parameters say
        params = {**defaults.authorization_params, "prompt": ""}
        defaults = defaults.model_copy(update={"authorization_params": params})
        session, _ = await self._sessions.open_session(
            environment,
            end_user=before.end_user,
            tags=before.tags,
            allowed_integrations=(key,),
            defaults={key: defaults},
            overrides=before.overrides,
            webhook_url_override=before.webhook_url_override,
            connection_id=pending.connection_id,
        )
        return await self._sessions.begin(
            pending.environment_id,
            key,
            session=session,
            connection_config=pending.connection_config,
            own_app=pending.own_app,
        )

    async def check(self, environment_id: int, integration_key: str, connection_id: str) -> None:
        """Raise AdminConsentRequired `pending_admin`, with the link, if this connection waits."""
        for pending in await self.all_of(environment_id):
            if (pending.integration_key, pending.connection_id) == (integration_key, connection_id):
                raise over(pending) or needed(pending)

    async def all_of(self, environment_id: int) -> list[PendingApproval]:
        """Return all that waits in an environment, newest first."""
        async with self._db.read() as tx:
            return await pending_approvals.list_all(tx, environment_id, self._clock.now())

    def _live(self, found: PendingApproval | None) -> PendingApproval:
        if found is None or found.expires_at <= self._clock.now():
            raise NotFound(
                "Nothing waits here for an administrator any more; start again in the app",
                code="invalid_state",
            )
        if (error := over(found)) is not None:
            raise error
        return found


def over(pending: PendingApproval) -> ReconnectRequired | None:
    """Return the error that says why a connection waited in vain, None = it waits."""
    problem = pending.problem
    if problem is None or not problem.is_final:
        return None
    return ReconnectRequired(problem.message, code=problem.code)


def needed(pending: PendingApproval) -> AdminConsentRequired:
    """Return the error that says what a connection waits for."""
    doubt = f". {pending.problem.message}" if pending.problem else ""
    return AdminConsentRequired(
        "An administrator must approve the app first; forward them this link: "
        f"{pending.admin_url}{doubt}",
        code=CODE,
        payload={"payload": {"admin_url": pending.admin_url}},
    )
