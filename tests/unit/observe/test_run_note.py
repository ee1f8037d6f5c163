"""What is noted of a run is bounded, and what went wrong has the longest room."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead.errors import Unavailable
from fairlead.model.clock import ManualClock
from fairlead.model.connection import Connection
from fairlead.model.exchange import Request
from fairlead.model.operation import Level, Message, Operation, OperationState
from fairlead.model.run import Run, RunFailure, RunKind, RunState, RunTrigger
from fairlead.observe import run_note
from fairlead.observe.journal import Journal
from fairlead.observe.run_note import RunNote
from fairlead.observe.watch import Watch
from fairlead.sdk.ctx import SilentLog
from fairlead.vault import Vault

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
KEY = base64.b64encode(bytes(32)).decode()


class Shelf(Journal):
    """A journal that only collects."""

    def __init__(self) -> None:
        super().__init__(None, Vault.of(KEY), ManualClock(NOW), days=1)  # type: ignore[arg-type]
        self.notes: list[Any] = []

    def note(self, note: Any) -> None:
        self.notes.append(note)


def noted(shelf: Journal | None) -> RunNote:
    run = Run(
        id="r",
        environment_id=1,
        connection_pk=1,
        kind=RunKind.SYNC,
        function="notes",
        trigger=RunTrigger.SCHEDULE,
        state=RunState.RUNNING,
        created_at=NOW,
    )
    connection = Connection.model_construct(
        id=1, environment_id=1, connection_id="c1", integration_key="acme", provider="acme"
    )
    return RunNote(shelf, ManualClock(NOW), run, connection)


def test_lines_beyond_the_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_note, "MOST_MESSAGES", 2)
    shelf = Shelf()
    note = noted(shelf)
    log = note.log(SilentLog())
    for _ in range(3):
        log.info("well")
    for _ in range(3):
        log.error("ill")
    note.ended(None, RunState.SUCCEEDED)
    lines = [each.level for each in shelf.notes if isinstance(each, Message)]
    assert lines == [Level.INFO, Level.INFO, Level.ERROR]
    end = shelf.notes[-1]
    assert isinstance(end, Operation)
    assert (end.left_out, end.state, end.ended_at) == (3, OperationState.SUCCESS, NOW)


async def test_a_request_that_brings_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()

    async def broken(_: Request) -> Any:
        raise Unavailable("It is away.")

    with pytest.raises(Unavailable):
        await noted(shelf).send(broken)(Request(url="/x"))
    [step] = shelf.notes
    assert (step.text, step.level) == ("GET /x → provider_unavailable", Level.WARN)
    assert step.detail["error"]["message"] == "It is away."


def test_a_run_that_took_too_long_is_called_so() -> None:
    shelf = Shelf()
    late = RunFailure(code="x", message="m", who="author", kind="FunctionTimedOut")
    noted(shelf).ended(None, RunState.FAILED, late)
    assert shelf.notes[0].state is OperationState.TIMEOUT


def test_without_a_journal_nothing_is_wrapped() -> None:
    note, log = noted(None), SilentLog()
    assert note.log(log) is log
    note.began()
    assert Watch().journal is None


def test_a_detail_that_is_too_large_is_measured_only() -> None:
    shelf = Shelf()
    noted(shelf).log(SilentLog()).info("much", word="x" * 40_000)
    found, [sealed] = shelf._made(shelf.notes)
    assert found == []
    assert shelf.opened(sealed).detail == {"left_out_bytes": 40_020}
