"""The dialect of SharePoint's own API, `_api`: addresses, pages, changes, uploads, batches.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service
"""

from fairlead_microsoft.rest.client import Rest
from fairlead_microsoft.rest.places import Web, guid, quoted
from fairlead_microsoft.rest.reading import ETAG

__all__ = ["ETAG", "Rest", "Web", "guid", "quoted"]
