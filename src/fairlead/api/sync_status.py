"""How one sync of one connection stands, in the contract's words (2.6) and a few of our own."""

from typing import Any, Literal

from pydantic import BaseModel

from fairlead.api.wire import zulu
from fairlead.engine.sync_status import SyncStatus
from fairlead.model.batch import BatchCounts
from fairlead.model.run import Run, RunProgress, RunState

_EXECUTION = {
    RunState.QUEUED: "RUNNING",
    RunState.RUNNING: "RUNNING",
    RunState.SUCCEEDED: "SUCCESS",
    RunState.FAILED: "ERROR",
    RunState.CANCELLED: "STOPPED",
}


class CountsOut(BaseModel):
    """What a run did to the records of a model."""

    added: int
    updated: int
    deleted: int


class FailureOut(BaseModel):
    """Why a run failed."""

    code: str
    message: str
    who: str


class WarningOut(BaseModel):
    """A place that a run left out, and why."""

    place: str
    code: str
    message: str
    who: str


class ProgressOut(BaseModel):
    """Where a run that is not over stands."""

    phase: Literal["queued", "reading", "storing", "ending"]
    waiting: str | None
    """Why it waits."""
    until: str | None
    items: int
    """Records so far, unchanged and deleted ones among them."""
    pages: int
    """Batches that are stored."""
    requests: int
    bytes: int
    """Received from the vendor since it was last begun."""
    total: int | None
    """Items in all, where the function knows."""
    eta: str | None
    """When it will be over, where the total is known."""


class ExecutionOut(BaseModel):
    """The newest run, also while it is under way."""

    id: str
    state: str
    trigger: str
    counts: dict[str, CountsOut]
    batches: int
    requests: int
    createdAt: str  # noqa: N815 - the contract's spelling, here and below
    startedAt: str | None  # noqa: N815
    finishedAt: str | None  # noqa: N815
    failure: FailureOut | None
    progress: ProgressOut | None
    #: it ended well but for the places that `warnings` names
    partial: bool
    warnings: list[WarningOut]


class SyncStatusOut(BaseModel):
    """How one sync of one connection stands."""

    id: str
    connection_id: str
    name: str
    variant: str
    type: Literal["INITIAL", "INCREMENTAL"]
    status: Literal["RUNNING", "PAUSED", "STOPPED", "SUCCESS", "ERROR"]
    frequency: str
    finishedAt: str | None  # noqa: N815
    nextScheduledSyncAt: str | None  # noqa: N815
    latestResult: dict[str, CountsOut]  # noqa: N815
    latestExecutionStatus: str | None  # noqa: N815
    recordCount: dict[str, int]  # noqa: N815
    heldDeletions: dict[str, int]  # noqa: N815
    """Too many at once: they wait for approval, or for another run that agrees."""
    checkpoint: Any
    latestExecution: ExecutionOut | None  # noqa: N815


def _counts(counts: dict[str, BatchCounts]) -> dict[str, Any]:
    return {
        model: {"added": each.added, "updated": each.updated, "deleted": each.deleted}
        for model, each in counts.items()
    }


def _progress(run: Run, waits_for: str | None) -> dict[str, Any] | None:
    if run.state.is_over:
        return None
    is_queued = run.state is RunState.QUEUED
    phase = "queued" if is_queued else "reading"
    progress = (None if is_queued else run.progress) or RunProgress(phase=phase, waiting=waits_for)
    return {
        "phase": progress.phase,
        "waiting": progress.waiting,
        "until": zulu(progress.until) if progress.until else None,
        "items": run.items,
        "pages": run.batches,
        "requests": run.requests,
        "bytes": progress.bytes,
        "total": progress.total,
        "eta": zulu(progress.eta) if progress.eta else None,
    }


def execution_out(run: Run, waits_for: str | None) -> dict[str, Any]:
    """Write a run; `waits_for` says why one that has not begun waits."""
    failure = run.failure
    return {
        "id": run.id,
        "state": run.state.value,
        "trigger": run.trigger.value,
        "counts": _counts(run.counts),
        "batches": run.batches,
        "requests": run.requests,
        "createdAt": zulu(run.created_at),
        "startedAt": zulu(run.started_at) if run.started_at else None,
        "finishedAt": zulu(run.finished_at) if run.finished_at else None,
        "failure": {"code": failure.code, "message": failure.message, "who": failure.who}
        if failure
        else None,
        "progress": _progress(run, waits_for),
        "partial": run.is_partial,
        "warnings": [each.model_dump() for each in run.warnings],
    }


def status_out(status: SyncStatus) -> dict[str, Any]:
    """Write a sync's status."""
    latest = status.latest_run
    return {
        "id": status.id,
        "connection_id": status.connection_id,
        "name": status.name,
        "variant": status.variant,
        "type": status.type,
        "status": status.status,
        "frequency": status.frequency,
        "finishedAt": zulu(status.finished_at) if status.finished_at else None,
        "nextScheduledSyncAt": zulu(status.next_run_at) if status.next_run_at else None,
        "latestResult": _counts(status.latest_result),
        "latestExecutionStatus": _EXECUTION[latest.state] if latest else None,
        "recordCount": status.record_count,
        "heldDeletions": status.held_deletions,
        "checkpoint": status.checkpoint,
        "latestExecution": execution_out(latest, status.waits_for) if latest else None,
    }
