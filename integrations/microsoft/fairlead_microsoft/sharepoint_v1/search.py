"""The action that searches, as SharePoint's own search service answers."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import given
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.wire import invalid
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

#: rows that the service goes to at most
_LAST_ROW = 50_000


class SearchHit(Record):
    """Something that was found."""

    #: values of managed properties, by name; those without a value left out
    properties: dict[str, str]


class SearchPage(Record):
    """A page of what was found."""

    items: list[SearchHit]
    #: how many there are, estimated
    total: int | None = None
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/sharepoint/dev/general-development/sharepoint-search-rest-api-overview",
)
async def search(
    ctx: Ctx[Rest],
    query: Annotated[
        str,
        Field(
            min_length=1,
            description="A query in the keyword query language.",
            examples=["budget filetype:xlsx path:https://contoso.sharepoint.com/sites/marketing"],
        ),
    ],
    *,
    site_id: Annotated[
        SiteRef, Field(description="The site that is asked; what it finds is of all sites.")
    ] = "root",
    properties: Annotated[
        list[Annotated[str, Field(pattern=r"^\w+$")]],
        Field(description="Managed properties to read.", examples=[["Title", "Path", "UniqueId"]]),
    ]
    | None = None,
    sort_by: Annotated[
        str,
        Field(
            pattern=r"^\[?\w+\]?$",
            description="A sortable property; `[DocId]` for reading all there is, in order.",
        ),
    ]
    | None = None,
    descending: Annotated[bool, Field(description="The largest first.")] = False,
    limit: Annotated[int, Field(ge=1, le=500, description="Hits a page.")] = 50,
    cursor: Annotated[
        str, Field(pattern=r"^\d{1,6}$", description="`nextCursor` of the page before.")
    ]
    | None = None,
) -> SearchPage:
    """Find sites, lists, rows and files of the tenant, what the connection may see; in pages.

    The answer is of the search index: a new thing may take a while to appear. Beyond the 50,000th
    hit the service does not go. An app alone needs Sites.FullControl.All to see what is not shared
    with everybody.
    """
    start = int(cursor or 0)
    if start > _LAST_ROW:
        raise invalid("The cursor is not one that this action gave; pass `nextCursor` as it came.")
    order = [{"Property": sort_by, "Direction": int(descending)}] if sort_by else None
    request = given(
        Querytext=query,
        RowLimit=limit,
        StartRow=start,
        SelectProperties=properties,
        SortList=order,
        TrimDuplicates=False,
    )
    web = await ctx.api.web(site_id)
    told = await ctx.api.post_json(f"{web.api}/search/postquery", {"request": request})
    relevant = told["PrimaryQueryResult"]["RelevantResults"]
    hits = [_hit(row) for row in relevant["Table"]["Rows"]]
    total = relevant.get("TotalRows")
    following = start + len(hits)
    is_more = bool(hits) and following < min(int(total or 0), _LAST_ROW)
    return SearchPage(items=hits, total=total, next_cursor=str(following) if is_more else None)


def _hit(row: dict[str, Any]) -> SearchHit:
    cells = row.get("Cells") or []
    return SearchHit(
        properties={
            str(one["Key"]): str(one["Value"]) for one in cells if one.get("Value") is not None
        }
    )
