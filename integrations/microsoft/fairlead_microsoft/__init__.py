"""fairlead-microsoft: SharePoint Online for fairlead, on Microsoft Graph."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fairlead.model.exchange import Send
from fairlead.sdk import Pack
from fairlead_microsoft.clouds import Cloud, chosen_cloud
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.providers import providers, sharepoint_online_v1
from fairlead_microsoft.sharepoint import (
    columns,
    content_types,
    contents,
    drive_items,
    drives,
    files,
    list_items,
    lists,
    pages,
    resolving,
    sharing,
    sites,
    versions,
)
from fairlead_microsoft.sharepoint.access import actions as access
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.syncs import SYNCS

#: modules whose functions the pack ships; importing them registers the functions
FUNCTIONS = (
    access,
    columns,
    content_types,
    contents,
    drive_items,
    drives,
    files,
    list_items,
    lists,
    pages,
    resolving,
    sharing,
    sites,
    versions,
    *SYNCS,
)


def pack(cloud: Cloud | None = None) -> Pack[Graph]:
    """Return the pack for a cloud; default: the one FAIRLEAD_MICROSOFT_CLOUD names."""
    cloud = cloud or chosen_cloud()
    return sharepoint.serving(providers(cloud), api=partial(Graph, cloud=cloud))


def rest_pack(cloud: Cloud | None = None) -> Pack[Send]:
    """Return the pack for SharePoint's own API: its connections never call Graph."""
    provider = sharepoint_online_v1(cloud or chosen_cloud())
    return Pack("microsoft-rest", api=_send_alone, providers=[provider])


def _send_alone(send: Send, connection_config: Mapping[str, Any]) -> Send:
    del connection_config
    return send
