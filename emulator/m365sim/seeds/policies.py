"""Puts the Conditional Access policies of a tenant file in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from m365sim.files.ids import guid_of, mint_uid
from m365sim.seeds.model import PolicyEntry
from m365sim.seeds.names import Names
from m365sim.sign_in_rules import Policy
from m365sim.yaml_file import Place, Source

if TYPE_CHECKING:
    from m365sim.world import World

_APIS = ("graph", "sharepoint")


def make_policy(source: Source, entry: PolicyEntry, world: World, names: Names) -> None:
    """Put one policy in force; whoever and whatever it names must be there."""
    for number, target in enumerate(entry.targets):
        if target not in _APIS and target not in world.directory.apps:
            place = (*entry.place, "targets", number)
            reason = f"{target} is neither graph nor sharepoint nor the client id of an app"
            raise source.bad(place, reason)

    def ids(named: Sequence[str], place: Place) -> frozenset[str]:
        return frozenset(names.user(name, (*place, n)).id for n, name in enumerate(named))

    world.directory.add_policy(
        Policy(
            id=entry.id or guid_of(mint_uid("policy", world.tenant.id, entry.name)),
            tenant_id=world.tenant.id,
            name=entry.name,
            control=entry.control,
            sign_in_frequency=_span(entry.sign_in_frequency),
            mfa_lifetime=_span(entry.mfa_lifetime),
            users=ids(entry.users, (*entry.place, "users")),
            excluded_users=ids(entry.excluded_users, (*entry.place, "excluded_users")),
            targets=frozenset(entry.targets),
            contexts=frozenset(context.lower() for context in entry.contexts),
        )
    )


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
