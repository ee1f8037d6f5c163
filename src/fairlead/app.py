"""The composition root: opens what a process needs, wires it, and serves it.

The server is uvicorn (https://www.uvicorn.org) with uvloop and httptools, without its access log.
On a signal it stops accepting, answers what is under way, and then the engine finishes its batches.
"""

import asyncio
import signal
import socket
from collections.abc import (
    AsyncIterator,
    Collection,
    Coroutine,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
import uvicorn
from starlette.types import ASGIApp

from fairlead.api.application import build_api
from fairlead.api.gathered import GatheringProtocol
from fairlead.api.logs import configure_logs
from fairlead.api.services import Services
from fairlead.connect.app_approvals import AppApprovals
from fairlead.connect.app_keys import AppKeys
from fairlead.connect.approvals import Approvals
from fairlead.connect.branding import Branding
from fairlead.connect.config import secret_names
from fairlead.connect.embedders import Embedders
from fairlead.connect.establish import Establisher
from fairlead.connect.expiry import ExpiryWatch
from fairlead.connect.sessions import Sessions
from fairlead.connect.submission import Submissions
from fairlead.dashboard.connect_page import ConnectPage
from fairlead.dashboard.desk.routes import desk_routes
from fairlead.dashboard.guide_page import GuidePage
from fairlead.dashboard.pages import page_routes
from fairlead.dashboard.result_page import ResultPage
from fairlead.engine.engine import Engine
from fairlead.engine.queue import Queue
from fairlead.model.clock import Clock, new_id
from fairlead.observe.alerts import Alerter
from fairlead.opening import check_schema, opened
from fairlead.people.accounts import Accounts
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import environments, migrate
from fairlead.store.database import Database
from fairlead.store.plain_configs import seal_plain
from fairlead.store.record_seals import Seals
from fairlead.vault.tokens import hash_token
from fairlead.webhooks.deliver import Deliverer
from fairlead.webhooks.intake import Intake
from fairlead.webhooks.tending import Tender

__all__ = [
    "Running",
    "Services",
    "build_app",
    "open_services",
    "run",
    "running",
    "serve",
]

log = structlog.get_logger(__name__)

DEFAULT_ENVIRONMENT = "dev"
#: seconds that requests under way are given when the server stops
_GRACE_SECONDS = 10
#: connections to vendors at once
_CONNECTIONS = 200

T = TypeVar("T")


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    registry: Registry | None = None,
    work: bool = True,
    queue: Queue | None = None,
    may_end: bool = False,
) -> AsyncIterator[Services]:
    """Open everything, and close it in order at the end.

    With `work` this process also executes runs and delivers webhooks; `queue` replaces the durable
    one, for tests. `may_end`: this process is ours to end if a function blocks it for good.
    SettingsInvalid, in one line: no encryption key, or (PostgreSQL) a schema that is behind.
    """
    configure_logs(settings)
    if settings.encryption_key is None:
        raise SettingsInvalid(
            "FAIRLEAD_ENCRYPTION_KEY is not set; make a key with: openssl rand -base64 32"
        )
    await _ready_schema(settings)
    branding = Branding.load(settings.connect_ui_file)
    embedders = Embedders(settings.connect_origins, settings.server_url)
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(
            opened(settings, clock=clock, registry=registry, connections=_CONNECTIONS)
        )
        db, vault, registry, transport = core.db, core.vault, core.registry, core.transport
        freshener, gateway, clock = core.freshener, core.gateway, core.clock
        await _seal_configs(db, registry)
        await _ready_environment(db, settings, clock)
        sessions = Sessions(db, vault, registry, clock, new_id, settings.server_url)
        app_keys = AppKeys(db, vault, registry, freshener, clock, new_id)
        watch = ExpiryWatch(db, vault, registry, clock, new_id)
        establisher = Establisher(db, vault, registry, transport, clock, new_id)
        accounts = Accounts(db, settings, clock, new_id)
        apps = AppApprovals(db, vault, registry, transport, establisher, clock, settings.server_url)
        stack.push_async_callback(apps.close)
        tender = Tender(db, registry, gateway, settings, clock)
        stack.push_async_callback(tender.stop)
        alerter = Alerter(db, settings, clock, new_id)
        engine = Engine(
            settings,
            db,
            vault,
            registry,
            gateway,
            clock,
            new_id,
            queue=queue,
            hourly=(
                watch.look,
                app_keys.retire_replaced,
                core.budgets.look,
                core.journal.look,
                accounts.tidy,
            ),
            frequent=(apps.look, tender.look, alerter.look),
            watch=core.watch,
        )
        establisher.on_established = engine.on_established
        intake = Intake(db, vault, registry, clock, new_id, on_news=engine.wake)
        stack.push_async_callback(intake.stop)
        submissions = Submissions(
            sessions, establisher, apps, registry, transport, clock, new_id, db, vault
        )
        approvals = Approvals(db, vault, sessions, clock, settings.server_url)
        if work:
            deliverer = Deliverer(db, transport, settings, clock, new_id, core.watch)
            deliverer.start()
            stack.push_async_callback(deliverer.stop)
        await engine.start(work=work, may_end=may_end)
        stack.push_async_callback(engine.stop)
        closing = await stack.enter_async_context(AsyncExitStack())
        yield Services(
            settings=settings,
            db=db,
            vault=vault,
            seals=Seals(vault, is_on=settings.encrypt_records),
            registry=registry,
            transport=transport,
            sessions=sessions,
            establisher=establisher,
            submissions=submissions,
            approvals=approvals,
            apps=apps,
            embedders=embedders,
            branding=branding,
            freshener=freshener,
            app_keys=app_keys,
            gateway=gateway,
            doctor=core.doctor,
            engine=engine,
            intake=intake,
            tender=tender,
            clock=clock,
            new_id=new_id,
            journal=core.journal,
            watch=core.watch,
            accounts=accounts,
            stopping=[],
            closing=closing,
        )


async def _ready_schema(settings: Settings) -> None:
    """Bring a SQLite file up to date; of a PostgreSQL database only ask that it is."""
    if settings.is_sqlite:
        if settings.sqlite_path is not None:
            _make_file(settings.sqlite_path)
        if applied := await migrate.upgrade(settings.database_url):
            log.info("database migrated", revisions=applied)
        return
    await check_schema(settings)


def _make_file(path: Path) -> None:
    """Make the database's file if it is not there, for nobody else to read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise SettingsInvalid(
            f"FAIRLEAD_DATABASE_URL: {path} cannot be made: {error.strerror or error}"
        ) from error


async def _seal_configs(db: Database, registry: Registry) -> None:
    """Seal what an older version, or an older definition of a provider, left open."""

    def names_of(provider: str, config: Mapping[str, Any]) -> Collection[str]:
        return secret_names(registry.providers.get(provider), config)

    if rows := await seal_plain(db, names_of):
        log.info("open configs sealed", rows=rows)


async def _ready_environment(db: Database, settings: Settings, clock: Clock) -> None:
    if settings.secret_key is None:
        return
    async with db.write() as tx:
        await environments.ensure_environment(
            tx,
            name=DEFAULT_ENVIRONMENT,
            key_hash=hash_token(settings.secret_key.get_secret_value()),
            now=clock.now(),
        )


def build_app(services: Services) -> ASGIApp:
    """Return the whole application: API, connect page, front door."""
    branding, embedders = services.branding, services.embedders
    result = ResultPage(branding, embedders, services.db)
    connect_page = ConnectPage(
        sessions=services.sessions,
        submissions=services.submissions,
        freshener=services.freshener,
        result=result,
        branding=branding,
        embedders=embedders,
        clock=services.clock,
        db=services.db,
        vault=services.vault,
        registry=services.registry,
        server_url=services.settings.server_url,
    )
    guide = GuidePage(services.registry, branding, embedders)
    pages = page_routes(connect_page, guide, branding)
    desk, live = desk_routes(
        services.accounts, services.db, services.clock, services.settings.server_url
    )
    services.stopping.append(live.stop)
    return build_api(services, result, [*pages, *desk])


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to us: after it, the engine still has work to finish."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    async def listens_or_ends(self, serving: asyncio.Task[None]) -> None:
        """Return once requests are answered, or raise what kept the server from starting."""
        listening = asyncio.create_task(self._listening.wait())
        await asyncio.wait({listening, serving}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if serving.done():
            serving.result()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=GatheringProtocol,
            # the API reads them where they matter
            proxy_headers=False,
            ws="websockets-sansio",
            lifespan="off",
            access_log=False,
            log_config=None,
            # a proxied answer has a date and a server of its own
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, every request
    # on a kept-alive connection waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsInvalid(
            f"cannot listen on {host} port {port}: {error.strerror or error}"
        ) from error
    return listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    #: where it listens
    url: str
    services: Services


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    registry: Registry | None = None,
    work: bool = True,
    may_end: bool = False,
) -> AsyncIterator[Running]:
    """Serve in this event loop until the block ends; port 0 takes a free one.

    `server_url` follows the port unless it was set; `may_end` as in `open_services`.
    """
    if settings.secret_key is None:
        raise SettingsInvalid("FAIRLEAD_SECRET_KEY is not set; make one with: openssl rand -hex 24")
    with _listen(host, port) as listener:
        bound = listener.getsockname()[1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        if "server_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"server_url": url})
        async with open_services(
            settings, clock=clock, registry=registry, work=work, may_end=may_end
        ) as services:
            server = _server(build_app(services))
            serving = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
            try:
                await server.listens_or_ends(serving)
                yield Running(url=url, services=services)
            finally:
                for stop in services.stopping:
                    stop()
                server.should_exit = True
                await serving


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with running(settings, host=host, port=port) as server:
            log.info("server started", url=server.url)
            await stop.wait()
            log.info("server stops")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fast event loop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
