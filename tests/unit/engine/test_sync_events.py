"""What the product hears of a sync."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from fairlead.engine.sync_events import failure_event, shown, success_events
from fairlead.model.batch import BatchCounts
from fairlead.model.connection import Connection
from fairlead.model.function import Sync
from fairlead.model.run import Run, RunFailure, RunKind, RunState, RunTrigger

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Book(BaseModel):
    id: str


class Loan(BaseModel):
    id: str


CONNECTION = Connection(
    id=1,
    environment_id=1,
    integration_id=1,
    integration_key="shelf",
    provider="library",
    connection_id="reader",
    created_at=NOW,
    updated_at=NOW,
)


def sync() -> Sync:
    return Sync(
        name="books",
        description="Mirror.",
        every="1h",
        scopes=(),
        source="https://example.com",
        body=lambda ctx: None,
        models={"Book": Book, "Loan": Loan},
        metadata_model=BaseModel,
        checkpoint_model=BaseModel,
    )


def run(**counts: BatchCounts) -> Run:
    return Run(
        id="r",
        environment_id=1,
        connection_pk=1,
        kind=RunKind.SYNC,
        function="books",
        variant="blue",
        trigger=RunTrigger.CALL,
        state=RunState.SUCCEEDED,
        counts=counts,
        created_at=NOW,
    )


def events(given: Run, *, is_initial: bool = False, checkpoint: bytes | None = None) -> list[Any]:
    made = success_events(
        given,
        sync(),
        CONNECTION,
        is_initial=is_initial,
        checkpoints=(None, checkpoint),
        new_id=lambda: "e",
        now=NOW,
    )
    return [event.payload for event in made]


def test_one_event_for_each_model_that_changed() -> None:
    (only,) = events(run(Book=BatchCounts(unchanged=9), Loan=BatchCounts(deleted=1)))
    assert (only["model"], only["syncVariant"]) == ("Loan", "blue")
    assert only["responseResults"] == {"added": 0, "updated": 0, "deleted": 1}


def test_the_first_run_is_announced_for_every_model() -> None:
    assert [each["model"] for each in events(run(), is_initial=True)] == ["Book", "Loan"]


@pytest.mark.parametrize("checkpoint", [b'"' + b"x" * 5000 + b'"', b"not json", None])
def test_a_checkpoint_that_is_large_or_unreadable_is_left_out(checkpoint: bytes | None) -> None:
    first, _ = events(run(), is_initial=True, checkpoint=checkpoint)
    assert first["checkpoints"] == {"from": None, "to": None}


def test_a_checkpoint_is_shown_as_its_values() -> None:
    assert shown(b'{"page":1}') == {"page": 1}


def test_a_failure_is_one_event_for_all_models() -> None:
    failure = RunFailure(code="throttled", message="Wait.", who="vendor", request_id="q")
    event = failure_event(
        run(), ["Book", "Loan"], CONNECTION, failure, is_initial=False, new_id=lambda: "e", now=NOW
    )
    assert event.payload["model"] == "Book,Loan"
    assert event.payload["error"] == {
        "type": "throttled",
        "description": "Wait.",
        "payload": {"who": "vendor", "request_id": "q"},
        "additional_properties": {},
    }
    assert event.payload["failedAt"] == "2026-01-01T12:00:00.000Z"
