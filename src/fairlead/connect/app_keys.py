"""The life of a key by which an app proves itself: made, accepted, replaced, retired.

The private half is made here and never leaves; the vendor is given the certificate. See
`connect/proving.py` for which key signs when.
"""

import asyncio
from datetime import timedelta

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.proving import activate
from fairlead.errors import Conflict, FairleadError, InvalidInput, NotFound, OperatorError
from fairlead.model.app_key import AppKey, KeyState
from fairlead.model.clock import Clock, NewId
from fairlead.model.connection import Connection
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode
from fairlead.oauth.certificate import make_certificate, thumbprint_of
from fairlead.sdk.registry import Registry
from fairlead.store import Database, app_keys, connections
from fairlead.vault import Vault

log = structlog.get_logger(__name__)

DAYS = 365
MOST_DAYS = 1095
#: a replaced key is destroyed when nobody fell back on it for so long
KEPT_FOR = timedelta(days=7)
#: connections of an integration that are asked with a new key, at most
_MOST_TRIED = 3
_SIGNING = frozenset({AuthMode.OAUTH2, AuthMode.OAUTH2_CC, AuthMode.TWO_STEP})


class AppKeys:
    """Makes keys, and decides which of them sign."""

    def __init__(  # noqa: PLR0917  # the parts it is wired from, each of its own type
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        freshener: Freshener,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._db = db
        self._vault = vault
        self._registry = registry
        self._freshener = freshener
        self._clock = clock
        self._new_id = new_id

    async def make(
        self,
        integration: Integration,
        connection: Connection | None = None,
        *,
        days: int = DAYS,
        name: str = "",
    ) -> AppKey:
        """Make a key pair for an integration, or for one connection.

        It signs as soon as the vendor takes it; until then whatever there is goes on.
        """
        provider = self._registry.provider(integration.provider)
        signs = provider.auth_mode in _SIGNING and (
            provider.auth_mode is not AuthMode.TWO_STEP or bool(provider.assertion_field)
        )
        if not signs:
            raise InvalidInput(
                f"{provider.display_name} takes no certificate; keys are of no use there",
                code="invalid_auth_mode",
            )
        if not 1 <= days <= MOST_DAYS:
            raise InvalidInput(
                f"A certificate may live 1 to {MOST_DAYS} days; correct `days`",
                issues=[
                    {"code": "custom", "message": f"must be 1 to {MOST_DAYS}", "path": ["days"]}
                ],
            )
        now = self._clock.now()
        name = name or f"fairlead {integration.unique_key}"
        pair = await asyncio.to_thread(make_certificate, name, timedelta(days=days), now)
        key = AppKey(
            id=self._new_id(),
            environment_id=integration.environment_id,
            integration_id=integration.id,
            connection_pk=connection.id if connection else None,
            state=KeyState.NEXT,
            certificate=pair.certificate,
            private_key=pair.private_key,
            thumbprint=thumbprint_of(pair.certificate),
            created_at=now,
            expires_at=pair.expires_at,
        )
        async with self._db.write() as tx:
            await app_keys.insert(tx, self._vault, key)
        log.info("key made", integration=integration.unique_key, thumbprint=key.thumbprint)
        return key.model_copy(update={"private_key": None})

    async def all_of(
        self, integration: Integration, connection: Connection | None = None
    ) -> list[AppKey]:
        """Return the keys of an integration, or of one connection, newest first."""
        async with self._db.read() as tx:
            pk = connection.id if connection else None
            return await app_keys.list_all(tx, integration.id, pk)

    async def find(self, integration: Integration, key_id: str) -> AppKey:
        """Return a key, by its id or thumbprint; NotFound."""
        wanted = key_id.replace(":", "")
        for key in await self.all_of(integration):
            if key.id == key_id or key.thumbprint == wanted.upper():
                return key
        raise NotFound(f"There is no key '{key_id}' of '{integration.unique_key}'")

    async def switch_to(
        self, integration: Integration, key_id: str, *, force: bool = False
    ) -> AppKey:
        """Let a key sign: the vendor is asked first, unless `force` is set.

        OperatorError `key_not_accepted`: the vendor does not take it yet, and the old one goes on.
        """
        key = await self.find(integration, key_id)
        if key.state is KeyState.RETIRED:
            raise Conflict("The key is retired, its private half is destroyed; make a new one")
        if key.state is KeyState.ACTIVE:
            return key
        users = [] if force else await self._users(integration, key)
        if not users:
            async with self._db.write() as tx:
                await activate(tx, key, self._clock.now())
            return await self.find(integration, key.id)
        async with self._db.write() as tx:
            await app_keys.change(tx, key.id, state=KeyState.NEXT.value, tried_at=None)
        refusal: FairleadError | None = None
        for connection in users:
            try:
                await self._freshener.fresh_credentials(connection, force=True)
            except FairleadError as error:
                refusal = error
            found = await self.find(integration, key.id)
            if found.state is KeyState.ACTIVE:
                return found
            async with self._db.write() as tx:
                await app_keys.change(tx, key.id, tried_at=None)
        why = found.refusal or (refusal.message if refusal else "")
        raise OperatorError(
            f"The vendor does not take the key {key.thumbprint} yet; register its certificate with "
            f"the app and try again in some minutes. The old key goes on. It said: {why}",
            code="key_not_accepted",
        ) from refusal

    async def retire(self, integration: Integration, key_id: str, *, force: bool = False) -> AppKey:
        """Destroy a key's private half; Conflict for the one that signs, unless `force` is set."""
        key = await self.find(integration, key_id)
        if key.state is KeyState.ACTIVE and not force:
            raise Conflict(
                "This key signs now; make a new one and switch to it first, or force it",
                code="key_in_use",
            )
        if key.state is not KeyState.RETIRED:
            await self._destroy(key)
        return await self.find(integration, key.id)

    async def retire_replaced(self) -> int:
        """Destroy replaced keys that nobody fell back on for a week; return how many."""
        async with self._db.read() as tx:
            over = await app_keys.replaced_before(tx, self._clock.now() - KEPT_FOR)
        for key in over:
            await self._destroy(key)
        return len(over)

    async def _destroy(self, key: AppKey) -> None:
        async with self._db.write() as tx:
            await app_keys.retire(tx, key.id, self._clock.now())
        log.info("key retired", key_id=key.id, thumbprint=key.thumbprint)

    async def _users(self, integration: Integration, key: AppKey) -> list[Connection]:
        """Return connections that would sign with the key, the newest first."""
        async with self._db.read() as tx:
            if key.connection_pk is not None:
                found = await connections.by_pk(tx, key.connection_pk)
                return [found] if found else []
            return await connections.list_all(
                tx,
                integration.environment_id,
                integration_keys=[integration.unique_key],
                limit=_MOST_TRIED,
            )
