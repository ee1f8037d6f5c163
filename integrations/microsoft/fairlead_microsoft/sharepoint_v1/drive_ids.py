"""What Graph calls the items of a library: its root is asked for, once, and remembered.

https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph: the same host and token.
"""

from pydantic import Field

from fairlead.errors import ProviderError
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint_v1.choice import FoundList, Positions
from fairlead_microsoft.sharepoint_v1.identity import ItemIds


class DrivePositions(Positions):
    """How far each library was read, and what the ids of its items begin with."""

    #: drive id -> hexadecimal
    prefixes: dict[str, str] = Field(default_factory=dict)


async def ids_of(api: Rest, checkpoint: DrivePositions, one: FoundList) -> ItemIds:
    """Learn what Graph calls the items of a library."""
    drive_id, prefixes = one.drive_id, checkpoint.prefixes
    above = one.entity.root_folder.unique_id if one.entity.root_folder else None
    if drive_id in prefixes:
        return ItemIds(drive_id, prefixes[drive_id], above)
    url = f"{one.web.web.api}/v2.0/drives/{drive_id}/root"
    root = await api.get_json(url, select="id")
    ids = ItemIds.of_root(drive_id, str(root.get("id")), above)
    if ids is None:
        raise ProviderError(
            "SharePoint gave the root of a library an id of another form; please report it.",
            code="unexpected_reply",
        )
    prefixes[drive_id] = ids.prefix
    return ids
