"""Inputs that the actions on SharePoint's own API share; the others are those of Graph's actions.

A site may be named by more than its id here: this API knows addresses first.
"""

from typing import Annotated

from pydantic import Field

from fairlead_microsoft.rest import guid
from fairlead_microsoft.sharepoint.wire import ListId, invalid

SiteRef = Annotated[
    str,
    Field(
        min_length=1,
        description=(
            "The site: its path, its address, `root`, or the id that Graph gives it (host name, "
            "site collection id and web id)."
        ),
        examples=["/sites/marketing", "https://contoso.sharepoint.com/sites/marketing"],
    ),
]
ListRef = Annotated[ListId, Field(description="Id of a list or document library, or its title.")]
Filter = Annotated[
    str,
    Field(
        min_length=1,
        description="OData filter on properties of this API; large lists need indexed columns.",
        examples=["Quantity gt 3 and startswith(Title,'W')"],
    ),
]
OrderBy = Annotated[
    str, Field(min_length=1, description="OData order.", examples=["Modified desc"])
]
ServerPath = Annotated[
    str,
    Field(
        min_length=1,
        description=(
            "Path from the host's root (`/sites/x/Shared Documents/a.txt`), or from the site's if "
            "it begins without a slash. As people read it, not encoded."
        ),
        examples=["/sites/marketing/Shared Documents/Budget #2 (50%).xlsx"],
    ),
]
FolderPath = Annotated[
    ServerPath, Field(description="The folder: its path, server-relative or from the site.")
]
Login = Annotated[
    str,
    Field(
        min_length=1,
        description="Login name, sign-in name or address of a person or a group.",
        examples=["i:0#.f|membership|megan@contoso.onmicrosoft.com"],
    ),
]
PrincipalId = Annotated[
    int, Field(ge=1, description="Number of a user or group in its site collection.")
]


def checked_guid(text: str, what: str) -> str:
    """Return an id in its one spelling; ActionError `invalid_input` if it is no GUID."""
    found = guid(text)
    if found is None:
        raise invalid(f"{what} must be an id such as 2c712604-1370-44e7-a1f5-426573fda80a.")
    return str(found)
