"""Run: one execution of a function; its lease and fencing token decide who may commit."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from fairlead.model.batch import BatchCounts
from fairlead.model.frozen import Frozen


class RunKind(StrEnum):
    """What is executed."""

    SYNC = "sync"
    ACTION = "action"


class RunState(StrEnum):
    """Life of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class RunTrigger(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    CALL = "call"
    NOTICE = "notice"


class RunFailure(Frozen):
    """Why a run failed, and who must act."""

    code: str
    message: str
    who: str
    request_id: str | None = None
    #: class of the error, so that it can be raised again; None = not known any more
    kind: str | None = None
    #: what our API answers
    status: int | None = None
    #: whatever more the function said
    payload: dict[str, Any] | None = None
    #: what the vendor answered
    provider_status: int | None = None
    body: str | None = None


class RunWarning(Frozen):
    """A place (a site, a drive) that a run had to leave out, and why."""

    #: what the vendor calls it
    place: str
    code: str
    message: str
    who: str


class RunProgress(Frozen):
    """Where a run that is under way stands, beside its counters."""

    #: queued, reading (waiting for the function), storing or ending
    phase: str
    #: why it waits; None = it does not
    waiting: str | None = None
    #: until then
    until: datetime | None = None
    #: bytes received from the vendor
    bytes: int = 0
    #: items that it will bring in all, if the function knows
    total: int | None = None
    #: when it will be over, if the total is known
    eta: datetime | None = None


class Run(Frozen):
    """One execution of a sync or an action."""

    id: str
    environment_id: int
    connection_pk: int
    kind: RunKind
    function: str
    variant: str = "base"
    trigger: RunTrigger
    state: RunState
    #: grows by one with every attempt; a commit with an older token is refused
    fencing_token: int = 0
    #: process that holds the lease
    lease_owner: str | None = None
    lease_until: datetime | None = None
    is_cancel_requested: bool = False
    #: start again from nothing (clear the checkpoint first)
    is_reset: bool = False
    #: input of an action
    input: Any = None
    output: Any = None
    #: of an action that nobody waits for: how often a failed attempt is repeated; else None
    retries: int | None = None
    #: model name -> counts
    counts: dict[str, BatchCounts] = Field(default_factory=dict)
    batches: int = 0
    #: requests sent to the vendor
    requests: int = 0
    failure: RunFailure | None = None
    #: places left out; what was stored of them before is still there
    warnings: tuple[RunWarning, ...] = ()
    progress: RunProgress | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def items(self) -> int:
        """Records that it brought so far, unchanged and deleted ones among them."""
        return sum(
            each.added + each.updated + each.deleted + each.unchanged
            for each in self.counts.values()
        )

    @property
    def is_partial(self) -> bool:
        """Say whether it ended well but for the places that it left out."""
        return self.state is RunState.SUCCEEDED and bool(self.warnings)
