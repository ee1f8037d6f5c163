"""Lists of SharePoint's own API as the models of Graph's actions.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15);
templates: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee541191(v=office.15)
"""

from typing import Any
from urllib.parse import quote, urlsplit

from fairlead_microsoft.rest import ETAG, Web
from fairlead_microsoft.sharepoint.lists import GraphList
from fairlead_microsoft.sharepoint.wire import invalid

#: what is read of a list
WANTED = (
    "Id,Title,Description,Created,LastItemModifiedDate,BaseTemplate,Hidden,ContentTypesEnabled,"
    "RootFolder/Name,RootFolder/ServerRelativeUrl"
)
#: number of a template -> the name that Graph gives it
TEMPLATES = {
    100: "genericList",
    101: "documentLibrary",
    102: "survey",
    103: "links",
    104: "announcements",
    105: "contacts",
    106: "events",
    107: "tasks",
    108: "discussionBoard",
    109: "pictureLibrary",
    112: "userInformation",
    115: "xmlForm",
    119: "webPageLibrary",
    120: "customGrid",
    150: "ganttTasks",
    170: "promotedLinks",
    171: "tasksWithTimelineAndHierarchy",
    851: "assetLibrary",
    1100: "issueTracking",
}
_NUMBERS = {name.lower(): number for number, name in TEMPLATES.items()}


def template_number(name: str) -> int:
    """Return the number of a template; ActionError `invalid_input` for one that is not known."""
    number = _NUMBERS.get(name.lower())
    if number is None:
        raise invalid(f"template must be one of {', '.join(TEMPLATES.values())}.")
    return number


def graph_list(web: Web, told: dict[str, Any]) -> GraphList:
    """Return a list as Graph shows it; its eTag only if it was read along."""
    root = told.get("RootFolder") or {}
    place = root.get("ServerRelativeUrl")
    number = told.get("BaseTemplate")
    return GraphList.model_validate(
        {
            "id": told["Id"],
            "name": root.get("Name"),
            "displayName": told.get("Title"),
            "description": told.get("Description"),
            "webUrl": address_of(web, place) if place else None,
            "createdDateTime": told.get("Created"),
            "lastModifiedDateTime": told.get("LastItemModifiedDate"),
            "eTag": told.get(ETAG),
            "list": {
                "template": TEMPLATES.get(number, str(number)) if number is not None else None,
                "hidden": told.get("Hidden"),
                "contentTypesEnabled": told.get("ContentTypesEnabled"),
            },
        }
    )


def address_of(web: Web, place: str) -> str:
    """Return the address of what lies at a server-relative path of the web's host."""
    parts = urlsplit(web.url)
    return f"{parts.scheme}://{parts.netloc}{quote(place)}"
