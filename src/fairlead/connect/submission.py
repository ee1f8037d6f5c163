"""Make a connection of credentials that a person fills in, within a connect session.

An app's credentials are tried at once: a connection that never worked helps nobody. Certificates
come as PEM or PFX and are kept as PEM, sealed with the rest.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import SecretStr

from fairlead.connect.app_approvals import AppApprovals, is_unapproved
from fairlead.connect.approvals import CODE, needed
from fairlead.connect.config import gathered_config
from fairlead.connect.establish import Establisher
from fairlead.connect.proving import Proving, has_proof
from fairlead.connect.sessions import Sessions
from fairlead.errors import AdminConsentRequired, FairleadError, InvalidInput
from fairlead.http import Transport
from fairlead.model.clock import Clock, NewId
from fairlead.model.connect_session import ConnectSession, IntegrationDefaults
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, Credentials, TwoStepCredentials
from fairlead.model.integration import Integration
from fairlead.model.pending_approval import PendingApproval
from fairlead.model.provider import AuthMode, Provider
from fairlead.oauth.authorize import check_overrides
from fairlead.oauth.certificate import CERTIFICATE, PFX, Certificate, read_pem, read_pfx
from fairlead.oauth.scopes import OVERRIDE
from fairlead.oauth.tokens import EXTRA_PARAMS, extra_params
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connections
from fairlead.vault import Vault

log = structlog.get_logger(__name__)

#: makes credentials of a provider's own kind of what was filled in
Fill = Callable[[Provider], TwoStepCredentials]
#: codes of the contract for credentials that the vendor gives no token for
REFUSED = {"OAUTH2_CC": "client_credentials_fetch_error", "TWO_STEP": "connection_test_failed"}


class CredentialsRefused(InvalidInput):
    """The vendor does not accept the credentials that were filled in."""

    code = "client_credentials_fetch_error"


class AppWaits(AdminConsentRequired):
    """The app's connection is kept until an administrator has approved the app."""

    code = CODE

    def __init__(self, pending: PendingApproval, token: str) -> None:
        super().__init__(needed(pending).message)
        self.pending = pending
        #: by which the browser sees how it goes on
        self.token = token


class Submissions:
    """Takes in credentials that are filled in rather than fetched."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        sessions: Sessions,
        establisher: Establisher,
        apps: AppApprovals,
        registry: Registry,
        transport: Transport,
        clock: Clock,
        new_id: NewId,
        db: Database,
        vault: Vault,
    ) -> None:
        self._db = db
        self._apps = apps
        self._proving = Proving(db, vault, transport, clock)
        self._sessions = sessions
        self._establisher = establisher
        self._registry = registry
        self._new_id = new_id

    async def accept(
        self,
        session: ConnectSession,
        integration_key: str,
        *,
        credentials: Credentials | Fill,
        connection_config: Mapping[str, Any],
    ) -> tuple[Connection, bool]:
        """Connect with these credentials; return the connection and whether it is new.

        Credentials of a provider's own kind come as a function that makes them for the provider.

        `connection_config` is what the browser says; the session's values win over it. InvalidInput
        `invalid_auth_mode`: another kind of credentials than the provider's; CredentialsRefused
        (its `__cause__` says why) if the vendor gives no token for them, which is announced;
        AppWaits if that is because the app was never approved there.
        """
        integration = await self._sessions.integration_for(session, integration_key)
        provider = self._registry.provider(integration.provider)
        kind = AuthMode.TWO_STEP.value if callable(credentials) else credentials.type
        if kind != provider.auth_mode.value:
            raise InvalidInput(
                f"{provider.display_name} is connected by {provider.auth_mode.value} credentials, "
                f"not by {kind}",
                code="invalid_auth_mode",
            )
        if callable(credentials):
            credentials = credentials(provider)
        existing = await self._connection_pk(session, integration_key)
        if isinstance(credentials, ClientCredentials | TwoStepCredentials):
            await self.check_proof(integration, provider, credentials, existing)
        defaults = session.defaults.get(integration_key, IntegrationDefaults())
        config = gathered_config(provider, connection_config, session, defaults)
        connection_id = await self._sessions.connection_id_for(session, integration_key)
        connection_id = connection_id or self._new_id()
        if isinstance(credentials, ClientCredentials | TwoStepCredentials):
            check_overrides(defaults.authorization_params)
            if extra := extra_params({EXTRA_PARAMS: defaults.authorization_params}):
                config[EXTRA_PARAMS] = extra
            if scope := defaults.authorization_params.get("scope", "").split():
                config[OVERRIDE] = scope
            given = credentials
            try:
                credentials, config = await self._apps.obtain(
                    integration, provider, given, config, existing
                )
            except FairleadError as error:
                if is_unapproved(error) and provider.admin_consent_url and existing is None:
                    waits = AppWaits(
                        *await self._apps.wait(
                            integration,
                            provider,
                            session,
                            connection_id=connection_id,
                            credentials=given,
                            connection_config=config,
                            reason=error,
                        )
                    )
                    await self._establisher.report_failure(
                        integration, connection_id, session, needed(waits.pending)
                    )
                    raise waits from error
                await self._establisher.report_failure(integration, connection_id, session, error)
                code = REFUSED[credentials.type]
                raise CredentialsRefused(error.message, detail=error.detail, code=code) from error
        return await self._establisher.import_connection(
            session.environment_id,
            integration,
            connection_id=connection_id,
            credentials=credentials,
            connection_config=config,
            metadata=None,
            end_user=session.end_user,
            tags=session.tags,
            webhook_url_override=session.webhook_url_override,
        )

    async def check_proof(
        self,
        integration: Integration,
        provider: Provider,
        credentials: ClientCredentials | TwoStepCredentials,
        connection_pk: int | None = None,
    ) -> None:
        """Raise InvalidInput unless there is a proof: what was filled in, or a key of ours."""
        if has_proof(provider, credentials) or await self._proving.has_keys(
            integration, connection_pk
        ):
            return
        if isinstance(credentials, TwoStepCredentials):
            raise _wrong(CERTIFICATE, "is missing; give a certificate with its private key")
        raise _wrong(
            "client_secret",
            "is missing; give the app's secret, or a certificate with its key",
            "missing_client_secret",
        )

    async def _connection_pk(self, session: ConnectSession, integration_key: str) -> int | None:
        if session.connection_id is None:
            return None
        async with self._db.read() as tx:
            found = await connections.find(
                tx, session.environment_id, integration_key, session.connection_id
            )
        return found.id if found else None


def app_credentials(
    *,
    client_id: str,
    client_secret: str | None = None,
    certificate: str | None = None,
    private_key: str | None = None,
    pfx: str | None = None,
    password: str | None = None,
    token: str = "",
    secret_expires_at: datetime | None = None,
    now: datetime,
) -> ClientCredentials:
    """Return an app's credentials as people give them: a secret, PEM, or a PFX file in base64.

    InvalidInput names the field that is wrong; a certificate that has expired is. Without either
    the app needs a key of ours (`Submissions.check_proof`).
    """
    proof = proof_of(
        certificate=certificate, private_key=private_key, pfx=pfx, password=password, now=now
    )
    if not client_id.strip():
        raise _wrong("client_id", "is missing; give the app's id", "missing_client_id")
    return ClientCredentials(
        token=SecretStr(token),
        client_id=client_id.strip(),
        # with a certificate the secret proves nothing more, and may have expired
        client_secret=SecretStr(client_secret) if client_secret and proof is None else None,
        client_certificate=proof.certificate if proof else None,
        client_private_key=proof.private_key if proof else None,
        proof_expires_at=proof.expires_at if proof else secret_expires_at,
    )


def proof_of(
    *,
    certificate: str | None,
    private_key: str | None,
    pfx: str | None,
    password: str | None,
    now: datetime,
) -> Certificate | None:
    """Return a certificate with its key as people give them, None if they gave none."""
    if pfx:
        try:
            content = base64.b64decode("".join(pfx.split()), validate=True)
        except binascii.Error:
            raise _wrong(PFX, "is not base64; encode the whole file") from None
        return read_pfx(content, password, now)
    if certificate:
        return read_pem(certificate, private_key, password, now)
    if private_key:
        raise _wrong(CERTIFICATE, "is missing; a key alone does not say whose it is")
    return None


def _wrong(name: str, why: str, code: str = "invalid_body") -> InvalidInput:
    return InvalidInput(
        f"{name} {why}",
        code=code,
        issues=[{"code": "custom", "message": why, "path": [name]}],
    )
