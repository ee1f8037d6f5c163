"""Variants: more copies of one sync of one connection (HTTP contract, section 2.6)."""

from fairlead.engine.scheduler import schedule_id
from fairlead.engine.setup import Setup
from fairlead.engine.syncs import forget
from fairlead.engine.targets import Target
from fairlead.errors import CallerError, Conflict, NotFound
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.store import schedules
from fairlead.store.database import Tx
from fairlead.store.dialect import hold_connection

#: of one sync of one connection
MOST = 100


async def create(tx: Tx, setup: Setup, base: Target, variant: str) -> Schedule:
    """Make a variant; it starts by itself if the sync does.

    CallerError `invalid_variant`, `sync_variant_already_exists`, `resource_capped`.
    """
    if variant == "base":
        raise CallerError("'base' is the sync itself; choose another name.", code="invalid_variant")
    connection, name = base.connection, base.sync.name
    await hold_connection(tx, connection.id)
    siblings = [
        each.variant
        for each in await schedules.list_for(
            tx, environment_id=connection.environment_id, connection_pk=connection.id
        )
        if each.sync_name == name
    ]
    if variant in siblings:
        raise Conflict(
            f"There is a variant '{variant}' of '{name}' already; delete it first, or choose "
            "another name.",
            code="sync_variant_already_exists",
            status=400,
        )
    if len(siblings) > MOST:
        raise CallerError(
            f"'{name}' has {MOST} variants; delete one of them first.", code="resource_capped"
        )
    now = setup.clock.now()
    starts = base.sync.auto_start and setup.registry.provider(connection.provider).starts_syncs
    return await schedules.ensure(
        tx,
        id=schedule_id(connection.id, name, variant),
        environment_id=connection.environment_id,
        connection_pk=connection.id,
        integration_key=connection.integration_key,
        sync_name=name,
        variant=variant,
        frequency=base.sync.every,
        state=ScheduleState.STARTED if starts else ScheduleState.PAUSED,
        next_run_at=now if starts else None,
        now=now,
    )


async def delete(tx: Tx, setup: Setup, target: Target) -> None:
    """Delete a variant with its records and position; what runs is cancelled.

    NotFound: it is the sync itself, which cannot be deleted.
    """
    if target.schedule.variant == "base":
        raise NotFound(f"'{target.sync.name}' itself is no variant.", code="not_found")
    await hold_connection(tx, target.connection.id)
    await forget(tx, setup, target, empty_cache=True)
    await schedules.delete(tx, target.schedule.id)
