"""`fairlead vault`: which keys seal what, and sealing everything anew under the current one."""

import sys

from fairlead.api.logs import configure_logs
from fairlead.errors import OperatorError
from fairlead.opening import open_database, vault_of
from fairlead.settings import Settings
from fairlead.store.record_sealing import recast
from fairlead.store.record_seals import Seals
from fairlead.store.sealed import BATCH, Progress, SealedColumn, counts, reseal

__all__ = ["BATCH", "rotate", "status"]


async def status(settings: Settings) -> None:
    """Print each key with the number of values that it sealed, and what may be removed."""
    vault = vault_of(settings)
    async with open_database(settings) as db, db.read() as tx:
        found = await counts(tx)
    current, *old = vault.key_ids
    print(f"{current}  {_sum(found, current)} sealed values  current (FAIRLEAD_ENCRYPTION_KEY)")
    for key_id in old:
        number = _sum(found, key_id)
        advice = "seals nothing any more; remove it" if not number else "run: fairlead vault rotate"
        print(f"{key_id}  {number} sealed values  old (FAIRLEAD_ENCRYPTION_OLD_KEYS); {advice}")
    for key_id in sorted(found.keys() - {current, *old}):
        where = ", ".join(sorted(found[key_id]))
        print(f"{key_id}  {_sum(found, key_id)} sealed values  NOT AT HAND; needed for {where}")


async def rotate(settings: Settings, batch: int) -> None:
    """Seal everything anew under the current key; OperatorError if something stays behind."""
    configure_logs(settings)
    vault = vault_of(settings)

    def tell(sealed: SealedColumn, progress: Progress) -> None:
        print(f"{progress.resealed} sealed anew, now {sealed.label}", file=sys.stderr, flush=True)

    def tell_records(count: int) -> None:
        print(f"{count} records rewritten", file=sys.stderr, flush=True)

    async with open_database(settings) as db:
        done = await reseal(db, vault, batch=batch, on_progress=tell)
        seals = Seals(vault, is_on=settings.encrypt_records)
        recast_count = await recast(db, seals, on_progress=tell_records)
        async with db.read() as tx:
            found = await counts(tx)
    current, *old = vault.key_ids
    print(f"{done.resealed} values sealed anew under {current}")
    if recast_count:
        print(f"{recast_count} records {'sealed' if settings.encrypt_records else 'opened'}")
    if done.unopened:
        left = ", ".join(f"{number} in {label}" for label, number in sorted(done.unopened.items()))
        raise OperatorError(
            f"No key at hand opens {left}; put the key that sealed them into "
            "FAIRLEAD_ENCRYPTION_OLD_KEYS and run this again (fairlead vault status names it)",
            code="vault_error",
        )
    if busy := [key_id for key_id in old if _sum(found, key_id)]:
        raise OperatorError(
            f"A server still seals with {', '.join(busy)}; give every server the new "
            "FAIRLEAD_ENCRYPTION_KEY, and run this again",
            code="vault_error",
        )
    if old:
        print("the old keys seal nothing any more; remove FAIRLEAD_ENCRYPTION_OLD_KEYS")


def _sum(found: dict[str, dict[str, int]], key_id: str) -> int:
    return sum(found.get(key_id, {}).values())
