"""`GetItems`: the items that a CAML query finds.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)#bk_ListGetItems
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from m365sim.lists import SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.caml import read_view
from m365sim.rest.caml_search import Search
from m365sim.rest.errors import bad_query
from m365sim.rest.tables import Action, Node

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)"


async def _get_items(call: Call, node: Node, at: Segment) -> Node:
    found: SharePointList = node.of
    call.check_list(found, READ)
    body: dict[str, Any] = await call.json() if call.method == "POST" else {}
    query = body.get("query", at.argument("query"))
    if not isinstance(query, dict):
        raise bad_query("The parameter 'query' is missing.")
    view = read_view(str(query.get("ViewXml") or "<View />"))
    place = query.get("FolderServerRelativeUrl")
    if isinstance(path := query.get("FolderServerRelativePath"), dict):
        place = path.get("DecodedUrl")
    position = query.get("ListItemCollectionPosition")
    paging = position.get("PagingInfo") if isinstance(position, dict) else ""
    rows, _ = Search(call, found, view, place).page(
        dict(parse_qsl(str(paging or ""), keep_blank_values=True)), view.row_limit
    )
    if view.fields:
        call.view_fields = frozenset(view.fields)
    return Node("founditems", f"{node.uri}/GetItems", (found, rows))


_WHAT = (
    "ViewXml with Where, OrderBy, RowLimit, ViewFields, Scope; FolderServerRelativeUrl; "
    "ListItemCollectionPosition; the list view threshold; no joins, no groups"
)
ACTIONS = (
    Action("list", "GetItems", "POST", _get_items, _WHAT, _SOURCE),
    Action("list", "GetItems", "GET", _get_items, _WHAT, _SOURCE),
)
