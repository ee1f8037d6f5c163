"""The hosts of Microsoft's clouds, and which surface of the emulator answers for each.

Follows https://learn.microsoft.com/graph/deployments; the login hosts' aliases are those of MSAL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Surface = Literal["login", "graph", "sharepoint"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds, by its hosts."""

    name: str
    login: str
    graph: str
    sharepoint: str  # the domain below which tenants have their hosts
    aliases: tuple[str, ...] = ()  # other names of the login host
    device_login: str = ""  # where a person types in the code of a device

    @property
    def domains(self) -> tuple[str, ...]:
        """Every name that belongs to it; of SharePoint the domain above the tenants' hosts."""
        return (self.login, *self.aliases, self.graph, self.sharepoint)

    def surface_of(self, host: str) -> Surface | None:
        """Tell which surface answers for a host, if it is one of this cloud."""
        name = host.lower().rstrip(".")
        if name in (self.login, *self.aliases):
            return "login"
        if name == self.graph:
            return "graph"
        label, _, domain = name.partition(".")
        return "sharepoint" if label and domain == self.sharepoint else None


GLOBAL = Cloud(
    "global",
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "sharepoint.com",
    ("login.windows.net", "login.microsoft.com", "sts.windows.net"),
    "https://login.microsoft.com/device",
)
CLOUDS = {
    cloud.name: cloud
    for cloud in (
        GLOBAL,
        Cloud("us-gov-high", "login.microsoftonline.us", "graph.microsoft.us", "sharepoint.us"),
        Cloud("us-dod", "login.microsoftonline.us", "dod-graph.microsoft.us", "sharepoint-mil.us"),
        Cloud(
            "china",
            "login.partner.microsoftonline.cn",
            "microsoftgraph.chinacloudapi.cn",
            "sharepoint.cn",
            ("login.chinacloudapi.cn",),
        ),
    )
}


def cloud_of(host: str) -> Cloud | None:
    """Find the first cloud that a host belongs to."""
    return next((cloud for cloud in CLOUDS.values() if cloud.surface_of(host)), None)
