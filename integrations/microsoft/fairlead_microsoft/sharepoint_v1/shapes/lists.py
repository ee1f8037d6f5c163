"""Lists -> `List`, the same record that Graph's lists give.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)
"""

from urllib.parse import quote, urlsplit

from fairlead_microsoft.sharepoint.syncs.lists import List
from fairlead_microsoft.sharepoint_v1.list_shapes import TEMPLATES
from fairlead_microsoft.sharepoint_v1.shapes.entities import ListEntity


def list_of(entity: ListEntity, *, site_id: str, web_url: str) -> List:
    """Make the record of a list."""
    origin = urlsplit(web_url)
    root = (entity.root_folder and entity.root_folder.server_relative_url) or ""
    return List(
        id=f"{site_id}|{entity.id}",
        site_id=site_id,
        list_id=entity.id,
        name=root.rpartition("/")[2],
        display_name=entity.title,
        description=entity.description,
        web_url=f"{origin.scheme}://{origin.netloc}{quote(root)}",
        created_date_time=entity.created,
        last_modified_date_time=entity.last_item_modified_date,
        list_template=TEMPLATES.get(entity.base_template, str(entity.base_template)),
        content_types_enabled=entity.content_types_enabled,
        hidden=entity.hidden,
    )
