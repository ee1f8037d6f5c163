"""A tenant in the hands of a test: addresses, people, truth, and what was asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from m365sim.entra.resources import GRAPH, Resource
from m365sim.entra.tokens import issue_access_token
from m365sim.harness.people import SimApp, SimUser, app_of, user_of
from m365sim.harness.places import drive_at, item_at, move, put_file
from m365sim.harness.thread import LoopThread
from m365sim.harness.wishes import Unwishable, user_called
from m365sim.history import Entry
from m365sim.server import Running
from m365sim.tenant import AppRegistration, ResourceKind, User
from m365sim.traffic import Seen
from m365sim.truth import truth
from m365sim.world import World

T = TypeVar("T")


class SimTenant:
    """A tenant that answers. Every method may be called from any thread and from coroutines."""

    def __init__(self, loop: LoopThread, cloud: Running, world: World | None = None) -> None:
        self._loop = loop
        self._cloud = cloud
        self._world = world or cloud.world
        tenant = self._world.tenant
        self.id = tenant.id
        self.name = tenant.name
        self.domain = tenant.domain
        #: origins, as a client must reach them
        self.login_url = cloud.urls.login
        self.graph_url = cloud.urls.graph
        self.sharepoint_url = cloud.urls.sharepoint_of(tenant.name)
        self.onedrive_url = cloud.urls.sharepoint_of(f"{tenant.name}-my")
        self.control_url = f"{cloud.control_url}/_m365sim"
        #: the addresses as a client's custom-cloud file names them
        self.cloud = cloud.cloud

    def other(self, name: str) -> SimTenant:
        """Return another tenant of the same cloud, by id, domain or name."""

        def find(world: World) -> World:
            for one in world.tenants.values():
                if name.lower() in (one.tenant.id, one.tenant.domain, one.tenant.name):
                    return one
            names = ", ".join(one.tenant.name for one in world.tenants.values())
            raise Unwishable(f"there is no tenant {name!r}; there are {names}")

        return SimTenant(self._loop, self._cloud, self.call(find))

    # -- who

    @property
    def users(self) -> list[SimUser]:
        """The people of the tenant."""
        return self.call(lambda w: [user_of(u) for u in w.directory.users_of(w.tenant.id)])

    def user(self, name: str) -> SimUser:
        """Return a user by upn, or by the part of it before the @."""
        return self.call(lambda world: user_of(user_called(world, name)))

    @property
    def apps(self) -> list[SimApp]:
        """The apps that may sign in."""
        return self.call(lambda w: [app_of(a) for a in w.directory.apps.values() if _is_in(w, a)])

    def app(self, name: str) -> SimApp:
        """Return an app by its display name or its client id."""
        return self.call(lambda world: app_of(_app_called(world, name)))

    @property
    def web_app(self) -> SimApp:
        """The app by which people sign in."""
        return self._first_app(lambda app: bool(app.redirect_uris), "a redirect URI")

    @property
    def daemon_app(self) -> SimApp:
        """The app that acts on its own behalf, with client credentials."""
        return self._first_app(lambda app: app.acts_alone, "application permissions")

    def _first_app(self, is_it: Callable[[SimApp], bool], what: str) -> SimApp:
        for app in self.apps:
            if is_it(app):
                return app
        raise Unwishable(f"no app of {self.domain} has {what}")

    def token(
        self,
        user: str | None = None,
        *,
        app: str | None = None,
        scopes: Iterable[str] | None = None,
        resource: ResourceKind = "graph",
        lifetime: timedelta = timedelta(hours=1),
    ) -> str:
        """Issue an access token without a sign-in: for a user, or for an app on its own behalf.

        `scopes` are the delegated or the application permissions in it; without them it holds all
        that the app is registered for. The app is the web app for users, else the daemon app.
        """
        named = app or (self.web_app if user else self.daemon_app).client_id

        def issue(world: World) -> str:
            person, acting = _author(world, user), _app_called(world, named)
            held = (
                world.directory.roles(world.tenant.id, acting.app_id, resource)
                if person is None
                else acting.delegated_permissions.get(resource, frozenset())
            )
            wanted = held if scopes is None else frozenset(scopes)
            return issue_access_token(
                world,
                tenant=world.tenant,
                app=acting,
                resource=_resource(world, resource),
                lifetime=lifetime,
                appidacr="1",
                user=person,
                scopes=frozenset() if person is None else wanted,
                roles=wanted if person is None else frozenset(),
            )

        return self.call(issue)

    # -- what is there, behind the client's back

    def put(self, address: str, content: str | bytes, *, by: str | None = None) -> str:
        """Write a file at an address such as `/sites/marketing/Shared Documents/A/b.txt`.

        Folders are made as needed. Returns the item's id.
        """
        return self.call(lambda world: put_file(world, address, content, _author(world, by)))

    def read(self, address: str) -> bytes:
        """Return the content of a file."""

        def content(world: World) -> bytes:
            _, item = item_at(world, address)
            return b"".join(item.blob.chunks(0, item.size)) if item.blob is not None else b""

        return self.call(content)

    def move(self, address: str, to: str, *, by: str | None = None) -> str:
        """Rename a file or folder, or move it within its library."""
        return self.call(lambda world: move(world, address, to, _author(world, by)))

    def delete(self, address: str) -> None:
        """Put a file or folder into the recycle bin."""

        def delete(world: World) -> None:
            drive, item = item_at(world, address)
            drive.delete(item)

        self.call(delete)

    def files(self, address: str = "/sites/marketing") -> dict[str, dict[str, Any]]:
        """Return every live file and folder of a library by its path in it: the truth about it."""

        def listed(world: World) -> dict[str, dict[str, Any]]:
            drive, _ = drive_at(world, address)
            sites = truth(world, drive.id)["sites"]
            (found,) = [one for site in sites for one in site["drives"]]
            return {item["path"]: item for item in found["items"] if item["path"]}

        return self.call(listed)

    def truth(self) -> dict[str, Any]:
        """Return everything there is: sites, drives, items, lists. As `GET /_m365sim/truth`."""
        return self.call(truth)

    def history(self, since: int = 0) -> list[Entry]:
        """Return the changes of the tenant after a number, in order; the last ones are kept."""
        return self.call(lambda world: world.history.since(since, world.tenant.id))

    # -- what was asked

    @property
    def requests(self) -> list[Seen]:
        """The last requests that the cloud answered, oldest first."""
        return self.call(lambda world: list(world.faults.traffic.last))

    @property
    def not_modelled(self) -> list[str]:
        """Requests that the cloud had no answer for: `POST graph /v1.0/...`. Assert it is empty."""
        return self.call(
            lambda world: [
                f"{method} {surface} {route}"
                for surface, method, route in world.faults.traffic.not_modelled
            ]
        )

    def call(self, function: Callable[[World], T]) -> T:
        """Call a function with the world, in the thread it lives in, and return what it returns.

        The way to everything that has no method here. Nothing of the world may leave the function:
        it changes under other threads' hands.
        """
        return self._loop.call(lambda: function(self._world))


def _author(world: World, name: str | None) -> User | None:
    return user_called(world, name) if name else None


def _is_in(world: World, app: AppRegistration) -> bool:
    return app.multi_tenant or world.directory.knows_app(world.tenant.id, app.app_id)


def _app_called(world: World, name: str) -> AppRegistration:
    apps = [app for app in world.directory.apps.values() if _is_in(world, app)]
    for app in apps:
        if name.lower() in (app.app_id, app.display_name.lower()):
            return app
    names = ", ".join(app.display_name for app in apps)
    raise Unwishable(f"there is no app {name!r}; there are {names}")


def _resource(world: World, kind: ResourceKind) -> Resource:
    if kind == "graph":
        return GRAPH
    return Resource(kind, f"https://{world.tenant.sharepoint_host}", world.tenant.name)
