"""fairlead-microsoft: SharePoint Online for fairlead, on Microsoft Graph and on its own API."""

from functools import partial

from fairlead.sdk import Pack
from fairlead_microsoft import one_model
from fairlead_microsoft.clouds import Cloud, chosen_cloud
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.providers import providers, sharepoint_online_v1
from fairlead_microsoft.rest import Rest
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
from fairlead_microsoft.sharepoint_v1 import also_on_graph
from fairlead_microsoft.sharepoint_v1.actions import ACTIONS as ACTIONS_V1
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.syncs import SYNCS as SYNCS_V1

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
    also_on_graph,
    *SYNCS,
)

#: those of SharePoint's own API, and what it offers for Graph's
FUNCTIONS_V1 = (*ACTIONS_V1, *SYNCS_V1, one_model)


def pack(cloud: Cloud | None = None) -> Pack[Graph]:
    """Return the pack for a cloud; default: the one FAIRLEAD_MICROSOFT_CLOUD names."""
    cloud = cloud or chosen_cloud()
    return sharepoint.serving(providers(cloud), api=partial(Graph, cloud=cloud))


def rest_pack(cloud: Cloud | None = None) -> Pack[Rest]:
    """Return the pack for SharePoint's own API: its connections never call Graph."""
    cloud = cloud or chosen_cloud()
    return sharepoint_v1.serving([sharepoint_online_v1(cloud)], api=partial(Rest, cloud=cloud))
