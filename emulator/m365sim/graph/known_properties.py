"""The properties that types of Graph have: what `$select` and `$expand` may name.

https://learn.microsoft.com/graph/api/resources/driveitem and its neighbours. Graph looks at the
names before the request gets to SharePoint, whatever a resource at hand has of them.
"""

from __future__ import annotations

from m365sim.graph.reply import GraphError

_BASE_ITEM = (
    "id createdBy createdDateTime description eTag lastModifiedBy lastModifiedDateTime name"
    " parentReference webUrl createdByUser lastModifiedByUser"
)
_OWN = {
    "driveItem": (
        "audio bundle content cTag deleted file fileSystemInfo folder image location malware"
        " package pendingOperations photo publication remoteItem root searchResult shared"
        " sharepointIds size specialFolder video webDavUrl commentSettings isAuthoritative"
        " analytics children listItem permissions retentionLabel subscriptions thumbnails versions"
        " workbook"
    ),
    "drive": (
        "driveType owner quota sharepointIds system bundles following items list root special"
        " activities"
    ),
    "site": (
        "displayName root sharepointIds siteCollection error isPersonalSite deleted system"
        " analytics columns contentTypes drive drives externalColumns items lists onenote"
        " operations pages permissions sites termStore termStores"
    ),
    "list": (
        "displayName list sharepointIds system columns contentTypes drive items operations"
        " permissions subscriptions"
    ),
    "listItem": (
        "contentType deleted sharepointIds analytics documentSetVersions driveItem fields"
        " permissions versions"
    ),
}
_KNOWN = {
    kind: frozenset(name.lower() for name in f"{_BASE_ITEM} {own}".split())
    for kind, own in _OWN.items()
}


def check_selected(kind: str, selected: list[str] | None) -> None:
    """Refuse a `$select` that names what resources of a type never have."""
    for name in selected or ():
        first = name.partition("/")[0].partition(".")[0]
        if not first.startswith("@") and first != "*" and first.lower() not in _KNOWN[kind]:
            raise no_such_property(kind, name)


def no_such_property(kind: str, name: str) -> GraphError:
    """Make the error for a property that a type does not have."""
    return GraphError(
        400,
        "BadRequest",
        f"Parsing OData Select and Expand failed: Could not find a property named '{name}'"
        f" on type 'microsoft.graph.{kind}'.",
    )
