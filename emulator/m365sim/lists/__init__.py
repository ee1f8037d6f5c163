"""Lists, their columns, content types and items, and site pages: what is more than files."""

from m365sim.lists.catalog import Lists
from m365sim.lists.column import Column
from m365sim.lists.content_type import ContentType
from m365sim.lists.library import Library
from m365sim.lists.row import Attachment, Row
from m365sim.lists.sharepoint_list import SharePointList

__all__ = ["Attachment", "Column", "ContentType", "Library", "Lists", "Row", "SharePointList"]
