"""SharePoint's own REST interface, `_api`, over the same store that Graph shows.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/get-to-know-the-sharepoint-rest-service
"""
