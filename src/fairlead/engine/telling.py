"""Telling: after a run, what changed in its records, to the product and to the pack's own hooks.

Made of the records' difference, so it is right whatever notices were lost. A page of changes is
told in one transaction with the note that it is; functions are called before, so they may see a
page again if the process dies meanwhile, or if they raise.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from fairlead.engine.failure import authors
from fairlead.engine.setup import Setup
from fairlead.errors import FairleadError
from fairlead.gateway.needs import Needs
from fairlead.model.change import Change, ChangeKind
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.function import Sync
from fairlead.model.realtime import Realtime
from fairlead.model.run import Run
from fairlead.sdk import action_ctx, view_of
from fairlead.sdk.shapes import Record
from fairlead.store import changes, integrations, outbox
from fairlead.store.changes import Page
from fairlead.store.cursor import cursor_at

log = structlog.get_logger(__name__)

#: changes in one event
_PAGE = 500


async def tell_changes(setup: Setup, connection: Connection, sync: Sync, run: Run) -> None:
    """Tell what changed in the records of a sync since that was done last."""
    pack = setup.registry.pack_for(connection.provider)
    hooks = [hook for hook in pack.hooks.values() if hook.sync == sync.name] if pack else []
    async with setup.db.read() as tx:
        config = await integrations.config_of(tx, connection.integration_id)
        tells = Realtime.of(config).tells_changes
        if not tells and not hooks and not await changes.are_told(tx, connection.id):
            return
    for model in sync.models:
        async with setup.db.write() as tx:
            if not tells and not hooks:
                await changes.forget(tx, connection.id, model, run.variant)
                continue
            stream_id = await changes.begin(tx, connection.id, model, run.variant)
        while stream_id is not None:
            async with setup.db.read() as tx:
                page = await changes.next_page(tx, stream_id, _PAGE, setup.seals)
            if page is None:
                break
            page_changes = _with_shares(sync, model, page)
            for hook in hooks:
                if page_changes and not await _call(setup, connection, hook, page_changes):
                    # seen again after the next run
                    return
            event = _event(setup, connection, run, model, page_changes)
            async with setup.db.write() as tx:
                if not await changes.tell(tx, page):
                    return
                if tells and page_changes:
                    await outbox.put(tx, event)


def _with_shares(sync: Sync, model: str, page: Page) -> tuple[Change, ...]:
    shape = sync.models[model]
    if not issubclass(shape, Record) or shape.shares is Record.shares:
        return page.changes
    shared = []
    for change, content in zip(page.changes, page.contents, strict=True):
        try:
            of = shape.model_validate_json(content).shares()
        except ValidationError:
            # its model was changed since; the change is told all the same
            of = None
        shared.append(
            change.model_copy(update={"kinds": (ChangeKind.SHARED,), "of": of}) if of else change
        )
    return tuple(shared)


async def _call(
    setup: Setup, connection: Connection, hook: Any, page_changes: Sequence[Change]
) -> bool:
    pack = setup.registry.pack_for(connection.provider)
    assert pack is not None, "its hook was found"
    send = setup.gateway.sender(connection, lambda: None, Needs(hook.name, hook.scopes))
    context = action_ctx(pack, view_of(connection), send)
    try:
        await authors(hook.name, hook.body(context, list(page_changes)))
    except FairleadError as error:
        log.warning("changes not taken", function=hook.name, code=error.code, reason=error.message)
        return False
    return True


def _event(
    setup: Setup, connection: Connection, run: Run, model: str, page_changes: Sequence[Change]
) -> Event:
    body = {
        "from": "nango",
        "type": "change",
        "connectionId": connection.connection_id,
        "providerConfigKey": connection.integration_key,
        "syncName": run.function,
        "syncVariant": run.variant,
        "model": model,
        "changes": [
            {
                "id": change.id,
                "kinds": [kind.value for kind in change.kinds],
                "cursor": cursor_at(change.position).decode(),
                **({"of": change.of} if change.of else {}),
            }
            for change in page_changes
        ],
    }
    return Event(
        id=setup.new_id(),
        environment_id=connection.environment_id,
        type="change",
        connection_pk=connection.id,
        payload=body,
        created_at=setup.clock.now(),
    )
