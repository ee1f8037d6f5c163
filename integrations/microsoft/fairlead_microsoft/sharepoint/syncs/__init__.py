"""SharePoint's syncs on Microsoft Graph, a file each."""

from fairlead_microsoft.sharepoint.syncs import (
    content_types,
    drive_item_versions,
    drives,
    list_columns,
    list_items,
    lists,
    permissions,
    shared_sites_selection,
    site_columns,
    site_pages,
    sites,
    subsites,
    user_files,
    user_files_selection,
)

#: importing them registers them
SYNCS = (
    content_types,
    drive_item_versions,
    drives,
    list_columns,
    list_items,
    lists,
    permissions,
    shared_sites_selection,
    site_columns,
    site_pages,
    sites,
    subsites,
    user_files,
    user_files_selection,
)
