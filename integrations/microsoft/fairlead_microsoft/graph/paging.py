"""Pages of a collection, and how a reply's links and objects are read.

https://learn.microsoft.com/graph/paging: a nextLink is followed as it came, never rebuilt, and an
empty page may still have one.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from fairlead.errors import ProviderError, Unavailable

M = TypeVar("M", bound=BaseModel)
One = TypeVar("One")
#: which API an error names
GRAPH = "Microsoft Graph"
NEXT_LINK = "@odata.nextLink"
DELTA_LINK = "@odata.deltaLink"
#: times that a walk may come back to a link
MOST_RETURNS = 5


@dataclass(frozen=True, slots=True)
class Page(Generic[One]):
    """Some objects of a collection."""

    items: list[One]
    #: where the next page is, None on the last one
    next_link: str | None


def read_as(model: type[M], value: object, *, api: str = GRAPH) -> M:
    """Return an object of a reply as its model; ProviderError if it has another shape."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        raise ProviderError(
            f"{api} answered in an unexpected shape ({model.__name__}.{where}); please report it.",
            code="unexpected_reply",
            detail=str(first["msg"]),
        ) from error


def entries_of(reply: object, *, api: str = GRAPH) -> list[dict[str, Any]]:
    """Return the objects of a collection's reply; Unavailable if it is none."""
    values = reply.get("value") if isinstance(reply, dict) else None
    if not isinstance(values, list) or not all(isinstance(entry, dict) for entry in values):
        raise Unavailable(
            f"{api} answered without a list of objects; try again later.",
            code="malformed_page",
        )
    return values


def link_of(reply: dict[str, Any], name: str) -> str | None:
    """Return one of a reply's links."""
    link = reply.get(name)
    return link if isinstance(link, str) and link else None


class LoopGuard:
    """Notice that links go in a circle, in constant memory (Brent's algorithm).

    A link may come again a few times without harm: an empty page can lead back to its own place.
    """

    def __init__(self) -> None:
        self._anchor: str | None = None
        self._steps = 0
        self._limit = 1
        self._returns = 0

    def check(self, link: str) -> None:
        """Take the next link; Unavailable if the walk keeps coming round."""
        if link == self._anchor:
            self._returns += 1
        if self._returns > MOST_RETURNS:
            raise Unavailable(
                "Microsoft Graph gives the same page links again and again; try again later.",
                code="paging_loop",
            )
        self._steps += 1
        if self._steps >= self._limit and link != self._anchor:
            self._anchor = link
            self._steps = 0
            self._limit *= 2
            self._returns = 0
