"""`fairlead run`: run one function, for real, as a rehearsal, or against a recording.

A rehearsal (`--dry-run`) of a sync reads from the vendor and commits nothing; one of an action lets
through only what reads (GET, HEAD, OPTIONS) and says what it would have sent else.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fairlead.cli.desk import Desk, connection_named, open_desk
from fairlead.cli.diff import MOST_CHANGES, Diff
from fairlead.engine.failure import authors
from fairlead.errors import (
    ActionFailed,
    CallerError,
    FairleadError,
    InvalidInput,
    NotFound,
    OperatorError,
)
from fairlead.gateway.needs import Needs
from fairlead.http.redact import redact_url
from fairlead.model.connection import Connection
from fairlead.model.exchange import Request, Response, Send
from fairlead.model.run import Run, RunState
from fairlead.opening import registry_of
from fairlead.sdk import ConnectionView, Pack, Registry, view_of
from fairlead.sdk.batches import digest_of, parent_of
from fairlead.sdk.recorder import Recorder
from fairlead.sdk.recording import Recording
from fairlead.sdk.testing import Replay, Table, run_action, run_sync
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import checkpoints, record_lists
from fairlead.store.record_seals import Seals

WELL, FAILED = 0, 1
#: records that a rehearsal holds in memory
MOST_RECORDS = 200_000
_PAGE = 1000
_READING = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command line asks for."""

    function: str
    connection: str | None = None
    integration: str | None = None
    raw_input: str | None = None
    variant: str = "base"
    is_dry: bool = False
    is_json: bool = False
    #: run against this file, offline
    recording: Path | None = None
    #: write the exchanges there
    record: Path | None = None
    limit: int = MOST_CHANGES


async def run_function(settings: Settings, order: Order) -> int:
    """Run a function and print how it went; return the exit code, 0 if it went well.

    CallerError, OperatorError, SettingsInvalid: what the person at the keyboard can mend.
    """
    if (order.connection is None) == (order.recording is None):
        raise SettingsInvalid("name what it runs on: --connection ID, or --recording FILE")
    raw = read_input(order.raw_input)
    try:
        if order.recording is not None:
            return await _offline(settings, order, order.recording, raw)
        return await _connected(settings, order, raw)
    except (CallerError, OperatorError):
        raise
    except FairleadError as error:
        return tell_failure(error, is_json=order.is_json)


def read_input(text: str | None) -> Any:
    """Return JSON that was given as text, or as `@file`; `@-` is standard input."""
    if text is None:
        return None
    try:
        if text == "@-":
            content: str | bytes = sys.stdin.read()
        elif text.startswith("@"):
            content = Path(text[1:]).read_bytes()
        else:
            content = text
        return orjson.loads(content)
    except OSError as error:
        raise InvalidInput(f"--input: {text[1:]} cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"--input is not JSON: {error}") from error


def tell_failure(error: FairleadError, *, is_json: bool) -> int:
    """Print why a function failed; return the exit code."""
    if is_json:
        shown = {"code": error.code, "message": error.message, "who": error.who}
        tell_json({"error": shown})
    else:
        sys.stderr.write(f"failed: {error.code}: {error.message} ({error.who} must act)\n")
    return FAILED


def tell_json(values: Any) -> None:
    """Print JSON values."""
    sys.stdout.write(orjson.dumps(values, option=orjson.OPT_INDENT_2).decode() + "\n")


def read_recording(path: Path) -> Recording:
    """Read a recording's file; InvalidInput if it is none."""
    try:
        return Recording.read(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error


def pack_of(registry: Registry, provider: str, function: str) -> Pack[Any]:
    """Return the pack that ships a function; NotFound names those there are."""
    registry.provider(provider)
    pack = registry.pack_for(provider)
    assert pack is not None, "it ships the provider"
    if function not in pack.actions and function not in pack.syncs:
        there = ", ".join(sorted([*pack.actions, *pack.syncs])) or "none"
        raise NotFound(
            f"There is no function '{function}' for the provider '{provider}'; there are: {there}."
        )
    return pack


async def _offline(settings: Settings, order: Order, path: Path, raw: Any) -> int:
    recording = read_recording(path)
    if recording.function != order.function:
        raise InvalidInput(f"{path} is a recording of {recording.function}, not {order.function}.")
    pack = pack_of(registry_of(settings), recording.provider, order.function)
    view = ConnectionView(
        connection_id=recording.connection_id,
        provider=recording.provider,
        metadata=recording.metadata,
        connection_config=recording.connection_config,
    )
    wanted = recording.input if raw is None else raw
    stage = _Stage(order, pack, view, Replay.of(recording), wanted)
    if order.function in pack.actions:
        return await stage.act()
    return await stage.sync(Table(), recording.position)


async def _connected(settings: Settings, order: Order, raw: Any) -> int:
    assert order.connection is not None
    async with open_desk(settings) as desk:
        connection = await connection_named(desk.db, settings, order.connection, order.integration)
        pack = pack_of(desk.registry, connection.provider, order.function)
        if order.function in pack.syncs and raw is not None:
            raise InvalidInput("A sync takes no --input; it reads the connection's metadata.")
        if order.is_dry or order.record is not None:
            return await _rehearsed(desk, order, connection, pack, raw)
        if order.function in pack.actions:
            output = await desk.engine.run_action(connection, order.function, raw)
            tell_json(output)
            return WELL
        run = await desk.engine.run_sync_here(connection, order.function, order.variant)
        return tell_run(run, is_json=order.is_json)


async def _rehearsed(
    desk: Desk, order: Order, connection: Connection, pack: Pack[Any], raw: Any
) -> int:
    function = pack.actions.get(order.function) or pack.syncs[order.function]
    needs = Needs(function.name, function.scopes)
    send = desk.gateway.sender(connection, lambda: None, needs)
    stage = _Stage(order, pack, view_of(connection), send, raw)
    if order.function in pack.actions:
        return await stage.act()
    if not order.is_dry:
        raise SettingsInvalid("--record runs a sync as a rehearsal; say --dry-run, too")
    async with desk.db.read() as tx:
        checkpoint = await checkpoints.load(tx, connection.id, order.function, order.variant)
    table = await _stored(desk, connection, pack, order)
    return await stage.sync(table, checkpoint)


class _Stage:
    """A function, and what it is run with."""

    def __init__(
        self, order: Order, pack: Pack[Any], view: ConnectionView, send: Send, raw: Any
    ) -> None:
        self._order = order
        self._pack = pack
        self._view = view
        self._raw = raw
        self._recorder = Recorder(send)

    async def act(self) -> int:
        order = self._order
        send: Send = _Reading(self._recorder) if order.is_dry else self._recorder
        step = run_action(self._pack, order.function, self._raw, send, connection=self._view)
        try:
            tell_json(await authors(order.function, step))
        except FairleadError:
            if not isinstance(send, _Reading) or send.held is None:
                raise
            held = {"wouldSend": send.held}
            if order.is_json:
                tell_json(held)
            else:
                method, url = send.held["method"], send.held["url"]
                sys.stdout.write(f"would send {method} {url}\n{send.held['body']}\n")
        finally:
            self._keep(None)
        return WELL

    async def sync(self, table: Table, checkpoint: bytes | None) -> int:
        order = self._order
        before = table.snapshot()
        try:
            outcome = await authors(
                order.function,
                run_sync(
                    self._pack,
                    order.function,
                    self._recorder,
                    table=table,
                    checkpoint=checkpoint,
                    connection=self._view,
                    variant=order.variant,
                ),
            )
        finally:
            self._keep(checkpoint)
        diff = Diff.of(table.changes_since(before), order.limit)
        if order.is_json:
            positions = [
                None if one is None else orjson.loads(one)
                for one in (checkpoint, outcome.checkpoint)
            ]
            tell_json(
                {
                    "function": order.function,
                    "dryRun": True,
                    **diff.values(),
                    "requests": self._recorder.requests,
                    "checkpoint": {"from": positions[0], "to": positions[1]},
                }
            )
        else:
            sys.stdout.write("\n".join([*diff.lines(), "(nothing was committed)", ""]))
        return WELL

    def _keep(self, checkpoint: bytes | None) -> None:
        path, order = self._order.record, self._order
        if path is None:
            return
        recording = Recording(
            kind="action" if order.function in self._pack.actions else "sync",
            function=order.function,
            provider=self._view.provider,
            variant=order.variant,
            metadata=dict(self._view.metadata),
            connection_config=dict(self._view.connection_config),
            checkpoint=None if checkpoint is None else orjson.loads(checkpoint),
            input=self._raw,
            exchanges=self._recorder.exchanges(),
            is_complete=self._recorder.is_complete,
        )
        path.write_bytes(recording.dumped() + b"\n")


class _Reading:
    """A Send that lets through what reads, and keeps what would have changed something."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.held: dict[str, str] | None = None

    async def __call__(self, request: Request) -> Response:
        if request.method.upper() in _READING:
            return await self._send(request)
        body = request.body.decode(errors="replace") if isinstance(request.body, bytes) else ""
        self.held = {
            "method": request.method.upper(),
            "url": redact_url(request.url),
            "body": body,
        }
        raise ActionFailed("A rehearsal sends nothing that could change something.", code="dry_run")


async def _stored(desk: Desk, connection: Connection, pack: Pack[Any], order: Order) -> Table:
    """Return the records of a sync as they are stored."""
    sync = pack.syncs[order.function]
    table, count, seals = Table(), 0, Seals(desk.vault)
    for model, record_model in sync.models.items():
        after = 0
        while True:
            async with desk.db.read() as tx:
                page = await record_lists.list_records(
                    tx,
                    connection_pk=connection.id,
                    model=model,
                    variant=order.variant,
                    after=after,
                    limit=_PAGE,
                    seals=seals,
                )
            for record in page:
                content = orjson.dumps(record.content, option=orjson.OPT_SORT_KEYS)
                table.put(
                    model,
                    record.id,
                    digest_of(content, sync),
                    content,
                    partition=record.partition,
                    parent=parent_of(content, record_model),
                    is_deleted=record.deleted_at is not None,
                )
            count += len(page)
            if count > MOST_RECORDS:
                raise InvalidInput(
                    f"{order.function} has more than {MOST_RECORDS} records; a rehearsal holds "
                    "them in memory. Rehearse on a connection that has fewer."
                )
            if len(page) < _PAGE:
                break
            after = page[-1].position
    return table


def tell_run(run: Run, *, is_json: bool) -> int:
    """Print how a run of a sync went; return the exit code."""
    if is_json:
        tell_json(
            {
                "id": run.id,
                "state": run.state.value,
                "counts": {
                    model: {
                        "added": counts.added,
                        "updated": counts.updated,
                        "deleted": counts.deleted,
                        "unchanged": counts.unchanged,
                    }
                    for model, counts in run.counts.items()
                },
                "requests": run.requests,
                "failure": run.failure and run.failure.model_dump(),
            }
        )
    else:
        for model, counts in run.counts.items():
            sys.stdout.write(
                f"{model}: {counts.added} added, {counts.updated} updated, "
                f"{counts.deleted} deleted, {counts.unchanged} unchanged\n"
            )
        sys.stdout.write(f"{run.state.value}: run {run.id}, {run.requests} requests\n")
        if run.failure is not None:
            sys.stderr.write(
                f"failed: {run.failure.code}: {run.failure.message} ({run.failure.who} must act)\n"
            )
    return WELL if run.state is RunState.SUCCEEDED else FAILED
