"""Which key or secret an app proves itself with, request by request.

A key that was made here is registered at the vendor by somebody, some time; until then the vendor
refuses it. So the newest is tried first, every few minutes at most, and whatever else there is
follows: a key that works is never given up for one that does not work yet. The first time that the
vendor takes a new key, it takes the place of the old one, which stays as a reserve.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from fairlead.errors import BadClientSecret
from fairlead.http import Transport
from fairlead.model.app_key import AppKey, KeyState
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, OAuth2Credentials, TwoStepCredentials
from fairlead.model.integration import Integration
from fairlead.model.provider import Provider
from fairlead.oauth import client_credentials, refresh, scopes_for, two_step
from fairlead.oauth.certificate import Certificate
from fairlead.store import Database, Tx, app_keys
from fairlead.vault import Vault

log = structlog.get_logger(__name__)

T = TypeVar("T")
#: asks the vendor with a key of ours; with None by what was filled in
Attempt = Callable[[Certificate | None], Awaitable[T]]
Renewable = OAuth2Credentials | ClientCredentials | TwoStepCredentials

#: a new key that was refused is tried again so much later
TRIED_EVERY = timedelta(minutes=5)
#: an accepted key is noted no more often than this
_NOTED_EVERY = timedelta(hours=1)


class Proving:
    """Asks vendors for tokens with the key or secret that they accept."""

    def __init__(self, db: Database, vault: Vault, transport: Transport, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._transport = transport
        self._clock = clock

    async def renew(
        self,
        connection: Connection,
        integration: Integration,
        provider: Provider,
        stored: Renewable,
        *,
        audience: str = "",
        claims: str = "",
    ) -> Renewable:
        """Ask for a new token with what a connection has."""
        config = connection.connection_config
        if isinstance(stored, ClientCredentials | TwoStepCredentials):
            scopes = () if audience else scopes_for(provider, integration.scopes, config)
            return await self.obtain(
                integration,
                provider,
                stored,
                config,
                scopes,
                connection_pk=connection.id,
                audience=audience,
                claims=claims,
            )
        own_app = stored.own_app
        client_id = own_app.client_id if own_app else integration.client_id
        secret = own_app.client_secret if own_app else integration.client_secret

        async def ask(proof: Certificate | None) -> OAuth2Credentials:
            return await refresh(
                self._transport,
                provider,
                client_id=client_id or "",
                client_secret=secret.get_secret_value() if secret else None,
                credentials=stored,
                connection_config=config,
                # what was granted: scopes that were added since then would need a new consent
                scopes=(),
                clock=self._clock,
                audience=audience,
                claims=claims,
                proof=proof,
            )

        if own_app:
            # our keys are not registered with it
            return await ask(None)
        return await self.ask(integration, connection.id, ask, has_own=secret is not None)

    async def obtain(  # the parts of one token request, passed on as they are
        self,
        integration: Integration,
        provider: Provider,
        given: ClientCredentials | TwoStepCredentials,
        config: dict[str, object],
        scopes: Sequence[str],
        *,
        connection_pk: int | None = None,
        audience: str = "",
        claims: str = "",
    ) -> ClientCredentials | TwoStepCredentials:
        """Ask for an app's token with what was filled in, or with a key of ours."""

        async def ask(proof: Certificate | None) -> ClientCredentials | TwoStepCredentials:
            asked = given if proof is None else given.model_copy(update=_as_fields(proof))
            got: ClientCredentials | TwoStepCredentials
            if isinstance(asked, TwoStepCredentials):
                got = await two_step(
                    self._transport,
                    provider,
                    credentials=asked,
                    connection_config=config,
                    clock=self._clock,
                    audience=audience,
                    claims=claims,
                )
            else:
                got = await client_credentials(
                    self._transport,
                    provider,
                    credentials=asked,
                    connection_config=config,
                    scopes=scopes,
                    clock=self._clock,
                    audience=audience,
                    claims=claims,
                )
            # a key of ours stays where it is
            own = {name: getattr(given, name) for name in _PROOF}
            return got.model_copy(update=own)

        return await self.ask(integration, connection_pk, ask, has_own=has_proof(provider, given))

    async def has_keys(self, integration: Integration, connection_pk: int | None = None) -> bool:
        """Say whether there is a key that could sign."""
        return bool(await self._usable(integration, connection_pk))

    async def ask(
        self,
        integration: Integration,
        connection_pk: int | None,
        attempt: Attempt[T],
        *,
        has_own: bool,
    ) -> T:
        """Make a token request with the first key that the vendor takes.

        If it takes none, the error is that of the one that should have worked.
        """
        keys = await self._usable(integration, connection_pk)
        if not keys:
            return await attempt(None)
        refusals: list[tuple[AppKey | None, BadClientSecret]] = []
        for key in _in_order(keys, self._clock.now(), has_own=has_own):
            try:
                got = await attempt(None if key is None else _certificate(key))
            except BadClientSecret as error:
                refusals.append((key, error))
                if key is not None:
                    await self._note_refusal(key, error)
            else:
                if key is not None:
                    await self._note_acceptance(key)
                return got
        settled = [error for key, error in refusals if key is None or key.state != KeyState.NEXT]
        raise (settled or [error for _, error in refusals])[0]

    async def _usable(self, integration: Integration, connection_pk: int | None) -> list[AppKey]:
        async with self._db.read() as tx:
            keys = await app_keys.usable(tx, self._vault, integration.id, connection_pk)
        return [key for key in keys if key.expires_at > self._clock.now()]

    async def _note_refusal(self, key: AppKey, error: BadClientSecret) -> None:
        log.info(
            "key not accepted",
            key_id=key.id,
            state=key.state.value,
            thumbprint=key.thumbprint,
            code=error.code,
        )
        async with self._db.write() as tx:
            await app_keys.change(
                tx, key.id, tried_at=self._clock.now(), refusal=error.message[:500]
            )

    async def _note_acceptance(self, key: AppKey) -> None:
        now = self._clock.now()
        if key.state is KeyState.NEXT:
            async with self._db.write() as tx:
                await activate(tx, key, now)
                await app_keys.change(tx, key.id, used_at=now, tried_at=now, refusal=None)
            log.info("key accepted", key_id=key.id, thumbprint=key.thumbprint)
        elif key.used_at is None or key.used_at <= now - _NOTED_EVERY or key.refusal:
            async with self._db.write() as tx:
                await app_keys.change(tx, key.id, used_at=now, tried_at=now, refusal=None)


async def activate(tx: Tx, key: AppKey, now: datetime) -> None:
    """Let a key sign; the one that did becomes the reserve."""
    for other in await app_keys.list_all(tx, key.integration_id):
        is_same_owner = other.connection_pk == key.connection_pk
        if is_same_owner and other.id != key.id and other.state is KeyState.ACTIVE:
            state = KeyState.PREVIOUS.value
            await app_keys.change(tx, other.id, state=state, superseded_at=now)
    await app_keys.change(
        tx, key.id, state=KeyState.ACTIVE.value, activated_at=now, superseded_at=None
    )


_PROOF = ("client_certificate", "client_private_key")


def has_proof(provider: Provider, given: ClientCredentials | TwoStepCredentials) -> bool:
    """Say whether credentials hold a proof of their own: a certificate, a secret, a statement."""
    if given.client_certificate is not None:
        return True
    if isinstance(given, ClientCredentials):
        return given.client_secret is not None
    # who wants no statement has nothing that a key of ours could replace
    return not provider.assertion_field or provider.assertion_field in given.fields


def _in_order(keys: list[AppKey], now: datetime, *, has_own: bool) -> list[AppKey | None]:
    """Return what to try, in this order; None = what was filled in."""

    def of(state: KeyState) -> list[AppKey]:
        found = [key for key in keys if key.state is state]
        # a connection's own before those of all
        return sorted(found, key=lambda key: key.connection_pk is None)

    new = of(KeyState.NEXT)
    due = [key for key in new if key.tried_at is None or key.tried_at <= now - TRIED_EVERY]
    late = [key for key in new if key not in due]
    own: list[AppKey | None] = [None] if has_own else []
    return [*due, *of(KeyState.ACTIVE), *own, *of(KeyState.PREVIOUS), *late]


def _certificate(key: AppKey) -> Certificate:
    assert key.private_key is not None
    return Certificate(key.certificate, key.private_key, key.expires_at)


def _as_fields(proof: Certificate) -> dict[str, object]:
    return {"client_certificate": proof.certificate, "client_private_key": proof.private_key}
