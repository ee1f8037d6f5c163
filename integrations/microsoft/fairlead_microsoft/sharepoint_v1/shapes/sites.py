"""Webs -> `Site`, the same record that Graph's sites give.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)
"""

from fairlead_microsoft.sharepoint.syncs.sites import Site
from fairlead_microsoft.sharepoint_v1.identity import SiteRef
from fairlead_microsoft.sharepoint_v1.shapes.entities import WebEntity

#: told by both, of different things: Graph's is the site's, here it is that of its newest item
TOLD_OTHERWISE = ("last_modified_date_time",)


def site_of(entity: WebEntity, ref: SiteRef, *, is_top: bool) -> Site:
    """Make the record of a web; in `TOLD_OTHERWISE` it may differ from Graph's."""
    return Site(
        id=ref.id,
        display_name=entity.title,
        name=entity.server_relative_url.rstrip("/").rpartition("/")[2],
        web_url=entity.url,
        description=entity.description,
        created_date_time=entity.created,
        last_modified_date_time=entity.last_item_modified_date,
        site_collection_hostname=ref.host if is_top else None,
    )
