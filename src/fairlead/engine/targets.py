"""Which syncs a call means: of one connection or of all, those named or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.engine.scheduler import schedule_id
from fairlead.engine.setup import Setup
from fairlead.errors import InvalidInput, NotFound
from fairlead.model.connection import Connection
from fairlead.model.function import Sync
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.store import connections, environments, integrations, schedules
from fairlead.store.database import Tx
from fairlead.vault.vault import Vault

#: (sync, variant)
Named = tuple[str, str]

#: connections looked at in one transaction
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Target:
    """One sync of one connection, with its schedule."""

    connection: Connection
    sync: Sync
    schedule: Schedule


async def targets_of(
    tx: Tx, setup: Setup, connection: Connection, *, create: bool, spreads: bool = False
) -> list[Target]:
    """Return the connection's syncs and their variants, with their schedules.

    `create` writes down the schedules that are lacking; without, they are made up for the moment. A
    sync that starts by itself is due at once; with `spreads`, which is for many connections at a
    time, by and by.
    """
    now = setup.clock.now()
    found = {
        (schedule.sync_name, schedule.variant): schedule
        for schedule in await schedules.list_for(
            tx, environment_id=connection.environment_id, connection_pk=connection.id
        )
    }
    targets = []
    for sync in setup.registry.syncs(connection.provider):
        starts = sync.auto_start and setup.registry.provider(connection.provider).starts_syncs
        schedule = found.get((sync.name, "base")) or Schedule(
            id=schedule_id(connection.id, sync.name, "base"),
            environment_id=connection.environment_id,
            connection_pk=connection.id,
            integration_key=connection.integration_key,
            sync_name=sync.name,
            frequency=sync.every,
            state=ScheduleState.STARTED if starts else ScheduleState.PAUSED,
            next_run_at=now if starts else None,
            created_at=now,
            updated_at=now,
        )
        is_new = (sync.name, "base") not in found
        if is_new and spreads and starts:
            due_at = now + schedule.offset(setup.settings.schedule_spread)
            schedule = schedule.model_copy(update={"next_run_at": due_at})
        if create and (is_new or schedule.frequency != sync.every):
            schedule = await schedules.ensure(
                tx,
                id=schedule.id,
                environment_id=schedule.environment_id,
                connection_pk=schedule.connection_pk,
                integration_key=schedule.integration_key,
                sync_name=schedule.sync_name,
                variant=schedule.variant,
                frequency=sync.every,
                state=schedule.state,
                next_run_at=schedule.next_run_at,
                now=now,
            )
        targets.append(Target(connection, sync, schedule))
        for (name, variant), other in found.items():
            if name == sync.name and variant != "base":
                kept = await _followed(tx, other, sync, now) if create else other
                targets.append(Target(connection, sync, kept))
    return targets


async def _followed(tx: Tx, variant: Schedule, sync: Sync, now: datetime) -> Schedule:
    """Return a variant's schedule, which follows its sync's own frequency."""
    if variant.frequency == sync.every:
        return variant
    return await schedules.ensure(
        tx,
        id=variant.id,
        environment_id=variant.environment_id,
        connection_pk=variant.connection_pk,
        integration_key=variant.integration_key,
        sync_name=variant.sync_name,
        variant=variant.variant,
        frequency=sync.every,
        state=variant.state,
        next_run_at=variant.next_run_at,
        now=now,
    )


async def adopt(setup: Setup) -> None:
    """Create the schedules of syncs that a pack has learnt since its connections were made.

    One query a page of connections, and a transaction for each that lacks some.
    """
    async with setup.db.read() as tx:
        everywhere = await environments.list_all(tx)
    for environment in everywhere:
        number, is_last = 0, False
        while not is_last:
            async with setup.db.read() as tx:
                found = await connections.list_all(tx, environment.id, limit=_PAGE, page=number)
                known = await schedules.frequencies(tx, [each.id for each in found])
            lacking = [each for each in found if _lacks(setup, each, known.get(each.id, set()))]
            for connection in lacking:
                async with setup.db.write() as tx:
                    if await connections.by_pk(tx, connection.id) is not None:
                        await targets_of(tx, setup, connection, create=True, spreads=True)
            number, is_last = number + 1, len(found) < _PAGE


def _lacks(setup: Setup, connection: Connection, known: set[tuple[str, str]]) -> bool:
    shipped = {(sync.name, sync.every) for sync in setup.registry.syncs(connection.provider)}
    return not shipped <= known


async def find_targets(
    tx: Tx,
    setup: Setup,
    vault: Vault,
    *,
    environment_id: int,
    integration_key: str,
    connection_id: str | None,
    named: Sequence[Named],
    create: bool,
) -> list[Target]:
    """Return the syncs meant: of one connection, or of all; those named, or all.

    InvalidInput `unknown_provider_config`, `no_syncs_found`; NotFound `unknown_connection`.
    """
    if await integrations.find(tx, vault, environment_id, integration_key) is None:
        raise InvalidInput(
            f"There is no integration '{integration_key}'; correct provider_config_key.",
            code="unknown_provider_config",
        )
    if connection_id is None:
        found = await connections.list_all(tx, environment_id, integration_keys=[integration_key])
    else:
        one = await connections.find(tx, environment_id, integration_key, connection_id)
        if one is None:
            raise NotFound(
                f"There is no connection '{connection_id}' on the integration "
                f"'{integration_key}'; correct connection_id.",
                code="unknown_connection",
            )
        found = [one]
    targets = [
        target
        for connection in found
        for target in await targets_of(tx, setup, connection, create=create)
    ]
    if not named:
        return targets
    missing = set(named) - {(each.sync.name, each.schedule.variant) for each in targets}
    if missing and found:
        listed = ", ".join(sorted(_spelled(*each) for each in missing))
        raise InvalidInput(
            f"There is no sync {listed} on the integration '{integration_key}'; correct the name.",
            code="no_syncs_found",
        )
    return [each for each in targets if (each.sync.name, each.schedule.variant) in set(named)]


def _spelled(name: str, variant: str) -> str:
    return f"'{name}'" if variant == "base" else f"'{name}::{variant}'"
