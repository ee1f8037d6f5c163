"""On whose behalf the code that runs right now runs, and by which way it was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.tenant import User

PYTHON = "python"  # called by a program that has the world in its hands


class Acting:
    """A request under way: the surface it came to, and who makes it, once that is known."""

    __slots__ = ("person", "principal", "way")

    def __init__(self, way: str) -> None:
        self.way = way
        self.principal: Principal | None = None  # whose token it had
        self.person: User | None = None  # who has a token not yet: signs in, consents


#: Each request runs in a task of its own, and so in a context of its own.
current: ContextVar[Acting | None] = ContextVar("m365sim_acting", default=None)
silent: ContextVar[bool] = ContextVar("m365sim_silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing that happens in the block be written down."""
    token = silent.set(True)
    try:
        yield
    finally:
        silent.reset(token)


@contextmanager
def acting(way: str) -> Iterator[None]:
    """Let what happens in the block be told as having come by a way: `graph`, `disk`, ..."""
    token = current.set(Acting(way))
    try:
        yield
    finally:
        current.reset(token)


def acting_as(person: User) -> None:
    """Say who makes the request under way in a browser."""
    here = current.get()
    if here is not None:
        here.person = person


def acting_for(principal: Principal) -> None:
    """Say on whose behalf the request under way is made."""
    here = current.get()
    if here is not None:
        here.principal = principal
