"""What a test wishes its cloud to be, and the world that is built of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from m365sim.bad_file import BadFile
from m365sim.clock import Clock, SystemClock, VirtualClock
from m365sim.clouds import CLOUDS, GLOBAL
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS
from m365sim.files.problems import Refused
from m365sim.harness.places import put_file
from m365sim.history import silence
from m365sim.tenant import User
from m365sim.world import World, build_world


class Unwishable(Exception):
    """There is no such wish, or it cannot be granted; the message says why."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a cloud shall be; everything has a default."""

    #: YAML file of the tenant to be there in contoso's place; or several, the first by default
    tenant: str | Path | Sequence[str | Path] = ()
    #: so many made-up files in /sites/archive, or address → text or bytes of files to be there:
    #: `{"/sites/marketing/Shared Documents/Plan.txt": "..."}`
    files: int | Mapping[str, str | bytes] = 0
    library: str | Path | None = None  # folder of this disk, mirrored in /sites/mirror
    #: the user who answers every sign-in at once: a upn, or the part of it before the @
    auto_sign_in: str | None = None
    throttle: bool = False  # count resource units, answer 429
    redirect_uris: Iterable[str] = DEFAULT_REDIRECT_URIS  # of the web app
    cloud: str = GLOBAL.name  # whose hosts to be: global, us-gov-high, us-dod, china
    faults: str | Path | None = None  # YAML file of what goes wrong from the start
    now: datetime | str | None = None  # where a virtual clock begins; ISO 8601
    seed: int = 1  # of everything that looks random

    @classmethod
    def of(cls, wishes: Mapping[str, Any]) -> Self:
        """Return what keywords say; Unwishable for one there is not."""
        known = [one.name for one in fields(cls)]
        for name in wishes:
            if name not in known:
                raise Unwishable(f"there is no {name!r}; there are {', '.join(known)}")
        return cls(**wishes)

    def build(self, *, virtual: bool = False) -> World:
        """Build the world that is wished for; its time stands still if `virtual` or `now`."""
        library = None if self.library is None else Path(self.library)
        if library is not None and not library.is_dir():
            raise Unwishable(f"library: there is no folder {library}")
        if self.cloud not in CLOUDS:
            raise Unwishable(f"cloud: there is no {self.cloud!r}; there are {', '.join(CLOUDS)}")
        try:
            world = build_world(
                clock=self._clock(virtual=virtual),
                seed=self.seed,
                seed_files=self.files if isinstance(self.files, int) else 0,
                library=library,
                redirect_uris=self.redirect_uris,
                cloud=CLOUDS[self.cloud],
                tenant_files=self._tenant_files(),
            )
            if self.faults is not None:
                load_faults(world, Path(self.faults))
        except BadFile as bad:
            raise Unwishable(str(bad)) from bad
        if self.auto_sign_in is not None:
            world.auto_sign_in = user_called(world, self.auto_sign_in).upn
        if self.throttle:
            world.throttle.turn_on()
        for address, content in {} if isinstance(self.files, int) else self.files.items():
            try:
                with silence():
                    put_file(world, address, content)
            except Refused as refused:
                raise Unwishable(f"files: {address}: {refused}") from refused
        return world

    def _tenant_files(self) -> list[Path]:
        several = [self.tenant] if isinstance(self.tenant, (str, Path)) else self.tenant
        return [Path(one) for one in several]

    def _clock(self, *, virtual: bool) -> Clock:
        if self.now is None and not virtual:
            return SystemClock()
        if self.now is None:
            return VirtualClock(datetime.now(UTC).replace(microsecond=0))
        try:
            at = datetime.fromisoformat(self.now) if isinstance(self.now, str) else self.now
            return VirtualClock(at)
        except ValueError as wrong:
            raise Unwishable(f"now: {wrong}") from wrong


def load_faults(world: World, path: Path) -> None:
    """Put a fault script in force; BadFile when it is not in order."""
    from m365sim.fault_file import apply_faults  # noqa: PLC0415 - pydantic takes its time to load

    apply_faults(world, path)


def user_called(world: World, name: str) -> User:
    """Find a user by upn, or by the part of it before the @; Unwishable when there is none."""
    users = world.directory.users_of(world.tenant.id)
    for user in users:
        if name.lower() in (user.upn.lower(), user.upn.partition("@")[0].lower()):
            return user
    names = ", ".join(user.upn for user in users)
    raise Unwishable(f"there is no user {name!r}; there are {names}")
