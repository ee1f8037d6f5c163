"""What the product hears of a sync: one event a model when it ends well, one when it fails.

Bodies as in the HTTP contract, sections 6.2 and 6.3.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson

from fairlead.model.batch import BatchCounts
from fairlead.model.clock import NewId
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.function import Sync
from fairlead.model.run import Run, RunFailure

#: bytes of a checkpoint that an event still carries; a product has no use for a larger one
_LARGEST_CHECKPOINT = 4096


def counts_of(counts: BatchCounts) -> dict[str, int]:
    """Return what the contract reports of a run's work on one model."""
    return {"added": counts.added, "updated": counts.updated, "deleted": counts.deleted}


def success_events(
    run: Run,
    sync: Sync,
    connection: Connection,
    *,
    is_initial: bool,
    checkpoints: tuple[bytes | None, bytes | None],
    new_id: NewId,
    now: datetime,
) -> list[Event]:
    """Return an event for each model that changed; for every model after an initial run.

    A run that left out places is told of every time, with what was in the way.

    `modifiedAfter` is the run's start: what the run changed is listed after it.
    """
    started_at = _instant(run.started_at or run.created_at)
    done_partly = run.is_partial
    events = []
    for model in sync.models:
        known = run.counts.get(model, BatchCounts())
        counts = counts_of(known)
        is_news = any(counts.values()) or known.held
        if not is_initial and not done_partly and not is_news:
            continue
        body = {
            **_base(run, connection, is_initial=is_initial),
            "model": model,
            "success": True,
            "checkpoints": {"from": _small(checkpoints[0]), "to": _small(checkpoints[1])},
            "responseResults": counts,
            "modifiedAfter": started_at,
            "queryTimeStamp": started_at,
        }
        if done_partly:
            body |= {"partial": True, "warnings": [each.model_dump() for each in run.warnings]}
        if known.held:
            body["heldDeletions"] = known.held
        events.append(_event(run, body, new_id=new_id, now=now))
    return events


def approval_event(
    connection: Connection,
    sync: Sync,
    variant: str,
    model: str,
    deleted: int,
    *,
    new_id: NewId,
    now: datetime,
) -> Event:
    """Return the event of deletions that were held back and are made now.

    What it changed is listed after `modifiedAfter`, a moment before now.
    """
    since = _instant(now - timedelta(milliseconds=1))
    body = {
        "from": "nango",
        "type": "sync",
        "connectionId": connection.connection_id,
        "providerConfigKey": connection.integration_key,
        "syncName": sync.name,
        "syncVariant": variant,
        "syncType": "INCREMENTAL",
        "model": model,
        "success": True,
        "checkpoints": {"from": None, "to": None},
        "responseResults": {"added": 0, "updated": 0, "deleted": deleted},
        "modifiedAfter": since,
        "queryTimeStamp": since,
    }
    return Event(
        id=new_id(),
        environment_id=connection.environment_id,
        type="sync",
        connection_pk=connection.id,
        payload=body,
        created_at=now,
    )


def failure_event(
    run: Run,
    models: Iterable[str],
    connection: Connection,
    failure: RunFailure,
    *,
    is_initial: bool,
    new_id: NewId,
    now: datetime,
) -> Event:
    """Return the one event of a failed run."""
    body = {
        **_base(run, connection, is_initial=is_initial),
        "model": ",".join(models),
        "success": False,
        "error": {
            "type": failure.code,
            "description": failure.message,
            "payload": {"who": failure.who, "request_id": failure.request_id},
            "additional_properties": {},
        },
        "startedAt": _instant(run.started_at or run.created_at),
        "failedAt": _instant(now),
    }
    return _event(run, body, new_id=new_id, now=now)


def _base(run: Run, connection: Connection, *, is_initial: bool) -> dict[str, Any]:
    return {
        "from": "nango",
        "type": "sync",
        "connectionId": connection.connection_id,
        "providerConfigKey": connection.integration_key,
        "syncName": run.function,
        "syncVariant": run.variant,
        "syncType": "INITIAL" if is_initial else "INCREMENTAL",
    }


def _event(run: Run, body: dict[str, Any], *, new_id: NewId, now: datetime) -> Event:
    return Event(
        id=new_id(),
        environment_id=run.environment_id,
        type="sync",
        connection_pk=run.connection_pk,
        payload=body,
        created_at=now,
    )


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(checkpoint: bytes | None) -> Any:
    """Return a checkpoint's values; None if there is none, or none that can be read."""
    try:
        return None if checkpoint is None else orjson.loads(checkpoint)
    except orjson.JSONDecodeError:
        # It cannot stop the run either, which begins afresh.
        return None


def _small(checkpoint: bytes | None) -> Any:
    return shown(checkpoint) if len(checkpoint or b"") <= _LARGEST_CHECKPOINT else None
