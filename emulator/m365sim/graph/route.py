"""What a route of Graph is: a verb on a kind of resource, and where it is documented."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from m365sim.graph.call import Call
from m365sim.graph.reply import Reply

Handler = Callable[[Call], Awaitable[Reply]]

_API = "https://learn.microsoft.com/graph/api/"


@dataclass(frozen=True, slots=True)
class Route:
    """A verb on a kind of resource."""

    kind: str  # as an Address has it
    op: str
    method: str
    handler: Handler
    shown_as: str  # one spelling of its address
    page: str  # of the reference; a whole address for one that lies elsewhere
    modelled: str

    @property
    def source(self) -> str:
        """The page of Microsoft's documents that is followed."""
        return self.page if self.page.startswith("https:") else _API + self.page
