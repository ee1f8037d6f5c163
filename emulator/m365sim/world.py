"""A world: one tenant of the emulated cloud, and what it shares with the cloud's other tenants."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m365sim.clock import Clock, SystemClock
from m365sim.clouds import GLOBAL, Cloud
from m365sim.entra.contoso import DEFAULT_REDIRECT_URIS, contoso
from m365sim.entra.grants import Grants
from m365sim.faults import FaultScript
from m365sim.files import Content
from m365sim.graph.quirks import Quirks
from m365sim.history import History, silence
from m365sim.lists import Lists
from m365sim.notify import Notifier
from m365sim.rest.state import RestState
from m365sim.seed import seed_content, seed_more
from m365sim.sharing import Sharing
from m365sim.tenant import Directory, Tenant
from m365sim.throttle import Meter

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.state import StateFile


@dataclass(frozen=True, slots=True)
class Urls:
    """The origins a client must reach the cloud at; `sharepoint` holds `{tenant}`."""

    login: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    sharepoint: str = "https://{tenant}.sharepoint.com"

    @classmethod
    def of(cls, cloud: Cloud) -> Urls:
        """Return the origins of a real cloud, as its clients know them."""
        return cls(
            f"https://{cloud.login}",
            f"https://{cloud.graph}",
            f"https://{{tenant}}.{cloud.sharepoint}",
        )

    @classmethod
    def on_ports(cls, login: int, graph: int, sharepoint: int) -> Urls:
        """Return the origins of direct mode: plain http on the loopback, one port per host.

        The tenant's name is part of its host, as in the real service: names that end in
        `.localhost` are the loopback (RFC 6761).
        """
        return cls(
            f"http://127.0.0.1:{login}",
            f"http://127.0.0.1:{graph}",
            f"http://{{tenant}}.localhost:{sharepoint}",
        )

    def sharepoint_of(self, label: str) -> str:
        """Return the origin of a SharePoint host label: `contoso`, `contoso-my`."""
        return self.sharepoint.replace("{tenant}", label)

    @property
    def sharepoint_port(self) -> int | None:
        """The port of the SharePoint origin, where it names one."""
        return urlsplit(self.sharepoint_of("x")).port


@dataclass(slots=True)
class World:
    """One tenant's cloud. Its parts are reached from here, and nothing is global.

    Clock, directory, faults, quirks, grants and limits are those of all tenants of the cloud;
    sites, lists, permissions and subscriptions are the tenant's own.
    """

    clock: Clock
    urls: Urls
    directory: Directory
    tenant: Tenant  # which owns `content`
    rng: Random
    content: Content
    faults: FaultScript
    quirks: Quirks
    new_secret: Callable[[int], str] = secrets.token_urlsafe
    auto_sign_in: str | None = None  # upn of the user who answers authorize requests at once
    cloud: Cloud = GLOBAL  # the one whose names are in ids, tokens and web addresses
    grants: Grants = field(default_factory=Grants)
    verified: dict[str, tuple[float, Principal]] = field(default_factory=dict)
    throttle: Meter = field(default_factory=Meter)
    rest: RestState = field(default_factory=RestState)
    #: Tenant id → world, of every tenant of the cloud; the default one is the first.
    tenants: dict[str, World] = field(default_factory=dict)
    state: StateFile | None = None  # the file that the whole cloud is kept in
    history: History = field(init=False)  # of all tenants
    sharing: Sharing = field(init=False)
    lists: Lists = field(init=False)
    notify: Notifier = field(init=False)

    def __post_init__(self) -> None:
        first = next(iter(self.tenants.values()), None)
        self.history = first.history if first is not None else History(self.clock)
        self.directory.history = self.history
        self.content.history = self.history.of(self.tenant.id)
        self.sharing = Sharing(
            clock=self.clock,
            rng=self.rng,
            tenant=self.tenant,
            directory=self.directory,
            content=self.content,
        )
        self.lists = Lists(self.content, self.directory, self.sharing.site_user_number)
        self.notify = Notifier(clock=self.clock, rng=self.rng, tenant=self.tenant)
        self.content.rounds.retention = lambda: self.quirks.delta_retention
        self.tenants[self.tenant.id] = self

    @property
    def graph_audience(self) -> str:
        """What Graph is called in scopes and tokens, wherever it is reached."""
        return f"https://{self.cloud.graph}"

    # -- the cloud's other tenants

    def add_tenant(self, tenant: Tenant, *, seed: int = 1) -> World:
        """Put another tenant, which has no sites yet, into the same cloud; return its world."""
        self.directory.add_tenant(tenant)
        rng = Random(f"{seed} {tenant.id}")  # noqa: S311 - ids and jitter, nothing to guard
        return World(
            clock=self.clock,
            urls=self.urls,
            directory=self.directory,
            tenant=tenant,
            rng=rng,
            content=Content(clock=self.clock, rng=rng, tenant=tenant),
            faults=self.faults,
            quirks=self.quirks,
            new_secret=self.new_secret,
            auto_sign_in=self.auto_sign_in,
            cloud=self.cloud,
            grants=self.grants,
            throttle=self.throttle,
            tenants=self.tenants,
        )

    def of(self, tenant_id: str) -> World:
        """Return the world of a tenant of the directory, which may be an empty one."""
        known = self.tenants.get(tenant_id)
        return known or self.add_tenant(self.directory.tenants[tenant_id])

    def at_path(self, tenant_path: str) -> World:
        """Return the world that a path of the login host names; this one for `common` and such."""
        tenant = self.directory.tenant(tenant_path)
        return self.of(tenant.id) if tenant is not None else self

    def at_host(self, host: str) -> World | None:
        """Return the world whose sites are at a host; None when that is no tenant's.

        An address that names no tenant, such as an IP, is that of this world.
        """
        tenant = self.directory.tenant_of_host(host)
        if tenant is not None:
            return self.of(tenant.id)
        name = host.lower().partition(":")[0]
        names_a_tenant = name.endswith((f".{self.cloud.sharepoint}", ".localhost"))
        return None if names_a_tenant else self

    def move_to(self, urls: Urls) -> None:
        """Let every tenant of the cloud be reached at other origins."""
        for world in self.tenants.values():
            world.urls = urls

    def close(self) -> None:
        """Give back what every tenant holds on the host's disk, and the state file."""
        is_kept = self.state is not None
        if self.state is not None:
            self.state.close()
            self.state = None
        for world in self.tenants.values():
            for upload in world.rest.uploads.values():
                upload.intake.suspend() if is_kept else upload.intake.discard()
            world.content.close()

    @property
    def is_busy(self) -> bool:
        """Whether things change of themselves: notifications on their way, mirrored folders."""
        return bool(self.notify.subscriptions or self.notify.outbox or self.content.mirrors)


def build_world(
    *,
    clock: Clock | None = None,
    urls: Urls | None = None,
    seed: int = 1,
    seed_files: int = 0,
    library: Path | None = None,
    redirect_uris: Iterable[str] = DEFAULT_REDIRECT_URIS,
    auto_sign_in: str | None = None,
    cloud: Cloud = GLOBAL,
    tenant_files: Sequence[Path] = (),
    state: Path | None = None,
) -> World:
    """Build a cloud: the tenant contoso, its people, its apps and its files.

    Or the tenants that YAML files describe instead, of which the first is the default one. With a
    state file, whatever it holds already takes the place of all seeds. A file that is not what it
    should be is a `BadFile`.
    """
    clock = clock or SystemClock()

    def found(directory: Directory, tenant: Tenant, starts: int = 1) -> World:
        # A later start mints other ids than those before it.
        rng = Random(seed if starts == 1 else f"{seed} {starts}")  # noqa: S311 - nothing to guard
        return World(
            clock=clock,
            urls=urls or Urls.of(cloud),
            directory=directory,
            tenant=tenant,
            rng=rng,
            content=Content(clock=clock, rng=rng, tenant=tenant),
            faults=FaultScript(),
            quirks=Quirks(),
            auto_sign_in=auto_sign_in,
            cloud=cloud,
        )

    def planted() -> World:
        if tenant_files:
            from m365sim.seeds import build_tenants  # noqa: PLC0415 - pydantic loads slowly

            world = build_tenants(
                tenant_files, found, now=clock.now(), sharepoint_domain=cloud.sharepoint, seed=seed
            )
        else:
            world = found(*contoso(clock.now(), redirect_uris, cloud.sharepoint))
            seed_content(world)
        seed_more(world, files=seed_files, library=library)
        return world

    with silence():  # what is there from the start is no change
        if state is None:
            return planted()
        from m365sim.state import opened  # noqa: PLC0415 - few keep anything

        with opened(state) as kept:
            return kept.begin(planted()) if kept.is_new else kept.read(found, cloud.name)
