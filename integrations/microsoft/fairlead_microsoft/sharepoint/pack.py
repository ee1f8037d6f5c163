"""The pack that all functions of SharePoint Online register with."""

from fairlead.sdk import Pack
from fairlead_microsoft.graph import Graph

sharepoint: Pack[Graph] = Pack("microsoft", api=Graph)
