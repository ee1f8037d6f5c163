"""What Graph lacks, for connections that call Graph: by SharePoint's own API of their tenant.

A delegated connection, and an app with a certificate, get a token for the tenant's host beside
Graph's; an app with a secret is told that a certificate is required. What such a token may do is
no scope of the connection, which asks for Graph's alone: the app's registration lists SharePoint's
permissions, and `.default` brings them. So none are declared here; each description says which one
it takes, and so does the refusal.
https://learn.microsoft.com/sharepoint/dev/solution-guidance/security-apponly-azuread
"""

import dataclasses
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from fairlead.errors import Rejected
from fairlead.model.function import Action
from fairlead.sdk import Ctx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint_v1.actions import ACTIONS
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

#: what Graph has no call for
OFFERED = (
    *("add-attachment", "delete-attachment", "download-attachment", "list-attachments"),
    *("add-role-assignment", "list-role-assignments", "remove-role-assignment"),
    *("break-role-inheritance", "list-role-definitions", "reset-role-inheritance"),
    *("ensure-site-user", "get-site-user", "list-site-users"),
    *("add-site-group-member", "create-site-group", "delete-site-group"),
    *("list-site-group-members", "list-site-groups", "remove-site-group-member"),
    *("query-list-items", "render-list-data-as-stream"),
    *("list-recycle-bin-items", "recycle-drive-item", "restore-recycle-bin-item"),
    *("check-in-drive-item", "check-out-drive-item", "undo-drive-item-check-out"),
    "delete-drive-item-version",
)
#: role of an app -> permission of a person, both SharePoint's
ROLES = {
    "Sites.Read.All": "AllSites.Read",
    "Sites.ReadWrite.All": "AllSites.Write",
    "Sites.FullControl.All": "AllSites.FullControl",
}
Body = Callable[..., Awaitable[Any]]


def offer() -> None:
    """Register what Graph lacks with the pack whose connections call Graph."""
    assert ACTIONS  # importing them has registered them
    for name in OFFERED:
        action = sharepoint_v1.actions[name]
        sharepoint.action(
            scopes=[],
            source=action.source,
            name=action.name,
            effect=action.effect,
            version=action.version,
        )(cast("Any", _over_graph(action)))


def needed(action: Action) -> str:
    """Return which permissions of SharePoint an action takes, as a sentence."""
    of_people = " and ".join(f"`{ROLES[scope]}`" for scope in action.scopes)
    of_apps = " and ".join(f"`{scope}`" for scope in action.scopes)
    return (
        f"The app's registration needs {of_people} of SharePoint (not of Graph); an app alone "
        f"{of_apps} there, and a certificate."
    )


def _over_graph(action: Action) -> Body:
    """Let an action run on a connection that calls Graph."""
    body: Body = action.body

    @functools.wraps(body)
    async def run(ctx: Ctx[Graph], *given: Any, **named: Any) -> Any:
        there = dataclasses.replace(cast("Any", ctx), api=Rest.of(ctx.api))
        try:
            return await body(there, *given, **named)
        except Rejected as error:
            if error.code == "access_denied":
                error.message += f" {needed(action)}"
                error.args = (error.message,)
            raise

    run.__doc__ = f"{inspect.cleandoc(body.__doc__ or '')}\n\n{needed(action)}"
    return run


offer()
