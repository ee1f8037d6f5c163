"""How syncs stand (HTTP contract, section 2.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fairlead.engine.sync_events import shown
from fairlead.engine.sync_run import last_success
from fairlead.engine.targets import Target
from fairlead.model.batch import BatchCounts
from fairlead.model.run import Run, RunState
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.store import checkpoints, deletions, lines, records, runs
from fairlead.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """How one sync of one connection stands."""

    #: of the schedule
    id: str
    connection_id: str
    name: str
    variant: str
    #: INITIAL until a run has ended well, then INCREMENTAL
    type: str
    #: RUNNING, PAUSED, ERROR or SUCCESS
    status: str
    frequency: str
    finished_at: datetime | None
    next_run_at: datetime | None
    #: model -> counts of the newest run that is over
    latest_result: dict[str, BatchCounts] = field(default_factory=dict)
    #: why the newest run waits that has not begun; None = it has
    waits_for: str | None = None
    #: the newest run, None before the first
    latest_run: Run | None = None
    #: model -> live records
    record_count: dict[str, int] = field(default_factory=dict)
    #: model -> deletions that wait for approval or for another run that agrees
    held_deletions: dict[str, int] = field(default_factory=dict)
    checkpoint: Any = None


async def statuses(tx: Tx, targets: Sequence[Target]) -> list[SyncStatus]:
    """Say how syncs stand."""
    counted: dict[int, dict[str, int]] = {}
    held: dict[int, dict[str, int]] = {}
    answers = []
    for target in targets:
        pk = target.connection.id
        if pk not in counted:
            counted[pk] = await records.counts(tx, pk)
            held[pk] = await deletions.held_by_model(tx, pk)
        answers.append(await _status(tx, target, counted[pk], held[pk]))
    return answers


async def _status(
    tx: Tx, target: Target, counted: dict[str, int], held: dict[str, int]
) -> SyncStatus:
    schedule, sync = target.schedule, target.sync
    key = (target.connection.id, sync.name, schedule.variant)
    newest = await runs.list_for(
        tx,
        environment_id=target.connection.environment_id,
        connection_pk=target.connection.id,
        function=sync.name,
        variant=schedule.variant,
        limit=2,
    )
    latest = newest[0] if newest else None
    over = next((run for run in newest if run.state.is_over), None)
    succeeded = latest and await last_success(tx, latest)
    content = await checkpoints.load(tx, *key)
    suffix = "" if schedule.variant == "base" else f"::{schedule.variant}"
    written = schedule.frequency_override or schedule.frequency
    return SyncStatus(
        id=schedule.id,
        connection_id=target.connection.connection_id,
        name=sync.name,
        variant=schedule.variant,
        type="INCREMENTAL" if succeeded else "INITIAL",
        status=_word(latest, schedule),
        frequency="every " + written.removeprefix("every "),
        finished_at=over.finished_at if over else None,
        next_run_at=schedule.next_run_at,
        latest_result={}
        if over is None
        else {model: over.counts.get(model, BatchCounts()) for model in sync.models},
        waits_for=await _waits_for(tx, latest),
        latest_run=latest,
        record_count={model: counted.get(model + suffix, 0) for model in sync.models},
        held_deletions={
            model: held[model + suffix] for model in sync.models if model + suffix in held
        },
        checkpoint=shown(content),
    )


async def _waits_for(tx: Tx, latest: Run | None) -> str | None:
    if latest is None or latest.state is not RunState.QUEUED:
        return None
    if await lines.heads(tx, [latest.id]):
        return "all slots are taken"
    return "another run of this connection comes first"


def _word(latest: Run | None, schedule: Schedule) -> str:
    if latest is not None and not latest.state.is_over:
        return "RUNNING"
    if schedule.state is ScheduleState.PAUSED:
        return "PAUSED"
    if latest is not None and latest.state is not RunState.SUCCEEDED:
        return "ERROR"
    return "SUCCESS"
