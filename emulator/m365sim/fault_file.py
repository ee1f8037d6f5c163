"""Reads a fault script from a YAML file: faults, and the switches of everything else that may vary.

Its keys are those of the control API, and so are its values.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from m365sim.fault import Challenge, Fault
from m365sim.switches import switch_notifications, switch_throttling
from m365sim.yaml_file import Entry, Source, plain

if TYPE_CHECKING:
    from m365sim.world import World

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def _texts(value: Any) -> Any:
    """Let numbers stand for the texts that headers are."""
    bare = plain(value)
    if not isinstance(bare, dict):
        return bare
    return {
        key: str(inner) if isinstance(inner, int) and not isinstance(inner, bool) else inner
        for key, inner in bare.items()
    }


def _all(value: Any) -> Any:
    return None if value == "all" else value


def _method(text: str) -> str:
    if text != "*" and not text.isalpha():
        raise ValueError("a method was expected, such as GET")
    return text.upper()


class FaultEntry(Entry):
    """One fault; the fields are those of `m365sim.fault.Fault`."""

    id: str = ""
    host: Annotated[str, Field(min_length=1)] = "*"
    method: Annotated[str, AfterValidator(_method)] = "*"
    path: Annotated[str, Field(min_length=1)] = "*"
    skip: Count = 0
    count: Annotated[Count | None, BeforeValidator(_all)] = 1
    probability: Share = 1.0
    seed: int | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    retry_after: Count | None = None
    hold: bool = False
    rate_limit: Count | None = None
    code: str | None = None
    inner_code: str | None = None
    aadsts: Count | None = None
    challenge: Challenge | None = None
    headers: Annotated[dict[str, str], BeforeValidator(_texts)] = Field(default_factory=dict)
    body: str | None = None
    cut_after: Count | None = None
    delay: Annotated[float, Field(ge=0)] = 0.0
    bandwidth: Annotated[int, Field(ge=1)] | None = None

    def made(self) -> Fault:
        """Return the fault."""
        return Fault(**self.model_dump(exclude={"place"}))


class FaultFile(Entry):
    """A whole fault script."""

    seed: int = 0
    faults: tuple[FaultEntry, ...] = ()
    quirks: Annotated[dict[str, Any], BeforeValidator(plain)] = Field(default_factory=dict)
    throttle: Annotated[dict[str, Any], BeforeValidator(plain)] = Field(default_factory=dict)
    notifications: Annotated[dict[str, Any], BeforeValidator(plain)] = Field(default_factory=dict)


def apply_faults(world: World, path: Path) -> None:
    """Put what a file says in force, for every tenant of a world; `BadFile` if it will not do."""
    source = Source(path)
    script = source.validated(FaultFile)
    world.faults.seed = script.seed
    known: set[str] = set()
    for number, entry in enumerate(script.faults):
        if entry.id and entry.id in known:
            raise source.bad((*entry.place, "id"), f"another fault is called {entry.id}")
        known.add(entry.id)
        if not _does_anything(entry):
            raise source.bad(("faults", number), "a fault must do something, such as a status")
        world.faults.add(entry.made())
    for name, value in script.quirks.items():
        _switch(source, ("quirks", name), lambda n=name, v=value: world.quirks.change(**{n: v}))
    if script.throttle:
        _switch(source, ("throttle",), lambda: switch_throttling(world, script.throttle))
    for one in world.tenants.values() if script.notifications else ():
        _switch(
            source,
            ("notifications",),
            lambda o=one: switch_notifications(o, script.notifications),
        )


def _does_anything(entry: FaultEntry) -> bool:
    effects = {"status", "aadsts", "challenge", "cut_after", "delay", "bandwidth"}
    return bool(effects & entry.model_fields_set)


def _switch(source: Source, place: tuple[str, ...], turn: Any) -> None:
    try:
        turn()
    except (ValueError, TypeError) as wrong:
        raise source.bad(place, str(wrong)) from wrong
