"""The four surfaces of a world as ASGI apps, and one app that tells them apart by host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m365sim.committed import with_commits
from m365sim.control import control_app
from m365sim.entra.app import entra_app
from m365sim.faults import ASGIApp, Receive, Scope, Send, with_faults
from m365sim.graph import graph_app
from m365sim.sharepoint import sharepoint_app

if TYPE_CHECKING:
    from m365sim.world import World


@dataclass(frozen=True, slots=True)
class Surfaces:
    """The ASGI apps of a world, faults included."""

    login: ASGIApp
    graph: ASGIApp
    sharepoint: ASGIApp
    control: ASGIApp


def surfaces(world: World) -> Surfaces:
    """Compose the four surfaces; only the control surface is out of reach of scripted faults."""
    login = with_faults(entra_app(world), world, "login")
    return Surfaces(
        login=with_commits(login, world, reads_change=True),
        graph=with_commits(with_faults(graph_app(world), world, "graph"), world),
        sharepoint=with_commits(with_faults(sharepoint_app(world), world, "sharepoint"), world),
        control=with_commits(control_app(world), world),
    )


def by_host(world: World) -> ASGIApp:
    """Return one app that answers for every host: for tests in the process, and behind a proxy."""
    parts = surfaces(world)
    login = urlsplit(world.urls.login).netloc
    graph = urlsplit(world.urls.graph).netloc

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode()
        if host == login:
            await parts.login(scope, receive, send)
        elif host == graph:
            await parts.graph(scope, receive, send)
        else:
            await parts.sharepoint(scope, receive, send)

    return route
