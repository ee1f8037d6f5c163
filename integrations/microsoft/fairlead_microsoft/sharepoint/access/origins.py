"""Where inherited permissions come from: the nearest folder above that has them itself.

https://learn.microsoft.com/graph/api/resources/permission. `inheritedFrom` is empty in SharePoint:
that it is there says that a permission is inherited, and no more. What the drive's root has may
be its own or its site's; Graph does not tell them apart.
"""

from collections.abc import Iterable

from fairlead.errors import FairleadError
from fairlead.sdk import Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.file_models import Permission
from fairlead_microsoft.sharepoint.models import GraphItem

_FIELDS = "id,name,parentReference"
#: folders above one another; a path has 400 characters
_DEEPEST = 200


class Origin(Record):
    """What a permission was put on."""

    item_id: str
    #: of a folder; left out of a drive's root
    name: str | None = None
    #: it is the library's, or its site's
    is_root: bool


async def find_origins(
    api: Graph, drive_id: str, item: GraphItem, wanted: Iterable[str]
) -> dict[str, Origin]:
    """Return where each of these permissions of an item (ids) was put, as far as can be told."""
    left = set(wanted)
    found: dict[str, Origin] = {}
    above = item.parent_reference.id if item.parent_reference else None
    for _ in range(_DEEPEST):
        if not left or above is None:
            break
        place = api.path("drives", drive_id, "items", above)
        told, listed = await api.read_many([f"{place}?$select={_FIELDS}", f"{place}/permissions"])
        if isinstance(told, FairleadError) or isinstance(listed, FairleadError):
            break  # the folder is closed to this connection: the rest stays untold
        folder = read_as(GraphItem, told)
        next_above = folder.parent_reference.id if folder.parent_reference else None
        async for page in api.pages_from(Permission, listed):
            for one in page.items:
                if one.id in left and one.inherited_from is None:
                    left.discard(one.id)
                    is_root = next_above is None
                    name = None if is_root else folder.name
                    found[one.id] = Origin(item_id=folder.id, name=name, is_root=is_root)
        above = next_above
    return found
