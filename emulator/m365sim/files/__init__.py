"""Sites, drives, items and their history: what SharePoint stores, without any HTTP."""

from m365sim.files.content import Content
from m365sim.files.drive import Drive
from m365sim.files.item import Actor, Item
from m365sim.files.site import Site

__all__ = ["Actor", "Content", "Drive", "Item", "Site"]
