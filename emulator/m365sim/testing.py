"""For tests: tokens without a sign-in, and ports that are taken."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from m365sim.entra.contoso import DAEMON_APP_ID, WEB_APP_ID
from m365sim.entra.resources import GRAPH, Resource
from m365sim.entra.tokens import issue_access_token

if TYPE_CHECKING:
    from m365sim.world import World

READ_WRITE = ("Sites.ReadWrite.All", "Files.ReadWrite.All", "User.Read")


def delegated_token(
    world: World,
    user: str = "alex",
    scopes: Iterable[str] = READ_WRITE,
    lifetime: timedelta = timedelta(hours=1),
    resource: Resource = GRAPH,
) -> str:
    """Issue a token of the web app for a user, named by the first part of the upn.

    It is for Graph unless another resource is given.
    """
    person = world.directory.user_by_upn(f"{user}@{world.tenant.domain}")
    if person is None:
        raise ValueError(f"there is no user {user}")
    return issue_access_token(
        world,
        tenant=world.tenant,
        app=world.directory.apps[WEB_APP_ID],
        resource=resource,
        lifetime=lifetime,
        appidacr="1",
        user=person,
        scopes=frozenset(scopes),
    )


def app_token(
    world: World,
    roles: Iterable[str] = ("Sites.ReadWrite.All",),
    lifetime: timedelta = timedelta(hours=1),
    resource: Resource = GRAPH,
    appidacr: str = "1",
) -> str:
    """Issue a token of the daemon app on its own behalf, for Graph unless told otherwise."""
    return issue_access_token(
        world,
        tenant=world.tenant,
        app=world.directory.apps[DAEMON_APP_ID],
        resource=resource,
        lifetime=lifetime,
        appidacr=appidacr,
        roles=frozenset(roles),
    )


@contextmanager
def taken_port(*, free_below: int = 0) -> Iterator[int]:
    """Hold a port of this machine; those right below it are free.

    Below the ports that systems give out by themselves, so that nobody takes a neighbour by chance.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with ExitStack() as neighbours, socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
                for below in range(1, free_below + 1):
                    neighbour = neighbours.enter_context(socket.socket())
                    neighbour.bind(("127.0.0.1", port - below))
            except OSError:
                continue
            neighbours.close()
            taken.listen()
            yield port
            return
    raise OSError("no port with free neighbours was found")
