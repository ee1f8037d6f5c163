"""Connect sessions and trips: who may connect what, and one browser's way to the vendor and back.

A session is a permit of 30 minutes whose token is stored hashed. A trip is one `state` with its
PKCE verifier; claiming it removes it, so it serves once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from pydantic import SecretStr

from fairlead.connect.config import authorization_params_of, gathered_config
from fairlead.connect.session_intake import SessionIntake
from fairlead.errors import InvalidInput, NotFound, OperatorError, SessionExpired
from fairlead.model.clock import Clock, NewId
from fairlead.model.connect_session import (
    ConnectSession,
    EndUser,
    IntegrationDefaults,
    OAuthState,
    Organization,
)
from fairlead.model.credentials import OwnApp
from fairlead.model.environment import Environment
from fairlead.model.integration import Integration
from fairlead.model.pending_approval import PendingApproval
from fairlead.model.provider import AuthMode
from fairlead.oauth import authorization_url, new_state, new_verifier, scopes_for
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connect_sessions, integrations, pending_approvals
from fairlead.vault import Vault, hash_token, new_session_token

log = structlog.get_logger(__name__)

LIFETIME = timedelta(minutes=30)
CALLBACK_PATH = "/oauth/callback"
_OVER = "The connect session is over or unknown; the app must open a new one"


class Sessions:
    """Opens sessions, begins trips, and recognises both when they come back."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        clock: Clock,
        new_id: NewId,
        server_url: str,
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._clock = clock
        self._new_id = new_id
        self._server_url = server_url.rstrip("/")
        self._intake = SessionIntake(db, clock)

    async def open_session(
        self,
        environment: Environment,
        *,
        end_user: EndUser | None,
        tags: Mapping[str, str],
        organization: Organization | None = None,
        allowed_integrations: tuple[str, ...] = (),
        defaults: Mapping[str, IntegrationDefaults] | None = None,
        overrides: Mapping[str, dict[str, str]] | None = None,
        webhook_url_override: str | None = None,
        connection_id: str | None = None,
    ) -> tuple[ConnectSession, str]:
        """Open a session; return it with its token, which is told this once.

        `tags` overlay those derived from the end user and the `organization`. With `connection_id`
        the session renews that connection.
        """
        now = self._clock.now()
        token = new_session_token()
        session = ConnectSession(
            id=self._new_id(),
            environment_id=environment.id,
            token_hash=hash_token(token),
            end_user=end_user,
            allowed_integrations=tuple(allowed_integrations),
            defaults=dict(defaults or {}),
            overrides=dict(overrides or {}),
            tags={
                **organization_tags(organization),
                **derived_tags(end_user),
                **{key.lower(): tags[key] for key in tags},
            },
            webhook_url_override=webhook_url_override,
            connection_id=connection_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        await self._intake.keep(session)
        log.info("connect session opened", session_id=session.id)
        return session, token

    async def find(self, token: str) -> ConnectSession:
        """Return the session of a token; SessionExpired if it is unknown or over."""
        async with self._db.read() as tx:
            session = await connect_sessions.find_by_token_hash(tx, hash_token(token))
        if session is None or session.expires_at <= self._clock.now():
            raise SessionExpired(_OVER)
        return session

    async def integration_for(self, session: ConnectSession, integration_key: str) -> Integration:
        """Return an integration that the session may connect; raises why it may not."""
        self._check_session(session, session.environment_id, integration_key)
        return await self._integration(session.environment_id, integration_key)

    async def begin(
        self,
        environment_id: int,
        integration_key: str,
        *,
        session: ConnectSession | None,
        connection_config: Mapping[str, Any],
        authorization_params: Mapping[str, str] | None = None,
        own_app: OwnApp | None = None,
        refresh_token: SecretStr | None = None,
        ws_client_id: str | None = None,
    ) -> str:
        """Begin a trip and return the vendor's URL for it.

        `connection_config` is what the browser says; the session's values win over it.
        `authorization_params` are the browser's too: those of the session, if it has any for this
        integration, take their place whole (contract 3.4). With `own_app` the trip is that app's,
        not the integration's; a `refresh_token` is kept in place of the vendor's.
        """
        if session is not None:
            self._check_session(session, environment_id, integration_key)
        integration = await self._integration(environment_id, integration_key)
        provider = self._registry.provider(integration.provider)
        if provider.auth_mode is not AuthMode.OAUTH2:
            raise InvalidInput(
                f"{provider.display_name} is not connected by a sign-in page but by "
                f"{provider.auth_mode.value} credentials",
                code="invalid_auth_mode",
            )
        client_id = own_app.client_id if own_app else integration.client_id
        if not client_id:
            raise OperatorError(
                f"The integration '{integration_key}' has no client id; whoever runs the app must "
                "set it",
                code="missing_client_id",
            )
        defaults = IntegrationDefaults()
        if session is not None:
            defaults = session.defaults.get(integration_key, defaults)
        config = gathered_config(provider, connection_config, session, defaults)
        scopes = scopes_for(provider, integration.scopes, config)
        pending = await self._waiting(environment_id, integration_key, session)
        # the session's word wins over the operator's; of whom an administrator spared the question,
        # it must not be asked
        overrides = {
            **authorization_params_of(integration.config),
            **({"prompt": ""} if pending and pending.approved_at else {}),
            **(defaults.authorization_params or authorization_params or {}),
        }
        now = self._clock.now()
        state = OAuthState(
            id=new_state(),
            environment_id=environment_id,
            integration_key=integration_key,
            connect_session_id=session.id if session else None,
            connection_id=(session.connection_id if session else None)
            or (pending.connection_id if pending else None)
            or self._new_id(),
            code_verifier=SecretStr(new_verifier()),
            redirect_uri=self._server_url + CALLBACK_PATH,
            connection_config=config,
            authorization_params={
                "scope": provider.scope_separator.join(scopes),
                **overrides,
            },
            own_app=own_app,
            refresh_token=refresh_token,
            ws_client_id=ws_client_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        url = authorization_url(
            provider,
            client_id=client_id,
            redirect_uri=state.redirect_uri,
            scopes=scopes,
            state=state.id,
            code_verifier=state.code_verifier.get_secret_value(),
            connection_config=config,
            overrides=overrides,
        )
        async with self._db.write() as tx:
            await connect_sessions.insert_state(tx, self._vault, state)
        log.info("oauth trip begun", integration=integration_key, connection_id=state.connection_id)
        return url

    async def connection_id_for(self, session: ConnectSession, integration_key: str) -> str | None:
        """Return the id that a connection of this session shall have, None = a fresh one."""
        if session.connection_id is not None:
            return session.connection_id
        pending = await self._waiting(session.environment_id, integration_key, session)
        return pending.connection_id if pending else None

    async def _waiting(
        self, environment_id: int, integration_key: str, session: ConnectSession | None
    ) -> PendingApproval | None:
        """Return what this end user waits for an administrator for, from another visit.

        Whoever closed the browser meanwhile comes back by a new session, and gets the connection
        that was announced.
        """
        if session is None or session.end_user is None or session.connection_id is not None:
            return None
        async with self._db.read() as tx:
            waiting = await pending_approvals.list_for(
                tx, environment_id, integration_key, self._clock.now()
            )
        for pending in waiting:
            if pending.session.end_user and pending.session.end_user.id == session.end_user.id:
                return pending
        return None

    async def claim_state(self, state: str) -> OAuthState:
        """Take the trip that `state` names; NotFound if there is none, or it was taken before."""
        async with self._db.write() as tx:
            claimed = await connect_sessions.claim_state(tx, self._vault, state)
        if claimed is None or claimed.expires_at <= self._clock.now():
            raise NotFound(
                "This sign-in is over, was used before, or was never begun here; start again in "
                "the app",
                code="invalid_state",
            )
        return claimed

    def _check_session(
        self, session: ConnectSession, environment_id: int, integration_key: str
    ) -> None:
        if session.environment_id != environment_id or session.expires_at <= self._clock.now():
            raise SessionExpired(_OVER)
        if session.allowed_integrations and integration_key not in session.allowed_integrations:
            raise InvalidInput(
                f"The session does not allow the integration '{integration_key}'; the app must "
                "open one that does",
                code="integration_not_allowed",
            )

    async def _integration(self, environment_id: int, integration_key: str) -> Integration:
        async with self._db.read() as tx:
            found = await integrations.find(tx, self._vault, environment_id, integration_key)
        if found is None:
            raise NotFound(
                f"There is no integration '{integration_key}'; create it or correct the name",
                code="unknown_provider_config",
            )
        return found


def derived_tags(end_user: EndUser | None) -> dict[str, str]:
    """Return the tags that follow from who connects (contract 3.1)."""
    if end_user is None:
        return {}
    told = {
        "end_user_id": end_user.id,
        "end_user_email": end_user.email,
        "end_user_display_name": end_user.display_name,
    }
    tags = {name: value for name, value in told.items() if value}
    return {
        **tags,
        **organization_tags(end_user.organization),
        **{key.lower(): value for key, value in end_user.tags.items()},
    }


def organization_tags(organization: Organization | None) -> dict[str, str]:
    """Return the tags that follow from whose organisation it is; it needs no end user."""
    if organization is None:
        return {}
    told = {
        "organization_id": organization.id,
        "organization_display_name": organization.display_name,
    }
    return {name: value for name, value in told.items() if value}
