"""A world: one emulated cloud, with its clock, its addresses, its people and its files."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
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
from m365sim.lists import Lists
from m365sim.notify import Notifier
from m365sim.rest.state import RestState
from m365sim.seed import seed_content
from m365sim.sharing import Sharing
from m365sim.tenant import Directory, Tenant
from m365sim.throttle import Meter

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal


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
    """One emulated cloud. Its parts are reached from here, and nothing is global."""

    clock: Clock
    urls: Urls
    directory: Directory
    tenant: Tenant  # the default one, which owns `content`
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
    sharing: Sharing = field(init=False)
    lists: Lists = field(init=False)
    notify: Notifier = field(init=False)

    def __post_init__(self) -> None:
        self.sharing = Sharing(
            clock=self.clock,
            rng=self.rng,
            tenant=self.tenant,
            directory=self.directory,
            content=self.content,
        )
        self.lists = Lists(self.content, self.directory, self.sharing.site_user_number)
        self.notify = Notifier(clock=self.clock, rng=self.rng, tenant=self.tenant)

    @property
    def graph_audience(self) -> str:
        """What Graph is called in scopes and tokens, wherever it is reached."""
        return f"https://{self.cloud.graph}"


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
) -> World:
    """Build the default cloud: the tenant contoso, its people, its apps and its files."""
    clock = clock or SystemClock()
    rng = Random(seed)  # noqa: S311 - ids and jitter, nothing to guard
    directory, tenant = contoso(clock.now(), redirect_uris, cloud.sharepoint)
    world = World(
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
    seed_content(world, files=seed_files, library=library)
    return world
