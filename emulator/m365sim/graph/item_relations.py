"""What is shown of a drive item only when it is asked for: `$expand`, and `$select` of some.

https://learn.microsoft.com/graph/api/driveitem-get, .../driveitem-list-children. Permissions can be
expanded, whatever the documents say, but not in delta:
https://github.com/microsoftgraph/msgraph-sdk-go/issues/899
"""

from __future__ import annotations

from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.ids import guid_of
from m365sim.graph.call import Call
from m365sim.graph.checkout import publication
from m365sim.graph.expand import Expansion, expanded_of, selected
from m365sim.graph.item_shapes import ItemShapes
from m365sim.graph.known_properties import check_selected, no_such_property
from m365sim.graph.list_shapes import RowShapes
from m365sim.graph.permissions import shown_permissions
from m365sim.graph.reply import GraphError
from m365sim.graph.shapes import narrowed
from m365sim.graph.versions import shown_versions, thumbnail_sets

_EXPANDABLE = frozenset({"children", "thumbnails", "permissions", "versions", "listItem"})
_ON_SELECT = frozenset({"publication", "sharepointIds"})


class Relations:
    """Adds to items of one drive what a request asks for beyond their own properties."""

    def __init__(self, call: Call, drive: Drive, *, in_delta: bool = False) -> None:
        self._call = call
        self._drive = drive
        self._expand = expanded_of(call)
        self._selected = selected(call)
        check_selected("driveItem", self._selected)
        for name in self._expand:
            if name not in _EXPANDABLE:
                raise no_such_property("driveItem", name)
        if in_delta and "permissions" in self._expand:
            raise GraphError(400, "notSupported", "Permission is not supported in this item.")
        self._rows: RowShapes | None = None

    def narrowed(self, shape: dict[str, Any]) -> dict[str, Any]:
        """Narrow what is shown of an item that is no more."""
        shown = narrowed(shape, self._selected)
        if not self._call.world.quirks.select_strips_deleted:
            shown["deleted"] = shape["deleted"]
        return shown

    def shown(self, item: Item, shape: dict[str, Any]) -> dict[str, Any]:
        """Narrow what is shown of an item to what was asked for, and add what was."""
        if self._selected is None and not self._expand:
            return shape
        shape = narrowed(shape, self._selected)
        for name in _ON_SELECT.intersection(self._selected or ()):
            shape[name] = self._on_select(name, item)
        for name, expansion in self._expand.items():
            if (value := self._related(name, item, expansion)) is not None:
                shape[name] = value
        return shape

    def _on_select(self, name: str, item: Item) -> dict[str, Any]:
        if name == "publication":
            return publication(self._drive, item)
        site = self._drive.site
        ids = {
            "listId": guid_of(self._drive.library),
            "listItemUniqueId": guid_of(item.uid),
            "siteId": guid_of(site.collection),
            "siteUrl": site.web_url,
            "tenantId": self._call.world.tenant.id,
            "webId": guid_of(site.web),
        }
        if item.parent is not None:
            row = self._call.world.lists.library(self._drive).row_of(item)
            ids["listItemId"] = str(row.id)
        return ids

    def _related(self, name: str, item: Item, expansion: Expansion) -> Any:
        match name:
            case "children":
                return self._children(item, expansion) if item.is_folder else []
            case "thumbnails":
                return thumbnail_sets(self._call, self._drive, item, expansion.select)
            case "permissions":
                shapes = shown_permissions(self._call, self._drive, item)
                return [narrowed(shape, expansion.select) for shape in shapes]
            case "versions":
                if item.is_folder:
                    return None
                shapes = shown_versions(self._call, self._drive, item)
                return [narrowed(shape, expansion.select) for shape in shapes]
        return self._list_item(item, expansion)

    def _children(self, folder: Item, expansion: Expansion) -> list[dict[str, Any]]:
        shapes = ItemShapes(self._call.world, self._drive, self._call.principal)
        viewer = self._call.viewer(self._drive)
        found = self._drive.children(folder.uid)
        if not viewer.sees_everything:
            found = [item for item in found if viewer.sees(item)]
        return [narrowed(shapes.item(item), expansion.select) for item in found[: expansion.top]]

    def _list_item(self, item: Item, expansion: Expansion) -> dict[str, Any] | None:
        if item.parent is None:
            return None
        library = self._call.world.lists.library(self._drive)
        if self._rows is None:
            self._rows = RowShapes(self._call, library)
        return self._rows.row(library.row_of(item), expansion.expand, expansion.select)
