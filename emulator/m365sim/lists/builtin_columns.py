"""The columns that every site, list and library has; ids are those of the real service.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms452896(v=office.14)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files.ids import guid_of, mint_uid
from m365sim.lists.column import FACETS, Column

# Each line: name|id (nothing: minted)|display name|kind|h = hidden, r = read-only
_EVERYWHERE = """
ID|1d22ea11-1e32-424e-89ab-9fedbadb6ce1|ID||r
ContentType|c042a256-787d-4a6f-8a8a-cf6ab767f12d|Content Type||r
Modified|28cf69c5-fa48-462a-b5cd-27b6f9d2bd5f|Modified|dateTime|r
Created|8c06beca-0777-48f7-91c7-6da68bc07b69|Created|dateTime|r
Author|1df5e554-ec7e-46a6-901d-d85a3881cb18|Created By|personOrGroup|r
Editor|d31655d1-1d5b-4511-95a1-7a09e9b75bf2|Modified By|personOrGroup|r
_UIVersionString|dce8262a-3ae9-45aa-aab4-83bd75fb738a|Version|text|r
Edit|503f1caa-358e-4918-9094-4a2cdc4bc034|Edit||r
ItemChildCount|b824e17e-a1b3-426e-aecf-f0184d900485|Item Child Count|lookup|r
FolderChildCount|960ff01f-2b6d-4f1b-9c3f-e19ad8927341|Folder Child Count|lookup|r
_ComplianceFlags||Label setting||r
_ComplianceTag||Retention label||r
_ComplianceTagWrittenTime||Retention label Applied||r
_ComplianceTagUserId||Label applied by||r
GUID|ae069f25-3ac2-4256-b9c3-15dbc15da0e0|GUID||hr
FileRef|94f89715-e097-4e8b-ba79-ea02aa8b7adb|URL Path|lookup|hr
FileDirRef|56605df6-8fa1-47e4-a04c-5b384d59609f|Path|lookup|hr
FSObjType|30bb605f-5bae-48fe-b4e3-1f81d9772af9|Item Type|lookup|hr
ContentTypeId|03e45e84-1992-4d42-9116-26f756012634|Content Type ID||hr
Last_x0020_Modified|173f76c8-aebd-446a-9bc9-769a2bd2c18f|Modified|lookup|hr
Created_x0020_Date|998b5cff-4a35-47a7-92f3-3914aa6aa4a2|Created|lookup|hr
UniqueId|4b7403de-8d94-43e8-9f0f-137a3e298126|Unique Id|lookup|hr
owshiddenversion|d4e44a66-ee3a-4d02-88c9-4ec5ff3f4cd5|owshiddenversion||hr
_UIVersion|7841bf41-43d0-4434-9f50-a673baef7631|UI Version||hr
_ModerationStatus|fdc3b2ed-5bf2-4835-a4bc-b885f3396a61|Approval Status||hr
_HasCopyDestinations|26d0756c-986a-48a7-af35-bf18ab85ff4a|Has Copy Destinations|boolean|hr
Order|ca4addac-796f-4b23-b093-d2a3f65c0774|Order|number|h
MetaInfo|687c7f94-686a-42d3-9b67-2782eac4b4f8|Property Bag|lookup|h
"""
_GENERIC = """
Title|fa564e0f-0c70-4ab9-b863-0177e6ddd247|Title|text|
LinkTitle|82642ec8-ef9b-478f-acf9-31f7d45fbc31|Title||r
LinkTitleNoMenu|bc91a437-52e7-49e1-8c4e-4698904b2b6d|Title||r
Attachments|67df98f4-9dec-48ff-a553-29bece9c5bf4|Attachments||
"""
_LIBRARY = """
FileLeafRef|8553196d-ec8d-4564-9861-3dbe931050c8|Name|text|
Title|fa564e0f-0c70-4ab9-b863-0177e6ddd247|Title|text|
LinkFilename|5cc6dc79-3710-4374-b433-61cb4a686c12|Name||r
LinkFilenameNoMenu|9d30f126-ba48-446b-b8f9-83745f322ebe|Name||r
DocIcon|081c6e4c-5c14-4f20-b23e-1a71ceb6a67c|Type||r
FileSizeDisplay|78a07ba4-bda8-4357-9e0f-580d64487583|File Size||r
_CheckinComment|58014f77-5463-437b-ab67-eec79532da67|Check In Comment|lookup|r
_CommentCount||Comment count|lookup|r
_LikeCount||Like count|lookup|r
_DisplayName||Sensitivity|text|r
ParentVersionString||Source Version (Converted Document)|lookup|r
ParentLeafName||Source Name (Converted Document)|lookup|r
CheckoutUser|3881510a-4e4a-4ee8-b102-8ee8e2d0dd4b|Checked Out To|personOrGroup|hr
File_x0020_Type|39360f11-34cf-4356-9945-25c44e68dade|File Type|text|hr
File_x0020_Size|8fca95c0-9b7d-456f-8dae-b41ee2728b85|File Size|lookup|hr
_Level|43bdd51b-3c5b-4e78-90a8-fb2087f71e70|Level||hr
"""
_PAGES = """
Description|3f155110-a6a2-4d70-926c-94648101f0e8|Description|text|
BannerImageUrl|5baf6db5-9d25-4738-b15e-db5789298e82|Banner Image URL|hyperlinkOrPicture|
PageLayoutType||Page Layout Type|text|h
PromotedState|f5ad16a2-85be-46b2-b5f0-2bb8b4a5074a|Promoted State|number|h
CanvasContent1|4966388e-6e12-4bc6-8990-5b5b66153eae|Authoring Canvas Content|text|h
LayoutWebpartsContent|261075db-0525-4fb8-a6ea-772014186599|Authoring Layout Webparts|text|h
_CommentFlags||Comment settings|lookup|hr
"""
_PEOPLE = """
Name|bfc6f32c-668c-43c4-a903-847cca2f9b3c|Account|text|r
EMail|fce16b4c-fe53-4793-aaab-b4892e736d15|Work email|text|r
UserName|211a8cfc-93b7-4173-9254-0bfe2d1643da|User name|text|r
"""
#: Of a site only: what can be put into lists. The last part is the group.
_SITE = """
StartDate|64cd368d-2f95-4bfc-a1f9-8d4324ecb007|Start Date|dateTime|Base Columns
DueDate|c1e86ea6-7603-493c-ab5d-db4bbfe8f96a|Due Date|dateTime|Core Task and Issue Columns
AssignedTo|53101f38-dd2e-458c-b245-0c236cc13d1a|Assigned To|personOrGroup|Core Columns
Priority|a8eb573e-9e11-481a-a8c9-1104a54b2fbd|Priority|choice|Core Task and Issue Columns
PercentComplete|d2311440-1ed6-46ea-b46d-daa643dc3886|% Complete|number|Core Task and Issue Columns
WorkPhone|fd630629-c165-4513-b43c-fdb16b86a14d|Business Phone|text|Core Contact and Calendar Columns
Company|038d1503-4629-40f6-adaf-b47d1ab2d4fe|Company|text|Core Contact and Calendar Columns
Location|288f5f32-8462-4175-8f09-dd7ba29359a9|Location|text|Core Contact and Calendar Columns
URL|c29e077d-f466-4d8e-8bbe-72b66c5f205c|URL|hyperlinkOrPicture|Base Columns
Keywords|b66e9b50-a28e-469b-b1a0-af0e45486874|Keywords|text|Core Document Columns
TaxKeyword|23f27201-bee3-471e-b2e7-b64fd8b7ca38|Enterprise Keywords|term|Enterprise Keywords Group
Budget||Budget|currency|Core Task and Issue Columns
IsFeatured||Is Featured|boolean|Base Columns
"""
#: What these columns have other than by default.
_SETTINGS: dict[str, dict[str, Any]] = {
    "Modified": {"format": "dateTime"},
    "Created": {"format": "dateTime"},
    "ItemChildCount": {"columnName": "ItemChildCount", "listId": ""},
    "FolderChildCount": {"columnName": "FolderChildCount", "listId": ""},
    "Description": {"allowMultipleLines": True},
    "BannerImageUrl": {"isPicture": True},
    "CanvasContent1": {"allowMultipleLines": True},
    "LayoutWebpartsContent": {"allowMultipleLines": True},
    "Priority": {"choices": ["(1) High", "(2) Normal", "(3) Low"]},
    "PercentComplete": {"displayAs": "percentage", "minimum": 0, "maximum": 1},
    "Keywords": {"allowMultipleLines": True, "linesForEditing": 6},
    "TaxKeyword": {"allowMultipleValues": True},
    "Budget": {"locale": "en-us"},
}


def generic_columns() -> dict[str, Column]:
    """Return what every list that is no library begins with: name → column."""
    return _columns(_GENERIC, _EVERYWHERE)


def library_columns() -> dict[str, Column]:
    """Return what every document library begins with."""
    return _columns(_LIBRARY, _EVERYWHERE)


def page_columns() -> dict[str, Column]:
    """Return what a library of site pages begins with."""
    return _columns(_LIBRARY, _PAGES, _EVERYWHERE)


def people_columns() -> dict[str, Column]:
    """Return what the list of a site's people has."""
    return _columns(_GENERIC, _PEOPLE, _EVERYWHERE)


def site_columns() -> dict[str, Column]:
    """Return what every site offers."""
    known = _columns(_GENERIC, _LIBRARY, _EVERYWHERE)
    for name, column_id, display_name, kind, group in _parts(_SITE):
        known[name] = Column(
            column_id or _minted(name),
            name,
            display_name,
            kind,
            FACETS[kind] | _SETTINGS.get(name, {}),
            group=group,
            built_in=True,
        )
    return known


def _columns(*tables: str) -> dict[str, Column]:
    known = {}
    for name, column_id, display_name, kind, flags in _parts(*tables):
        known[name] = Column(
            column_id or _minted(name),
            name,
            display_name,
            kind or None,
            FACETS[kind] | _SETTINGS.get(name, {}) if kind else {},
            group="_Hidden" if flags else "Base Columns",
            hidden="h" in flags,
            indexed=name == "ID",
            read_only="r" in flags,
            required=name == "FileLeafRef",
            built_in=True,
        )
    return known


def _parts(*tables: str) -> Iterator[list[str]]:
    for table in tables:
        for line in table.strip().splitlines():
            yield line.split("|")


def _minted(name: str) -> str:
    return guid_of(mint_uid("built-in column", name))
