"""Alerts: what goes wrong is told once, grouped, and once more when it is over.

One alert stands for all connections of an integration with the same trouble, so that a vendor's
bad hour is a message and not a thousand. It is told again when three times as many are concerned.
They leave by the outbox, in the transaction that notes them, as Slack's incoming webhooks take
them (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks) or as plain JSON.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from fairlead.model.clock import Clock, NewId
from fairlead.model.event import Event
from fairlead.observe.alert_targets import AlertTarget, targets_of
from fairlead.settings import Settings
from fairlead.store import alerts, outbox
from fairlead.store.alerts import Told, Trouble
from fairlead.store.database import Database, Tx

log = structlog.get_logger(__name__)

#: between two looks
EVERY = timedelta(seconds=30)
#: how far back failed actions count
RECENT = timedelta(hours=1)
#: told again when so many times as many are concerned
GROWN = 3
_LONGEST_MESSAGE = 500


class Alerter:
    """Tells the operator's channels what goes wrong."""

    def __init__(self, db: Database, settings: Settings, clock: Clock, new_id: NewId) -> None:
        self._db = db
        self._clock = clock
        self._new_id = new_id
        self._targets = targets_of(settings)
        self._looked_at: datetime | None = None

    async def look(self) -> None:
        """Tell what is new, or worse, or over; nothing if nobody wants to hear it."""
        now = self._clock.now()
        last = self._looked_at
        # also when the clock was set back
        if not self._targets or (last is not None and last <= now < last + EVERY):
            return
        self._looked_at = now
        # read beside all that is written: each change below is made by one process alone
        async with self._db.read() as tx:
            found = {each.key: each for each in await alerts.troubles(tx, now - RECENT)}
            known = await alerts.told(tx)
        over = [each for key, each in known.items() if key not in found]
        news = [each for key, each in found.items() if _is_news(each, known.get(key))]
        if not news and not over:
            return
        async with self._db.write() as tx:
            for trouble in news:
                await self._tell(tx, trouble, known.get(trouble.key), now)
            for each in over:
                if await alerts.resolve(tx, each):
                    await self._put(tx, each.environment_id, each.environment, _resolved(each), now)

    async def _tell(self, tx: Tx, trouble: Trouble, known: Told | None, now: datetime) -> None:
        if known is None:
            is_ours = await alerts.open_one(tx, trouble, now)
        else:
            is_ours = await alerts.tell_again(tx, known, trouble.count)
        if is_ours:
            opened_at = known.opened_at if known else now
            said = _firing(trouble, opened_at)
            await self._put(tx, trouble.environment_id, trouble.environment, said, now)

    async def _put(
        self, tx: Tx, environment_id: int, environment: str, said: dict[str, Any], now: datetime
    ) -> None:
        for target in wanting(self._targets, environment):
            event = Event(
                id=self._new_id(),
                environment_id=environment_id,
                type=target.event_type,
                connection_pk=None,
                payload=as_slack(said) if target.is_slack else said,
                created_at=now,
            )
            await outbox.put(tx, event)
        log.info("alert told", state=said["state"], integration=said["integration"])


def wanting(targets: Sequence[AlertTarget], environment: str) -> list[AlertTarget]:
    """Return the targets that hear of an environment."""
    return [each for each in targets if each.environment in (None, environment)]


def _is_news(trouble: Trouble, known: Told | None) -> bool:
    return known is None or trouble.count >= GROWN * known.told


def _firing(trouble: Trouble, opened_at: datetime) -> dict[str, Any]:
    error = {"code": trouble.code, "message": trouble.message[:_LONGEST_MESSAGE]}
    return _said(trouble, opened_at, state="firing", count=trouble.count, error=error)


def _resolved(over: Told) -> dict[str, Any]:
    return _said(over, over.opened_at, state="resolved", count=0, error=None)


def _said(of: Trouble | Told, opened_at: datetime, **facts: Any) -> dict[str, Any]:
    return {
        "from": "fairlead",
        "type": "alert",
        "environment": of.environment,
        "integration": of.integration,
        "kind": of.type,
        "function": of.function or None,
        "opened_at": opened_at.isoformat(timespec="seconds"),
        **facts,
    }


def as_slack(said: dict[str, Any]) -> dict[str, Any]:
    """Return an alert as Slack takes it: its characters of control are escaped."""
    where = f"{said['integration']} ({said['environment']})"
    what = {"auth": "Authorization", "sync": "Sync", "action": "Action"}[said["kind"]]
    name = f"{what} {said['function']}" if said["function"] else what
    if said["state"] == "resolved":
        return {"text": _plain(f"Resolved: {name} of {where} works again.")}
    noun = "call" if said["kind"] == "action" else "connection"
    number = said["count"]
    error = said["error"]
    return {
        "text": _plain(
            f"{name} of {where} fails for {number} {noun}{'' if number == 1 else 's'}: "
            f"{error['message']} ({error['code']})"
        )
    }


def _plain(text: str) -> str:
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
