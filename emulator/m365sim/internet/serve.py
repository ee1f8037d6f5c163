"""Serves a world behind an HTTPS proxy, under the names of the real cloud."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from m365sim.app import surfaces
from m365sim.clouds import Cloud, cloud_of
from m365sim.committed import keeping
from m365sim.faults import ASGIApp, Receive, Scope, Send
from m365sim.internet.authority import Authority
from m365sim.internet.environment import proxy_environment
from m365sim.internet.tunnel import Answering, tunnel_to
from m365sim.server import Options, Running, bind, delivering, following_the_disk, serving
from m365sim.world import Urls, World

LOOPBACK = "127.0.0.1"
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Internet(Running):
    """A cloud that answers under its real names, through a proxy."""

    proxy_url: str
    ca_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a client needs in its environment."""
        return proxy_environment(self.ca_file, self.proxy_url)


@asynccontextmanager
async def running(
    what: World | Options | None = None,
    *,
    ca_dir: Path,
    port: int = 0,
) -> AsyncIterator[Internet]:
    """Serve a world through a proxy on `port`, 0 for a free one, until the block ends.

    Only the loopback is served. The control surface is on the port after the proxy's. The world's
    `urls` become those of its real cloud. Raises `PortInUse` and `BadAuthority`.
    """
    authority = Authority.in_folder(ca_dir)
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(s)) for s in bind(LOOPBACK, port, 2)]
        ports = [bound.getsockname()[1] for bound in sockets]
        world = what if isinstance(what, World) else (what or Options()).build()
        world.move_to(Urls.of(world.cloud))
        stack.callback(world.close)
        apps = surfaces(world)
        by_name = {"login": apps.login, "graph": apps.graph, "sharepoint": apps.sharepoint}
        tunnel = tunnel_to(_answering(authority, world.cloud))
        async with (
            keeping(world),
            following_the_disk(world),
            delivering(world),
            serving([_by_host(by_name, world.cloud), apps.control], sockets, [tunnel, None]),
        ):
            yield Internet(
                world,
                world.urls,
                f"http://{LOOPBACK}:{ports[1]}",
                f"http://{LOOPBACK}:{ports[0]}",
                authority.ca_file,
            )


def _answering(authority: Authority, cloud: Cloud) -> Answering:
    def answer(host: str, port: int) -> ssl.SSLContext | str:
        if cloud.surface_of(host) is None:
            other = cloud_of(host)
            if other is None:
                return f"I answer for Microsoft's cloud only, not for {host}, and connect nowhere."
            return (
                f"{host} belongs to the cloud {other.name}, and this is {cloud.name}: "
                f"start me with --cloud {other.name}."
            )
        if port != HTTPS_PORT:
            return f"I answer for {host} on port {HTTPS_PORT} only, not on {port}."
        return authority.context_for(host)

    return answer


def _by_host(apps: dict[str, ASGIApp], cloud: Cloud) -> ASGIApp:
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        named = next((value for name, value in scope["headers"] if name == b"host"), b"")
        host = named.decode("latin-1").removesuffix(f":{HTTPS_PORT}").lower()
        surface = cloud.surface_of(host)
        if surface is None or host != scope["state"]["tunnel"]:
            # RFC 9110 section 15.5.20: the tunnel was for another host.
            await _misdirected(send)
            return
        await apps[surface](scope, receive, send)

    return route


async def _misdirected(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body"})
