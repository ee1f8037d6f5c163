"""How views of lists look: as the XML that renders them, and as their properties.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)#bk_View
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from m365sim.lists import SharePointList
from m365sim.lists.view import View
from m365sim.rest.call import Call
from m365sim.rest.tables import Node
from m365sim.rest.values import Complex, Guid, Several

SCOPES = ("", "Recursive", "RecursiveAll", "FilesOnly")


def xml_of(found: SharePointList, view: View) -> str:
    """Write a view as the XML that renders it."""
    refs = "".join(f"<FieldRef Name={quoteattr(name)} />" for name in view.fields)
    scope = f' Scope="{SCOPES[view.scope]}"' if 0 < view.scope < len(SCOPES) else ""
    paged = "TRUE" if view.is_paged else "FALSE"
    flags = "".join(
        f' {name}="TRUE"'
        for name, is_set in (
            ("DefaultView", view.is_default),
            ("MobileView", view.is_default),
            ("Hidden", view.is_hidden),
            ("Personal", view.is_personal),
        )
        if is_set
    )
    name = quoteattr(f"{{{view.id.upper()}}}")
    return (
        f"<View Name={name}{flags} Type={quoteattr(view.kind)} "
        f"DisplayName={quoteattr(view.title)} Url={quoteattr(found.views.place(view))} "
        f'Level="1" BaseViewID="{escape(view.base_view_id)}" ContentTypeID="0x"{scope}>'
        f"<Query>{view.query}</Query><ViewFields>{refs}</ViewFields>"
        f'<RowLimit Paged="{paged}">{view.row_limit}</RowLimit></View>'
    )


def view_values(_: Call, node: Node) -> dict[str, Any]:
    """Return the properties of a view."""
    found, view = node.of
    place = found.views.place(view)
    xml = xml_of(found, view)
    return {
        "Aggregations": view.aggregations,
        "AggregationsStatus": "On" if view.aggregations else None,
        "BaseViewId": view.base_view_id,
        "ColumnWidth": None,
        "ContentTypeId": Complex("SP.ContentTypeId", {"StringValue": "0x"}),
        "CustomFormatter": view.formatter,
        "DefaultView": view.is_default,
        "DefaultViewForContentType": False,
        "EditorModified": False,
        "Formats": None,
        "Hidden": view.is_hidden,
        "HtmlSchemaXml": xml,
        "Id": Guid(view.id),
        "ImageUrl": "/_layouts/15/images/generic.png",
        "IncludeRootFolder": False,
        "ViewJoins": view.joins,
        "JSLink": None,
        "ListViewXml": xml,
        "Method": None,
        "MobileDefaultView": view.is_default,
        "MobileView": view.is_default,
        "ModerationType": None,
        "NewDocumentTemplates": None,
        "OrderedView": False,
        "Paged": view.is_paged,
        "PersonalView": view.is_personal,
        "ViewProjectedFields": view.projected,
        "ViewQuery": view.query,
        "ReadOnlyView": False,
        "RequiresClientIntegration": False,
        "RowLimit": view.row_limit,
        "Scope": view.scope,
        "ServerRelativePath": Complex("SP.ResourcePath", {"DecodedUrl": place}),
        "ServerRelativeUrl": place,
        "StyleId": None,
        "TabularView": True,
        "Threaded": False,
        "Title": view.title,
        "Toolbar": None,
        "ToolbarTemplateName": None,
        "ViewData": None,
        "ViewType": view.kind,
    }


def field_values(_: Call, node: Node) -> dict[str, Any]:
    """Return which columns a view shows."""
    view: View = node.of[1]
    refs = "".join(f"<FieldRef Name={quoteattr(name)} />" for name in view.fields)
    return {"SchemaXml": refs, "Items": Several("Edm.String", list(view.fields))}
