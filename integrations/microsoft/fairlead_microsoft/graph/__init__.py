"""Microsoft Graph's dialect: paths, paging, delta, downloads, errors.

https://learn.microsoft.com/graph/use-the-api
"""

from fairlead_microsoft.graph.client import Graph
from fairlead_microsoft.graph.delta import DeltaPage, Removed
from fairlead_microsoft.graph.paging import Page

__all__ = ["DeltaPage", "Graph", "Page", "Removed"]
