"""Run one function as the engine would: same validation, same order of commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.errors import AuthorError
from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.model.exchange import Send
from fairlead.sdk.batches import to_stored
from fairlead.sdk.calls import action_ctx, call_action, dump_output, sync_ctx, validate_input
from fairlead.sdk.ctx import ConnectionView, Log, Records, Skipped
from fairlead.sdk.pack import Pack
from fairlead.sdk.testing.table import Table


async def run_action(
    pack: Pack[Any],
    name: str,
    raw_input: object,
    send: Send,
    *,
    metadata: Mapping[str, Any] | None = None,
    connection_config: Mapping[str, Any] | None = None,
    connection: ConnectionView | None = None,
    log: Log | None = None,
    records: Records | None = None,
) -> Any:
    """Run an action on JSON input and return its JSON output.

    `connection` is what it sees of its connection; default: one with this metadata and config.
    """
    if name not in pack.actions:
        raise AuthorError(f"pack {pack.name} has no action {name}")
    action = pack.actions[name]
    view = connection or _connection(metadata, connection_config)
    ctx = action_ctx(pack, view, send, log, records)
    return dump_output(action, await call_action(action, ctx, validate_input(action, raw_input)))


@dataclass(slots=True)
class SyncOutcome:
    """What a run of a sync left behind."""

    table: Table
    #: JSON of the last committed checkpoint; hand it to the next run
    checkpoint: bytes | None
    #: what was committed, in order
    batches: list[StoredBatch] = field(default_factory=list)
    counts: BatchCounts = field(default_factory=BatchCounts)
    #: places that it left out
    skipped: list[Skipped] = field(default_factory=list)
    #: False if `stop_after` cut it short
    is_finished: bool = True


async def run_sync(
    pack: Pack[Any],
    name: str,
    send: Send,
    *,
    metadata: Mapping[str, Any] | None = None,
    connection_config: Mapping[str, Any] | None = None,
    table: Table | None = None,
    checkpoint: bytes | None = None,
    stop_after: int | None = None,
    connection: ConnectionView | None = None,
    variant: str = "base",
    log: Log | None = None,
) -> SyncOutcome:
    """Run a sync over a table, from a checkpoint; `stop_after` batches it is killed.

    `connection` is what it sees of its connection; default: one with this metadata and config.

    An error that the sync raises goes to the caller; what was committed before stays in `table`.
    """
    if name not in pack.syncs:
        raise AuthorError(f"pack {pack.name} has no sync {name}")
    sync = pack.syncs[name]
    kept = table if table is not None else Table()

    async def known(ids: Sequence[str]) -> set[str]:
        return kept.live(next(iter(sync.models))).keys() & set(ids)

    ctx = sync_ctx(
        pack,
        sync,
        connection or _connection(metadata, connection_config),
        send,
        checkpoint=checkpoint,
        variant=variant,
        log=log,
        known=known,
    )
    outcome = SyncOutcome(kept, checkpoint)
    outcome.skipped = ctx.skipped
    generator = sync.body(ctx)
    try:
        async for batch in generator:
            stored = to_stored(batch, sync, ctx.variant)
            outcome.batches.append(stored)
            outcome.counts += outcome.table.apply(stored)
            if stored.checkpoint is not None:
                outcome.checkpoint = stored.checkpoint
            if stop_after is not None and len(outcome.batches) >= stop_after:
                outcome.is_finished = False
                return outcome
    finally:
        await generator.aclose()
    for model in sync.models:
        keep = {batch.partition for batch in outcome.batches if batch.model == model}
        outcome.counts += outcome.table.sweep(model, keep)
    return outcome


def _connection(
    metadata: Mapping[str, Any] | None, connection_config: Mapping[str, Any] | None
) -> ConnectionView:
    return ConnectionView(
        connection_id="test",
        metadata=metadata or {},
        connection_config=connection_config or {},
    )
