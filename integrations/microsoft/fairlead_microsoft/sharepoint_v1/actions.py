"""The modules of the actions on SharePoint's own API; importing them registers the actions."""

from fairlead_microsoft.sharepoint_v1 import (
    attachments,
    checkouts,
    drives,
    fields,
    files,
    groups,
    list_items,
    lists,
    recycle_bin,
    roles,
    search,
    terms,
    users,
    versions,
    webs,
)

ACTIONS = (
    attachments,
    checkouts,
    drives,
    fields,
    files,
    groups,
    list_items,
    lists,
    recycle_bin,
    roles,
    search,
    terms,
    users,
    versions,
    webs,
)
