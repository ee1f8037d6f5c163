"""The doctor: examines one connection and says what is wrong, why, and who must do what.

What every provider has in common is looked at here: addresses, clocks, certificates, renewal, and
where events go. What only a vendor's people know is the provider's `diagnose` hook.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.sessions import CALLBACK_PATH
from fairlead.connect.validity import is_renewable
from fairlead.errors import FairleadError, NotFound
from fairlead.gateway.checks import (
    LIMIT,
    certificate_of,
    check_certificate,
    check_clock,
    check_webhook,
    unreachable,
)
from fairlead.gateway.send import Gateway
from fairlead.http import Transport, origin_of
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import (
    ClientCredentials,
    Credentials,
    OAuth2Credentials,
    TwoStepCredentials,
)
from fairlead.model.diagnosis import Chart, Diagnosis, Finding, Level, finding_of
from fairlead.model.exchange import Request, Response
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode, Patient, Provider, Reply
from fairlead.oauth import authorization_url, classify, interpolate, scopes_for
from fairlead.sdk.registry import Registry
from fairlead.store import Database, connections, integrations
from fairlead.vault import Vault, credentials_row

log = structlog.get_logger(__name__)

_LARGEST_BYTES = 65_536


class Doctor:
    """Examines connections."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        freshener: Freshener,
        gateway: Gateway,
        transport: Transport,
        clock: Clock,
        *,
        server_url: str,
        webhook_url: str,
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._freshener = freshener
        self._gateway = gateway
        self._transport = transport
        self._clock = clock
        self._redirect_uri = server_url.rstrip("/") + CALLBACK_PATH
        self._webhook_url = webhook_url

    async def examine(self, connection: Connection, wanted: Sequence[str] = ()) -> Diagnosis:
        """Examine a connection; its credentials are renewed for it.

        `wanted` are addresses, or paths below the provider's base URL, that should be reachable.
        """
        chart, now = Chart(), self._clock.now()
        integration, credentials = await self._open(connection)
        provider = self._registry.provider(integration.provider)
        config = connection.connection_config
        await self._check_addresses(chart, provider, config)
        check_certificate(chart, credentials, now)
        error, credentials = await self._renew(chart, connection, credentials)
        patient = self._patient(connection, integration, provider, credentials, wanted, error)
        if provider.diagnose is not None:
            await provider.diagnose(patient, chart)
        elif error is None and provider.base_url:
            await self._check_call(chart, provider, patient, "base URL", "/")
        if error is None:
            for address in wanted:
                await self._check_call(chart, provider, patient, "wanted address", address)
        url = connection.webhook_url_override or self._webhook_url
        await check_webhook(chart, self._transport, url)
        diagnosis = Diagnosis(
            connection_id=connection.connection_id,
            integration_key=connection.integration_key,
            provider=connection.provider,
            examined_at=now,
            findings=tuple(chart.findings.values()),
            checks=tuple(chart.checks),
            facts=chart.facts,
        )
        log.info(
            "connection examined",
            connection_id=connection.connection_id,
            integration=connection.integration_key,
            is_healthy=diagnosis.is_healthy,
            findings=list(chart.findings),
        )
        return diagnosis

    async def _open(self, connection: Connection) -> tuple[Integration, Credentials]:
        async with self._db.read() as tx:
            sealed = await connections.sealed(tx, connection.id)
            integration = await integrations.by_id(tx, self._vault, connection.integration_id)
        if integration is None:
            raise NotFound("The connection was deleted meanwhile")
        row = credentials_row(
            connection.environment_id, connection.integration_id, connection.connection_id
        )
        return integration, self._vault.open_credentials(sealed, row=row)

    async def _check_addresses(
        self, chart: Chart, provider: Provider, config: Mapping[str, Any]
    ) -> None:
        seen: set[str] = set()
        for template in (provider.token_url, provider.base_url):
            if not template:
                continue
            try:
                origin = origin_of(interpolate(template, config, quote=True))
            except FairleadError as error:
                chart.failed("address", finding_of(error))
                continue
            if str(origin) in seen:
                continue
            seen.add(str(origin))
            name = f"reach {origin}"
            try:
                answer = await self._look(f"{origin}/")
            except FairleadError as error:
                chart.failed(name, unreachable(str(origin), error))
                continue
            chart.passed(name, f"It answers, with status {answer.status}.")
            check_clock(chart, answer, self._clock.now())

    async def _renew(
        self, chart: Chart, connection: Connection, credentials: Credentials
    ) -> tuple[FairleadError | None, Credentials]:
        """Renew the credentials as the vendor sees them now; return why not, and the newest."""
        if isinstance(credentials, OAuth2Credentials) and credentials.refresh_token is None:
            ends = credentials.expires_at
            until = f" at {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
            chart.failed(
                "renewal",
                Finding(
                    code="no_refresh_token",
                    level=Level.PROBLEM,
                    who="operator",
                    cause="There is no refresh token, so the connection ends with its access token"
                    f"{until}.",
                    fix="The operator must have the scope `offline_access` asked for, and the end "
                    "user must connect again.",
                ),
            )
            return None, credentials
        if not is_renewable(credentials):
            chart.skipped("renewal", "These credentials are given once and do not end.")
            return None, credentials
        try:
            renewed = await self._freshener.fresh_credentials(connection, force=True)
        except FairleadError as error:
            chart.failed("renewal", finding_of(error))
            return error, credentials
        ends = getattr(renewed, "expires_at", None)
        until = f", good until {ends:%H:%M} UTC" if ends else ""
        chart.passed("renewal", f"The vendor gave a new access token{until}.")
        return None, renewed

    def _patient(  # noqa: PLR0917  # all that is known of it
        self,
        connection: Connection,
        integration: Integration,
        provider: Provider,
        credentials: Credentials,
        wanted: Sequence[str],
        error: FairleadError | None,
    ) -> Patient:
        config = connection.connection_config
        own_app = getattr(credentials, "own_app", None)
        told = getattr(own_app or credentials, "client_id", None)
        client_id = told or integration.client_id or ""
        syncs = self._registry.syncs(provider.name) if provider.starts_syncs else []

        async def call(url: str) -> Reply:
            async with await self._gateway.send(connection, Request(url=url)) as answer:
                return await _reply(answer)

        return Patient(
            auth_mode=provider.auth_mode,
            client_id=client_id,
            connection_config=config,
            metadata=connection.metadata or {},
            tokens=getattr(credentials, "raw", None) or _bare_tokens(credentials),
            has_certificate=certificate_of(credentials) is not None,
            scopes=scopes_for(provider, integration.scopes, config)
            if provider.auth_mode is AuthMode.OAUTH2
            else (),
            needs={sync.name: sync.scopes for sync in syncs if sync.auto_start},
            authorize_url=self._authorize_url(client_id, integration, provider, config),
            redirect_uri=self._redirect_uri,
            wanted=tuple(wanted),
            error=error,
            call=call,
            look=self._look,
        )

    def _authorize_url(
        self,
        client_id: str,
        integration: Integration,
        provider: Provider,
        config: Mapping[str, Any],
    ) -> str | None:
        if provider.auth_mode is not AuthMode.OAUTH2 or not client_id:
            return None
        return authorization_url(
            provider,
            client_id=client_id,
            redirect_uri=self._redirect_uri,
            scopes=scopes_for(provider, integration.scopes, config),
            state="doctor",
            code_verifier="doctor" * 8,
            connection_config=config,
            # https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest: answer at once,
            # show nothing
            overrides={"prompt": "none"},
        )

    async def _check_call(
        self, chart: Chart, provider: Provider, patient: Patient, name: str, url: str
    ) -> None:
        name = f"{name} {url.partition('?')[0]}"
        try:
            answer = await patient.call(url)
        except FairleadError as error:
            chart.failed(name, finding_of(error))
            return
        if answer.status < 400:
            chart.passed(name, f"It answers, with status {answer.status}.")
        else:
            chart.failed(name, finding_of(classify(provider, answer, self._clock.now())))

    async def _look(self, url: str) -> Reply:
        request = Request(url=url)
        async with await self._transport.send(request, total_timeout=LIMIT) as answer:
            return await _reply(answer)


async def _reply(answer: Response) -> Reply:
    body = b""
    async for chunk in answer.stream():
        body += chunk
        if len(body) >= _LARGEST_BYTES:
            break
    url = answer.url.partition("?")[0]
    return Reply(answer.status, dict(answer.headers), body[:_LARGEST_BYTES], url)


def _bare_tokens(credentials: Credentials) -> dict[str, str]:
    """Return what an imported connection has of the vendor's reply."""
    if isinstance(credentials, OAuth2Credentials):
        return {"access_token": credentials.access_token.get_secret_value()}
    if isinstance(credentials, ClientCredentials | TwoStepCredentials):
        return {"access_token": credentials.token.get_secret_value()}
    return {}
