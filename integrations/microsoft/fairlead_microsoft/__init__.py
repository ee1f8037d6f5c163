"""fairlead-microsoft: SharePoint Online for fairlead, on Microsoft Graph."""

from functools import partial

from fairlead.sdk import Pack
from fairlead_microsoft.clouds import Cloud, chosen_cloud
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.providers import providers
from fairlead_microsoft.sharepoint import drive_items, files, sites
from fairlead_microsoft.sharepoint.pack import sharepoint

#: modules whose functions the pack ships; importing them registers the functions
FUNCTIONS = (drive_items, files, sites)


def pack(cloud: Cloud | None = None) -> Pack[Graph]:
    """Return the pack for a cloud; default: the one FAIRLEAD_MICROSOFT_CLOUD names."""
    cloud = cloud or chosen_cloud()
    return sharepoint.serving(providers(cloud), api=partial(Graph, cloud=cloud))
