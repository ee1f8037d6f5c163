"""Intake: take in what vendors send, and answer before any work is done.

Notices that come at the same time are judged and noted in one transaction, and each is answered
when that is over: what was answered is not forgotten by a process that dies. They start nothing
here but `on_news`; what to run is decided by whoever works (`engine/poked.py`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import orjson
import structlog

from fairlead.errors import InvalidInput, NotFound
from fairlead.model.clock import Clock, NewId
from fairlead.model.event import Event
from fairlead.model.integration import Integration
from fairlead.model.provider import Provider
from fairlead.sdk.registry import Registry
from fairlead.store import integrations, notices, outbox
from fairlead.store.database import Database, Tx
from fairlead.store.notices import Arrived, Believed
from fairlead.vault.vault import Vault

log = structlog.get_logger(__name__)

#: bytes of a webhook that are read
LARGEST = 1024 * 1024
#: elements of one webhook that are looked at
MOST_ELEMENTS = 1000
#: webhooks that one transaction takes in
_MOST_TOGETHER = 1000
#: how long an integration that was found is believed without another look, and how many are
_REMEMBERED = timedelta(seconds=10)
_ROOM = 1024

#: status, content type, body
Answer = tuple[int, str, bytes]
_TAKEN: Answer = (202, "", b"")
_UNWANTED: Answer = (204, "", b"")


@dataclass(slots=True, eq=False)
class _Batch:
    """What is noted in one transaction."""

    arrived: list[Arrived] = field(default_factory=list)
    malformed: Counter[int] = field(default_factory=Counter)
    #: those that want what comes passed on
    forwarding: dict[int, Integration] = field(default_factory=dict)
    #: webhooks in it
    size: int = 0
    task: asyncio.Task[None] | None = None


class Intake:
    """What vendors send to this process."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        registry: Registry,
        clock: Clock,
        new_id: NewId,
        *,
        on_news: Callable[[], object] = lambda: None,
    ) -> None:
        """`on_news` is called when something was noted that somebody should look into."""
        self._db = db
        self._vault = vault
        self._registry = registry
        self._clock = clock
        self._new_id = new_id
        self._on_news = on_news
        #: takes more in until its turn comes
        self._open: _Batch | None = None
        self._turn = asyncio.Lock()
        self._known: dict[tuple[str, str], tuple[Integration, datetime]] = {}

    async def receive(
        self,
        environment: str,
        unique_key: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Take in one webhook; return when it is noted.

        NotFound: there is no such integration. Unauthorized: the provider says that it is forged.
        InvalidInput: it is nothing that the vendor sends.
        """
        integration = await self._integration(environment, unique_key)
        provider = self._registry.providers.get(integration.provider)
        if provider is None:
            return _UNWANTED
        if provider.verify_notice is not None:
            secret = integration.webhook_secret
            known = secret.get_secret_value() if secret else None
            answer = provider.verify_notice(headers, query, body, known)
            if answer is not None:
                return answer
        if provider.subscriptions is None:
            return _UNWANTED
        await self._take(integration, provider, body)
        return _TAKEN

    async def _take(self, integration: Integration, provider: Provider, body: bytes) -> None:
        assert provider.subscriptions is not None
        refused: InvalidInput | None = None
        arrived: list[Arrived] = []
        try:
            arrived = [Arrived(integration.id, one) for one in provider.subscriptions.read(body)]
        except InvalidInput as error:
            refused = error
        if len(arrived) > MOST_ELEMENTS:
            arrived = []
            refused = InvalidInput(
                f"A webhook has {MOST_ELEMENTS} elements at most; send several.",
                code="invalid_notice",
            )
        batch = self._joined()
        batch.arrived += arrived
        batch.malformed[integration.id] += refused is not None
        batch.size += 1
        if integration.forward_webhooks:
            batch.forwarding[integration.id] = integration
        assert batch.task is not None
        # one sender that goes away must not take the others along
        await asyncio.shield(batch.task)
        if refused is not None:
            raise refused

    def _joined(self) -> _Batch:
        if self._open is None or self._open.size >= _MOST_TOGETHER:
            self._open = _Batch()
            self._open.task = asyncio.create_task(self._note(self._open), name="notices")
        return self._open

    async def _note(self, batch: _Batch) -> None:
        async with self._turn:
            if self._open is batch:
                self._open = None
            if not batch.arrived and not +batch.malformed:
                return
            believed = await self._db.transact(partial(self._take_in, batch=batch))
        if believed:
            self._on_news()

    async def _take_in(self, tx: Tx, *, batch: _Batch) -> list[Believed]:
        now = self._clock.now()
        believed = await notices.take(tx, batch.arrived, +batch.malformed, now)
        passed_on: set[tuple[int, bytes]] = set()
        for one in believed:
            integration = batch.forwarding.get(one.arrived.integration_id)
            content = one.arrived.notice.content
            if integration is None or content is None:
                continue
            # of a storm that says the same again and again, one is passed on
            same = (one.connection_pk, orjson.dumps(content))
            if same not in passed_on:
                passed_on.add(same)
                await outbox.put(tx, self._forwarded(one, integration, now))
        return believed

    def _forwarded(self, one: Believed, integration: Integration, now: datetime) -> Event:
        body = {
            "from": integration.provider,
            "providerConfigKey": integration.unique_key,
            "type": "forward",
            "connectionId": one.connection_id,
            "payload": one.arrived.notice.content,
        }
        return Event(
            id=self._new_id(),
            environment_id=one.environment_id,
            type="forward",
            connection_pk=one.connection_pk,
            payload=body,
            created_at=now,
        )

    async def _integration(self, environment: str, unique_key: str) -> Integration:
        wanted, now = (environment, unique_key), self._clock.now()
        known = self._known.get(wanted)
        if known is not None and known[1] > now:
            return known[0]
        async with self._db.glance() as tx:
            found = await integrations.find_by_path(tx, self._vault, environment, unique_key)
        if found is None:
            raise NotFound(f'Integration "{unique_key}" does not exist')
        if len(self._known) >= _ROOM:
            self._known.clear()
        self._known[wanted] = (found, now + _REMEMBERED)
        return found

    async def stop(self) -> None:
        """Return when everything that came in is noted."""
        async with self._turn:
            batch = self._open
        if batch is not None and batch.task is not None:
            await asyncio.wait({batch.task})
