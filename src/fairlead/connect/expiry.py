"""Alarms before a secret or a certificate ends: an event at 30, 14, 7 and 1 days, and a warning.

Warnings stand with the integration or connection as long as they hold. They are exchanged only for
what they were (compare and swap), so of several processes one announces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from fairlead.connect.events import announce_expiry
from fairlead.model.app_key import AppKey, Expiring
from fairlead.model.clock import Clock, NewId
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, Credentials, TwoStepCredentials
from fairlead.model.integration import Integration
from fairlead.sdk.registry import Registry
from fairlead.store import Database, Tx, app_keys, connections, expiries, integrations
from fairlead.vault import Vault, credentials_row

log = structlog.get_logger(__name__)

DAYS = (30, 14, 7, 1, 0)
_HORIZON = timedelta(days=DAYS[0])


@dataclass(frozen=True, slots=True)
class _Ending:
    """One thing that ends within weeks."""

    kind: str
    expires_at: datetime
    key: AppKey | None = None

    @property
    def ref(self) -> str:
        return self.key.id if self.key else ""


class ExpiryWatch:
    """Looks for what is about to end."""

    def __init__(  # the parts it is wired from, each of its own type
        self, db: Database, vault: Vault, registry: Registry, clock: Clock, new_id: NewId
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._clock = clock
        self._new_id = new_id

    async def look(self) -> None:
        """Announce what came nearer to its end since the last look, and keep the warnings true."""
        limit = self._clock.now() + _HORIZON
        async with self._db.read() as tx:
            keys = await app_keys.signing_until(tx, limit)
            of_integrations = await expiries.integrations_ending(tx, limit)
            of_connections = await expiries.connections_ending(tx, limit)
        for key in keys:
            if key.connection_pk is None:
                of_integrations.setdefault(key.integration_id, None)
            else:
                of_connections.setdefault(key.connection_pk, None)
        for integration_id, ends_at in of_integrations.items():
            own = [
                key
                for key in keys
                if key.connection_pk is None and key.integration_id == integration_id
            ]
            secret = [_Ending("client_secret", ends_at)] if ends_at and ends_at <= limit else []
            await self._integration(integration_id, [*secret, *map(_of_key, own)])
        for pk, ends_at in of_connections.items():
            own = [key for key in keys if key.connection_pk == pk]
            await self._connection(pk, ends_at, limit, [_of_key(key) for key in own])

    async def _integration(self, integration_id: int, ending: Sequence[_Ending]) -> None:
        async with self._db.read() as tx:
            found = await integrations.by_id(tx, self._vault, integration_id)
        if found is None or found.provider not in self._registry.providers:
            return
        warnings, news = self._warnings(found.warnings, ending)
        if warnings == found.warnings:
            return
        async with self._db.write() as tx:
            if await expiries.set_integration_warnings(
                tx, integration_id, found.warnings, warnings
            ):
                for one, thing in news:
                    await self._announce(tx, one, thing, found, None)

    async def _connection(
        self, pk: int, ends_at: datetime | None, limit: datetime, ending: list[_Ending]
    ) -> None:
        async with self._db.read() as tx:
            found = await connections.by_pk(tx, pk)
            if found is None or found.provider not in self._registry.providers:
                return
            integration = await integrations.by_id(tx, self._vault, found.integration_id)
            if ends_at is not None and ends_at <= limit:
                sealed = await connections.sealed(tx, pk)
                row = credentials_row(
                    found.environment_id, found.integration_id, found.connection_id
                )
                kind = _kind(self._vault.open_credentials(sealed, row=row))
                ending = [_Ending(kind, ends_at), *ending]
        warnings, news = self._warnings(found.warnings, ending)
        if integration is None or warnings == found.warnings:
            return
        async with self._db.write() as tx:
            if await expiries.set_connection_warnings(tx, pk, found.warnings, warnings):
                for one, thing in news:
                    await self._announce(tx, one, thing, integration, found)

    def _warnings(
        self, old: Sequence[Expiring], ending: Sequence[_Ending]
    ) -> tuple[tuple[Expiring, ...], list[tuple[Expiring, _Ending]]]:
        """Return the warnings as they should stand, and those that are news."""
        now = self._clock.now()
        known = {(one.kind, one.ref, one.expires_at): one for one in old}
        warnings, news = [], []
        for thing in ending:
            level = min(days for days in DAYS if thing.expires_at <= now + timedelta(days=days))
            before = known.get((thing.kind, thing.ref, thing.expires_at))
            if before is not None and before.announced_days <= level:
                warnings.append(before)
                continue
            one = Expiring(
                kind=thing.kind,
                ref=thing.ref,
                expires_at=thing.expires_at,
                announced_days=level,
            )
            warnings.append(one)
            news.append((one, thing))
        return tuple(warnings), news

    async def _announce(
        self,
        tx: Tx,
        one: Expiring,
        thing: _Ending,
        integration: Integration,
        connection: Connection | None,
    ) -> None:
        now = self._clock.now()
        await announce_expiry(
            tx,
            one,
            sentence=sentence_of(one, now, thing.key),
            days_left=days_left(one, now),
            integration=integration,
            connection=connection,
            provider=self._registry.provider(integration.provider),
            event_id=self._new_id(),
            now=now,
        )
        log.warning(
            "about to expire",
            what=one.kind,
            expires_at=one.expires_at.isoformat(),
            integration=integration.unique_key,
            connection_id=connection.connection_id if connection else None,
        )


def days_left(one: Expiring, now: datetime) -> int:
    """Return the days until the end, a begun one counted whole; 0 if it is over."""
    return max(0, -((now - one.expires_at) // timedelta(days=1)))


def sentence_of(one: Expiring, now: datetime, key: AppKey | None = None) -> str:
    """Say what ends when, and who must do what."""
    when = f"{'ended' if one.expires_at <= now else 'ends'} on {one.expires_at:%Y-%m-%d}"
    if one.kind == "client_secret":
        return (
            f"The client secret {when}; whoever runs the app must make a new one at the vendor and "
            "set it here"
        )
    if one.kind == "assertion":
        return (
            f"The assertion that was pasted {when}; connect again, best with a certificate and its "
            "key"
        )
    name = f" {key.thumbprint}" if key else ""
    return (
        f"The certificate{name} {when}; whoever runs the app must make a new one (fairlead "
        "credentials rotate) and register it at the vendor"
    )


def _of_key(key: AppKey) -> _Ending:
    return _Ending("certificate", key.expires_at, key)


def _kind(credentials: Credentials) -> str:
    if isinstance(credentials, ClientCredentials | TwoStepCredentials):
        if credentials.client_certificate is not None:
            return "certificate"
        if isinstance(credentials, TwoStepCredentials):
            return "assertion"
    return "client_secret"
