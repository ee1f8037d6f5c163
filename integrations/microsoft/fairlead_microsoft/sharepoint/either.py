"""Either API: reading actions that both APIs of SharePoint can answer, and which one does.

`prefer` says so: `v2` is Microsoft Graph, `v1` SharePoint's own API, `auto` Graph and, where it
does not support what is asked, SharePoint's own API. A call's own `prefer` counts before that of
the connection: in its metadata (which the product sets), or else in its config. What only one API
has is not asked which: see `sharepoint_v1`.

This module knows no function of the other API: they are offered to it (`one_model`).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from fairlead.errors import InvalidInput, Rejected, Unavailable
from fairlead.sdk import Ctx
from fairlead_microsoft.graph import Graph

T = TypeVar("T")
Api = Literal["v1", "v2", "auto"]
Prefer = Annotated[
    Api,
    Field(
        description=(
            "Which API answers: `v2` Microsoft Graph, `v1` SharePoint's own, `auto` Graph, and the "
            "other where it cannot. Default: what the connection prefers, or `auto`."
        )
    ),
]
#: Graph's word for what it does not do (https://learn.microsoft.com/graph/errors)
_UNSUPPORTED = frozenset({"not_supported", "not_implemented"})
_STATUSES = frozenset({405, 501})

#: an action of the other API: what it is given, by name -> the same model that Graph's gives
Other = Callable[..., Awaitable[Any]]
_OTHERS: dict[str, Other] = {}


def offer(name: str, other: Other) -> None:
    """Have an action answered by SharePoint's own API, too."""
    _OTHERS[name] = other


def preferred(ctx: Ctx[Graph], asked: Api | None) -> Api:
    """Return which API is preferred; InvalidInput if the connection says what is none."""
    view = ctx.connection
    said = asked or view.metadata.get("prefer") or view.connection_config.get("prefer") or "auto"
    if said not in ("v1", "v2", "auto"):
        raise InvalidInput(f"`prefer` of the connection is '{said}'; it must be v1, v2 or auto.")
    found: Api = said
    return found


async def either(
    ctx: Ctx[Graph],
    name: str,
    prefer: Api | None,
    by_graph: Callable[[], Awaitable[T]],
    **given: Any,
) -> T:
    """Answer by Graph, or by what SharePoint's own API offers for the action `name`.

    A cursor goes back to the API that gave it.
    """
    api, cursor = preferred(ctx, prefer), str(given.get("cursor") or "")
    if "/_api/" in cursor or (api == "v1" and not cursor):
        found: T = await _OTHERS[name](ctx, **given)
        return found
    try:
        return await by_graph()
    except (Rejected, Unavailable) as error:
        lacks = error.code in _UNSUPPORTED or error.provider_status in _STATUSES
        if api != "auto" or cursor or not lacks:
            raise
    ctx.log.info("answered by the other API", action=name)
    instead: T = await _OTHERS[name](ctx, **given)
    return instead
