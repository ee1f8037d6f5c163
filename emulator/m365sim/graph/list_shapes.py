"""How lists and list items look in Graph's JSON.

https://learn.microsoft.com/graph/api/resources/list, .../listitem. The eTags differ from endpoint
to endpoint, as recordings show: see `list_shape` and `RowShapes`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from m365sim.files import Actor
from m365sim.files.ids import guid_of, upper_guid_of
from m365sim.graph.call import Call
from m365sim.graph.expand import Expansion
from m365sim.graph.field_shapes import FieldShapes, etag
from m365sim.graph.item_shapes import ItemShapes
from m365sim.graph.shapes import CONTEXT, actor_shape, iso_seconds, narrowed
from m365sim.lists import Library, Row, SharePointList


def list_context(target: SharePointList | None, site_id: str, tail: str = "") -> str:
    """Return the context of what is in a list, or of the lists of a site."""
    lists = f"{CONTEXT}#sites('{quote(site_id, safe='')}')/lists"
    return f"{lists}('{target.id}'){tail}" if target is not None else f"{lists}{tail}"


def list_etag(target: SharePointList) -> str:
    """Return a list's eTag, quotes included."""
    return f'"{target.id},{target.version}"'


def list_shape(target: SharePointList) -> dict[str, Any]:
    """Show a list."""
    by = _person(target.created_by)
    shape: dict[str, Any] = {
        "@odata.etag": list_etag(target),
        "createdDateTime": iso_seconds(target.created_at),
        "description": target.description,
        "eTag": list_etag(target),
        "id": target.id,
        "lastModifiedDateTime": iso_seconds(target.modified_at),
        "name": target.folder.rpartition("/")[2],
        "webUrl": target.web_url,
        "displayName": target.display_name,
        "createdBy": by,
        "lastModifiedBy": by,
        "parentReference": {"siteId": target.site.id},
        "list": {
            "contentTypesEnabled": target.content_types_enabled,
            "hidden": target.hidden,
            "template": target.template,
        },
    }
    if target.is_system:
        shape["system"] = {}
    return shape


class RowShapes:
    """Shows items of one list to one caller; what items share is computed once."""

    def __init__(self, call: Call, target: SharePointList) -> None:
        self._call = call
        self._list = target
        self._types = target.schema.content_types
        self.values = FieldShapes(call.world, target)

    def row(
        self,
        row: Row,
        expand: dict[str, Expansion] | None = None,
        wanted: list[str] | None = None,
    ) -> dict[str, Any]:
        """Show an item as GET, POST and PATCH do, with what is expanded."""
        shape: dict[str, Any] = {
            "@odata.etag": etag(row),
            "createdDateTime": iso_seconds(row.created_at),
            "eTag": etag(row),
            "id": str(row.id),
            "lastModifiedDateTime": iso_seconds(row.modified_at),
            "webUrl": self._web_url(row),
            "createdBy": _person(row.created_by),
            "lastModifiedBy": _person(row.modified_by),
            "parentReference": {"id": self._parent_guid(row), "siteId": self._list.site.id},
            "contentType": self._content_type(row),
        }
        if wanted is not None:
            shape["sharepointIds"] = self._sharepoint_ids(row)
            shape = narrowed(shape, [*wanted, "@odata.etag"])
        return shape | self._expanded(row, expand or {})

    def delta_entry(
        self,
        row: Row,
        gone: bool,
        expand: dict[str, Expansion],
        wanted: list[str] | None,
    ) -> dict[str, Any]:
        """Show an item as delta does: other ids above, another eTag, and no last editor."""
        site = guid_of(self._list.site.collection)
        if gone:
            return {
                "@odata.type": "#microsoft.graph.listItem",
                "id": str(row.id),
                "parentReference": {"siteId": site},
                "contentType": self._content_type(row),
                "deleted": {"state": self._call.world.quirks.deleted_state},
            }
        tag = f"{guid_of(row.uid)},{row.version}"
        if isinstance(self._list, Library):
            tag = f'"{{{upper_guid_of(row.uid)}}},{row.version}"'
        shape: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.listItem",
            "createdDateTime": iso_seconds(row.created_at),
            "eTag": tag,
            "id": str(row.id),
            "lastModifiedDateTime": iso_seconds(row.modified_at),
            "webUrl": self._web_url(row),
            "createdBy": actor_shape(row.created_by),
            "parentReference": {
                "id": str(row.parent),
                "path": self._list.folder,
                "siteId": site,
            },
            "contentType": self._content_type(row),
        }
        if wanted is not None:
            shape = narrowed(shape, wanted)
        return shape | self._expanded(row, expand)

    def version(self, row: Row, expand: dict[str, Expansion]) -> dict[str, Any]:
        """Show one of the states an item was in."""
        shape: dict[str, Any] = {
            "id": f"{row.version}.0",
            "lastModifiedDateTime": iso_seconds(row.modified_at),
            "lastModifiedBy": _person(row.modified_by),
        }
        if "fields" in expand:
            shape["fields"] = self.values.fields(row, expand["fields"].select)
        return shape

    def _expanded(self, row: Row, expand: dict[str, Expansion]) -> dict[str, Any]:
        shape: dict[str, Any] = {}
        if "fields" in expand:
            tail = f"/items('{row.id}')/fields/$entity"
            site_id = self._list.site.id
            shape["fields@odata.context"] = list_context(self._list, site_id, tail)
            shape["fields"] = self.values.fields(row, expand["fields"].select)
        if "driveItem" in expand and isinstance(self._list, Library) and row.item is not None:
            shapes = ItemShapes(self._call.world, self._list.drive, self._call.principal)
            shape["driveItem"] = narrowed(shapes.item(row.item), expand["driveItem"].select)
        return shape

    def _sharepoint_ids(self, row: Row) -> dict[str, str]:
        return {
            "listId": self._list.id,
            "listItemId": str(row.id),
            "listItemUniqueId": guid_of(row.uid),
            "siteId": guid_of(self._list.site.collection),
            "siteUrl": self._list.site.web_url,
            "tenantId": self._call.world.tenant.id,
            "webId": guid_of(self._list.site.web),
        }

    def _content_type(self, row: Row) -> dict[str, str]:
        known = self._types.get(row.content_type)
        return {"id": row.content_type, "name": known.name if known else ""}

    def _parent_guid(self, row: Row) -> str:
        if row.item is not None and row.parent:
            return guid_of(row.item.parent or b"")
        above = self._list.find(row.parent) if row.parent else None
        if above is not None:
            return guid_of(above.uid)
        return guid_of(self._list.root_uid)

    def _web_url(self, row: Row) -> str:
        if row.item is not None and isinstance(self._list, Library):
            return self._list.web_url + quote(self._list.drive.path(row.item))
        place = "/".join(self.values.place(row)).removeprefix(self._list.site.path)
        return self._list.site.web_url + quote(place)


def _person(actor: Actor) -> dict[str, Any]:
    """Show who did something, without the app they used: reads of lists do not tell it."""
    return {"user": actor_shape(actor)["user"]}
