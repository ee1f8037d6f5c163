"""What of a delta round a caller is shown, and how its preferences change that.

https://learn.microsoft.com/graph/api/driveitem-delta,
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/scan-guidance
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.changes import FROM_THE_START, DeltaToken
from m365sim.graph.call import Call
from m365sim.graph.item_shapes import ItemShapes

REMOVED_AS_DELETED = "deltashowremovedasdeleted"
ACROSS_GAPS = "deltatraversepermissiongaps"
SHARING_CHANGES = "deltashowsharingchanges"
HIERARCHICAL_SHARING = "hierarchicalsharing"


class DeltaView:
    """Shows the entries of one page of a delta round to one caller."""

    def __init__(
        self, call: Call, drive: Drive, token: DeltaToken, preferred: frozenset[str]
    ) -> None:
        self._shapes = ItemShapes(call.world, drive, call.principal)
        self._sharing = call.world.sharing
        self._viewer = call.viewer(drive)
        self._drive = drive
        self._preferred = preferred
        self._until = token.until
        since = token.since
        self._since = None if since is None or since == FROM_THE_START else since
        self._marks_folders = call.world.quirks.shared_changed_on_folders
        on_graph = call.origin == call.world.urls.graph
        self._mark = f"@{'microsoft.graph' if on_graph else 'oneDrive'}.sharedChanged"

    def shapes(
        self, entries: Iterable[tuple[Item, bool]]
    ) -> Iterator[tuple[Item, bool, dict[str, Any]]]:
        """Show the entries that are there for the caller; the flag tells those that are gone."""
        sees_everything = self._viewer.sees_everything
        for item, gone in entries:
            if sees_everything or self._is_shown(item):
                yield item, gone, self._shape(item, gone)
            elif self._is_lost(item, gone):
                yield item, True, self._shapes.delta_entry(item, gone=True)

    def _is_shown(self, item: Item) -> bool:
        if not self._viewer.sees(item):
            return False
        if ACROSS_GAPS in self._preferred:
            return True
        return all(self._viewer.sees(above) for above in self._drive.ancestors(item))

    def _is_lost(self, item: Item, gone: bool) -> bool:
        """Tell whether an item goes for the caller, because its permissions changed."""
        if gone or self._since is None or REMOVED_AS_DELETED not in self._preferred:
            return False
        chain = (item, *self._drive.ancestors(item))
        return any(
            self._sharing.changed(self._drive, one.uid, self._since, self._until) for one in chain
        )

    def _shape(self, item: Item, gone: bool) -> dict[str, Any]:
        shape = self._shapes.delta_entry(item, gone)
        if gone:
            return shape
        if HIERARCHICAL_SHARING in self._preferred:
            self._show_hierarchy(item, shape)
        if (
            SHARING_CHANGES in self._preferred
            and self._since is not None
            # A known defect: https://github.com/microsoftgraph/msgraph-sdk-java/issues/2548
            and (self._marks_folders or not item.is_folder)
            and self._sharing.changed(self._drive, item.uid, self._since, self._until)
        ):
            shape[self._mark] = "True"
        return shape

    def _show_hierarchy(self, item: Item, shape: dict[str, Any]) -> None:
        """Tell how an item is shared where a permission hierarchy begins; {} = by no link."""
        acl = self._sharing.item_acl(self._drive, item)
        if acl is None and item.parent is not None:
            return
        scope = self._sharing.scope(self._drive, item.uid)
        has_link = acl is not None and any(p.link is not None for p in acl.permissions.values())
        shape["shared"] = {"scope": scope} if has_link else {}
