"""Microsoft Graph's dialect: paths, paging, delta, changes, downloads, errors.

https://learn.microsoft.com/graph/use-the-api
"""

from fairlead_microsoft.graph.client import Graph
from fairlead_microsoft.graph.delta import DeltaPage, Removed
from fairlead_microsoft.graph.monitor import Accepted, Progress
from fairlead_microsoft.graph.paging import Page
from fairlead_microsoft.graph.writer import CONFLICT, Body, Conflict, Results, given

__all__ = [
    "CONFLICT",
    "Accepted",
    "Body",
    "Conflict",
    "DeltaPage",
    "Graph",
    "Page",
    "Progress",
    "Removed",
    "Results",
    "given",
]
