"""The emulated cloud on ports of this machine, inside the running event loop.

One port per host: login, Graph, SharePoint, and the control surface. Used by `m365sim serve`, by
tests and by demos; it installs no signal handlers.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from m365sim.app import surfaces
from m365sim.bad_file import BadFile
from m365sim.clouds import GLOBAL, Cloud
from m365sim.committed import keeping
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS
from m365sim.faults import ASGIApp, CutConnection
from m365sim.world import Urls, World, build_world

SURFACE_COUNT = 4
GRACE_SECONDS = 1  # what open requests get when the cloud shuts down
GRACE_LOOK_SECONDS = 0.002  # between two looks whether they are done
TICKS_PER_SECOND = 10  # of uvicorn's
KEEP_ALIVE_SECONDS = 120  # clients pool connections, and a server that hangs up early races them


class PortInUse(Exception):
    """A port that was asked for belongs to somebody else."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is in use")
        self.host = host
        self.port = port


@dataclass(frozen=True, slots=True)
class Options:
    """What world to build when none is given."""

    seed_files: int = 0
    library: Path | None = None
    redirect_uris: Iterable[str] = DEFAULT_REDIRECT_URIS
    auto_sign_in: str | None = None
    seed: int = 1
    cloud: Cloud = GLOBAL
    throttle: bool = False
    tenants: tuple[Path, ...] = ()  # YAML files; without any the tenant is contoso
    faults: Path | None = None  # a YAML file
    state: Path | None = None  # a SQLite file, from which a later start goes on

    def build(self) -> World:
        """Build the world that is described; `BadFile` when a file of it is not in order."""
        world = build_world(
            seed=self.seed,
            seed_files=self.seed_files,
            library=self.library,
            redirect_uris=self.redirect_uris,
            auto_sign_in=self.auto_sign_in,
            cloud=self.cloud,
            tenant_files=self.tenants,
            state=self.state,
        )
        if self.throttle and not world.throttle.is_on:
            world.throttle.turn_on()
        if self.faults is not None:
            from m365sim.fault_file import apply_faults  # noqa: PLC0415 - pydantic loads slowly

            try:
                apply_faults(world, self.faults)
            except BadFile:
                world.close()
                raise
        return world


@dataclass(frozen=True, slots=True)
class Running:
    """A cloud that answers: its world and its addresses."""

    world: World
    urls: Urls
    control_url: str

    @property
    def cloud(self) -> dict[str, str]:
        """The addresses as a client's custom-cloud file names them."""
        return {
            "login_url": self.urls.login,
            "graph_url": self.urls.graph,
            "sharepoint_url": self.urls.sharepoint,
        }


@asynccontextmanager
async def running(
    what: World | Options | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Running]:
    """Serve a world on four ports from `port` upwards, 0 for free ones, until the block ends.

    The world's `urls` become those of the ports. Raises `PortInUse`, and `OSError` for a host that
    is not this machine's.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(s)) for s in bind(host, port)]
        ports = [bound.getsockname()[1] for bound in sockets]
        world = what if isinstance(what, World) else (what or Options()).build()
        world.move_to(Urls.on_ports(ports[0], ports[1], ports[2]))
        parts = surfaces(world)
        apps = (parts.login, parts.graph, parts.sharepoint, parts.control)
        stack.callback(world.close)
        async with (
            keeping(world),
            following_the_disk(world),
            delivering(world),
            serving(apps, sockets),
        ):
            yield Running(world, world.urls, f"http://127.0.0.1:{ports[3]}")


@asynccontextmanager
async def serving(
    apps: Iterable[ASGIApp],
    sockets: Iterable[socket.socket],
    protocols: Iterable[type[asyncio.Protocol] | None] = itertools.repeat(None),
) -> AsyncIterator[None]:
    """Serve each app on a socket; its protocol, if any, meets the connections before uvicorn."""
    servers = [_Server(app, protocol) for app, protocol in zip(apps, protocols, strict=False)]
    tasks = [
        asyncio.create_task(server.serve(sockets=[bound]))
        for server, bound in zip(servers, sockets, strict=True)
    ]
    try:
        for server, task in zip(servers, tasks, strict=True):
            await server.listens_or_ends(task)
        yield
    finally:
        for server in servers:
            server.stop()
        await asyncio.gather(*tasks)


class _Server(uvicorn.Server):
    """Uvicorn, quiet, that leaves signals to whoever owns the process and says when it listens."""

    def __init__(self, app: ASGIApp, protocol: type[asyncio.Protocol] | None = None) -> None:
        config = uvicorn.Config(
            app,
            http=protocol or "auto",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(_is_news)  # the same filter is kept once
        self._listening = asyncio.Event()
        self._stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    async def main_loop(self) -> None:
        # Uvicorn looks ten times a second whether it should end, and waits as long again when it
        # does: a fifth of a second for every test that has a cloud of its own.
        tick = 0
        while not await self.on_tick(tick):
            tick += TICKS_PER_SECOND  # which is when it renews the date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)

    def stop(self) -> None:
        """Let the server end now."""
        self.should_exit = True
        self._stopping.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                while state.connections or state.tasks:  # noqa: ASYNC110 - sets of uvicorn's
                    await asyncio.sleep(GRACE_LOOK_SECONDS)
        if state.tasks:
            for task in state.tasks:
                task.cancel()
            await asyncio.wait(state.tasks, timeout=GRACE_SECONDS)
        for server in self.servers:
            await server.wait_closed()

    async def listens_or_ends(self, task: asyncio.Task[None]) -> None:
        """Return once the server listens; raise what ended it, if that came first."""
        listening = asyncio.create_task(self._listening.wait())
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if task.done():
            await task


@asynccontextmanager
async def following_the_disk(world: World) -> AsyncIterator[None]:
    """Keep the mirrored libraries of all tenants abreast of their folders."""
    stop = asyncio.Event()
    contents = [one.content for one in world.tenants.values()]
    watching = [asyncio.create_task(content.watch(stop)) for content in contents]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*watching)


@asynccontextmanager
async def delivering(world: World) -> AsyncIterator[None]:
    """Send the notifications that subscribers of all tenants are owed."""
    stop = asyncio.Event()
    sending = [asyncio.create_task(one.notify.run(stop)) for one in world.tenants.values()]
    try:
        yield
    finally:
        stop.set()
        for one in sending:
            one.cancel()  # a receiver that takes its time would hold up the end
        for one in sending:
            with contextlib.suppress(asyncio.CancelledError):
                await one


def _is_news(record: logging.LogRecord) -> bool:
    """Keep out of the log what was meant: connections cut by a script, or by the shutdown."""
    meant = (CutConnection, asyncio.CancelledError)
    return not (record.exc_info and isinstance(record.exc_info[1], meant))


def bind(host: str, port: int, count: int = SURFACE_COUNT) -> list[socket.socket]:
    """Return listening sockets on consecutive ports, or on free ones if `port` is 0."""
    bound: list[socket.socket] = []
    try:
        for offset in range(count):
            # asyncio turns Nagle's algorithm off only where the protocol is named; with it, every
            # kept-alive request waits 40 ms.
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            bound.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wanted = port + offset if port else 0
            try:
                one.bind((host, wanted))
                one.listen(1024)
            except OSError as refused:
                if refused.errno == errno.EADDRINUSE:
                    raise PortInUse(host, wanted) from refused
                raise
    except BaseException:
        for one in bound:
            one.close()
        raise
    return bound
