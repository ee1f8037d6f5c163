"""Intake: take in what vendors send, and answer before any work is done.

Notices that come at the same time are judged and noted in one transaction, and each is answered
when that is over: what was answered is not forgotten by a process that dies. They start nothing
here but `on_news`; what to run is decided by whoever works (`engine/poked.py`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import orjson
import structlog

from fairlead.engine.together import Together
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


@dataclass(frozen=True, slots=True)
class _Webhook:
    """What one webhook told; what cannot be read is only counted."""

    integration: Integration
    arrived: Sequence[Arrived]
    is_malformed: bool


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
        self._noting: Together[_Webhook, None] = Together(self._note, most=_MOST_TOGETHER)
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
        if arrived or refused is not None:
            # noted even if the sender goes away
            await self._noting.ask(_Webhook(integration, arrived, refused is not None))
        if refused is not None:
            raise refused

    async def _note(self, webhooks: Sequence[_Webhook]) -> list[None]:
        if await self._db.transact(partial(self._take_in, webhooks=webhooks)):
            self._on_news()
        return [None] * len(webhooks)

    async def _take_in(self, tx: Tx, *, webhooks: Sequence[_Webhook]) -> list[Believed]:
        now = self._clock.now()
        arrived = [one for webhook in webhooks for one in webhook.arrived]
        malformed = Counter(each.integration.id for each in webhooks if each.is_malformed)
        believed = await notices.take(tx, arrived, malformed, now)
        # those that want what comes passed on
        forwarding = {
            each.integration.id: each.integration
            for each in webhooks
            if each.integration.forward_webhooks
        }
        passed_on: set[tuple[int, bytes]] = set()
        for one in believed:
            integration = forwarding.get(one.arrived.integration_id)
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
        await self._noting.idle()
