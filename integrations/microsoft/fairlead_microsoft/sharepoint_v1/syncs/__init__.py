"""SharePoint's syncs on its own API, a file each."""

from fairlead_microsoft.sharepoint_v1.syncs import (
    files,
    list_items,
    lists,
    permissions,
    users_and_groups,
    webs,
)

#: importing them registers them
SYNCS = (files, list_items, lists, permissions, users_and_groups, webs)
