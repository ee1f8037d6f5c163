"""The modules of the actions on SharePoint's own API; importing them registers the actions."""

from fairlead_microsoft.sharepoint_v1 import fields, list_items, lists, webs

ACTIONS = (fields, list_items, lists, webs)
