"""The APIs that tokens are for, under all the names clients call them by.

Follows https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m365sim.tenant import ResourceKind, Tenant

if TYPE_CHECKING:
    from m365sim.world import World

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
SHAREPOINT_APP_ID = "00000003-0000-0ff1-ce00-000000000000"
GRAPH_AUDIENCE = "https://graph.microsoft.com"
APP_IDS: dict[ResourceKind, str] = {"graph": GRAPH_APP_ID, "sharepoint": SHAREPOINT_APP_ID}
TITLES: dict[ResourceKind, str] = {
    "graph": "Microsoft Graph",
    "sharepoint": "Office 365 SharePoint Online",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """An API a token can be for."""

    kind: ResourceKind
    audience: str
    tenant_name: str | None = None  # of SharePoint: whose host was named

    @property
    def app_id(self) -> str:
        """The API's own application id."""
        return APP_IDS[self.kind]


#: In a token its name is that of the world's cloud.
GRAPH = Resource("graph", GRAPH_AUDIENCE)


def find_resource(world: World, name: str) -> Resource | None:
    """Find the API that a URI or application id names; None when the cloud has no such API."""
    wanted = name.rstrip("/").lower()
    if wanted in (world.graph_audience, GRAPH_APP_ID, world.urls.graph.lower()):
        return GRAPH
    if wanted == SHAREPOINT_APP_ID:
        return Resource("sharepoint", f"https://{world.tenant.sharepoint_host}", world.tenant.name)
    host = urlsplit(wanted).hostname or ""
    label = host.split(".")[0]
    audience = f"https://{label}.{world.cloud.sharepoint}"
    if wanted in (audience, world.urls.sharepoint_of(label).lower()):
        return Resource("sharepoint", audience, _tenant_name(label))
    if wanted == f"http://127.0.0.1:{world.urls.sharepoint_port}":  # by IP: the default tenant
        return Resource("sharepoint", f"https://{world.tenant.sharepoint_host}", world.tenant.name)
    return None


def serves(resource: Resource, tenant: Tenant) -> bool:
    """Tell whether an API exists in a tenant: a SharePoint host only does in its own."""
    return resource.tenant_name in (None, tenant.name)


def _tenant_name(label: str) -> str:
    return label.removesuffix("-my").removesuffix("-admin")
