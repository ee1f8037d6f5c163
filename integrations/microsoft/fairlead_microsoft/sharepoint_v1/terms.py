"""Actions on the terms of the tenant, as far as `_api/v2.1/termStore` gives them.

It is Graph's term store on the tenant's host, under the same token as all of this API
(https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph). An app alone also needs the
app to be an administrator of the term store to write, and no permission of Graph's.
"""

from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.wire import Cursor
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

_STORE = "https://learn.microsoft.com/graph/api/resources/termstore-{}"

OneOfStore = Annotated[str, Field(min_length=1, pattern=r"^[\w-]+$", description="Its id.")]
OfSite = Annotated[
    SiteRef, Field(description="The site that is asked; the terms are the tenant's.")
]


class TermGroup(Record):
    """A group of term sets."""

    id: str
    display_name: str | None = None
    description: str | None = None
    scope: str | None = None
    created_date_time: str | None = None


class TermGroups(Record):
    """A page of groups."""

    items: list[TermGroup]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class LocalName(Shape):
    """A name in a language."""

    name: str | None = None
    language_tag: str | None = None
    is_default: bool | None = None


class TermSet(Record):
    """A set of terms."""

    id: str
    description: str | None = None
    localized_names: list[LocalName] = Field(default_factory=list)
    created_date_time: str | None = None


class TermSets(Record):
    """A page of term sets."""

    items: list[TermSet]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class Term(Record):
    """A term."""

    id: str
    labels: list[LocalName] = Field(default_factory=list)
    children_count: int | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None


class Terms(Record):
    """A page of terms."""

    items: list[Term]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["TermStore.Read.All"], source=_STORE.format("group"))
async def list_term_groups(
    ctx: Ctx[Rest], site_id: OfSite = "root", cursor: Cursor | None = None
) -> TermGroups:
    """List the groups of the tenant's term store, a page at a time."""
    page = await ctx.api.page(TermGroup, await _url(ctx.api, site_id, "groups"), cursor=cursor)
    return TermGroups(items=page.items, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["TermStore.Read.All"], source=_STORE.format("set"))
async def list_term_sets(
    ctx: Ctx[Rest],
    group_id: Annotated[OneOfStore, Field(description="Id of a group of term sets.")],
    site_id: OfSite = "root",
    cursor: Cursor | None = None,
) -> TermSets:
    """List the term sets of a group, a page at a time."""
    url = await _url(ctx.api, site_id, "groups", group_id, "sets")
    page = await ctx.api.page(TermSet, url, cursor=cursor)
    return TermSets(items=page.items, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["TermStore.Read.All"], source=_STORE.format("term"))
async def list_terms(
    ctx: Ctx[Rest],
    set_id: Annotated[OneOfStore, Field(description="Id of a term set.")],
    *,
    parent_term_id: Annotated[
        OneOfStore, Field(description="Only those right below this term; else all of the set.")
    ]
    | None = None,
    site_id: OfSite = "root",
    cursor: Cursor | None = None,
) -> Terms:
    """List the terms of a set, at all depths, or those right below one; a page at a time."""
    below = ("terms", parent_term_id, "children") if parent_term_id else ("terms",)
    url = await _url(ctx.api, site_id, "sets", set_id, *below)
    page = await ctx.api.page(Term, url, cursor=cursor)
    return Terms(items=page.items, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["TermStore.ReadWrite.All"], source=_STORE.format("term"))
async def create_term(
    ctx: Ctx[Rest],
    set_id: Annotated[OneOfStore, Field(description="Id of a term set.")],
    *,
    label: Annotated[str, Field(min_length=1, description="What the term is called.")],
    language_tag: Annotated[str, Field(description="The label's language.")] = "en-US",
    parent_term_id: Annotated[OneOfStore, Field(description="Below this term; else below the set.")]
    | None = None,
    site_id: OfSite = "root",
) -> Term:
    """Make a term in a set."""
    below = ("terms", parent_term_id, "children") if parent_term_id else ("children",)
    url = await _url(ctx.api, site_id, "sets", set_id, *below)
    body: dict[str, Any] = {
        "labels": [{"name": label, "languageTag": language_tag, "isDefault": True}]
    }
    return await ctx.api.post(Term, url, body)


async def _url(api: Rest, site_id: str, *steps: str) -> str:
    web = await api.web(site_id)
    whole = "/".join(quote(step, safe="") for step in steps)
    return f"{web.api}/v2.1/termStore/{whole}"
