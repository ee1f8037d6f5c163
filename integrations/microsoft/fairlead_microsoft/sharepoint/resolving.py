"""The action `resolve-url`: from a pasted address to ids."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from fairlead.errors import MissingScope, Rejected
from fairlead.sdk import ActionError, Ctx, Record, Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.addresses import (
    Pasted,
    item_id_in,
    names_of,
    read_address,
    sharing_token,
)
from fairlead_microsoft.graph.urls import below, site_at
from fairlead_microsoft.sharepoint.models import GraphItem, ParentReference
from fairlead_microsoft.sharepoint.pack import sharepoint

_ITEM = "id,name,webUrl,parentReference,folder,file,package"


class PlacedReference(ParentReference):
    """Where an item lies, with its site."""

    site_id: str | None = None


class PlacedItem(GraphItem):
    """An item and its site."""

    parent_reference: PlacedReference | None = None


class PlacedSite(Shape):
    """A site."""

    id: str
    display_name: str | None = None
    web_url: str | None = None


class PlacedDrive(Shape):
    """A drive and its address."""

    id: str
    name: str | None = None
    web_url: str = ""


class Resolved(Record):
    """What an address leads to."""

    #: `site`, `drive`, `folder`, `file` or `package` (a notebook)
    kind: str
    site_id: str | None = None
    drive_id: str | None = None
    item_id: str | None = None
    name: str | None = None
    web_url: str | None = None
    #: from the drive's root: `/Reports/Q1.xlsx`
    path: str | None = None


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-getbypath",
)
async def resolve_url(
    ctx: Ctx[Graph],
    url: Annotated[
        str,
        Field(
            min_length=1,
            description="Address of a site, library, folder or file, as copied from SharePoint.",
            examples=[
                "https://contoso.sharepoint.com/sites/marketing/Shared%20Documents/Plan.docx"
            ],
        ),
    ],
) -> Resolved:
    """Find the site, drive and item that an address leads to, however it was copied.

    Of sharing links alone Graph must be asked, which may want `Files.ReadWrite.All`; other
    addresses are found without. Nothing is changed, and nobody is given access.
    """
    pasted = read_address(url)
    if pasted.is_link:
        return await _shared(ctx.api, url)
    place = await _place(ctx.api, pasted)
    if pasted.unique_id is not None:
        return await _by_unique_id(ctx.api, pasted, place)
    if place.drive is None:
        return Resolved(
            kind="site",
            site_id=place.site.id,
            name=place.site.display_name,
            web_url=place.site.web_url,
        )
    if not place.rest:
        drive = place.drive
        return Resolved(
            kind="drive",
            site_id=place.site.id,
            drive_id=drive.id,
            name=drive.name,
            web_url=drive.web_url,
        )
    path = below(ctx.api.path("drives", place.drive.id, "root"), *place.rest)
    item = await ctx.api.get(PlacedItem, path, select=_ITEM)
    return _resolved(item, place.site.id, place.drive.id)


@dataclass(frozen=True, slots=True)
class _Place:
    site: PlacedSite
    drives: list[PlacedDrive]
    #: None = the site itself is meant
    drive: PlacedDrive | None = None
    #: names from the drive's root on
    rest: tuple[str, ...] = ()


async def _place(api: Graph, pasted: Pasted) -> _Place:
    """Find the site, and the drive if the address goes on into one: a site may lie in another."""
    place: _Place | None = None
    for names in pasted.sites:
        try:
            site = await api.get(PlacedSite, site_at(pasted.host, "/".join(names)))
        except Rejected as error:
            # not a site: what is looked for is in the one above, or nowhere
            if place is None or error.provider_status != HTTPStatus.NOT_FOUND:
                raise
            break
        drives = await _drives(api, site.id)
        place = _Place(site, drives)
        if len(names) == len(pasted.names):
            return place
        if (inner := _in_drive(place, pasted.names)) is not None:
            return inner
    raise ActionError(
        "The address leads to no library, folder or file that the connected user can see; copy it "
        "again, from the item's details.",
        code="url_not_resolved",
    )


async def _drives(api: Graph, site_id: str) -> list[PlacedDrive]:
    # naming `system` shows the libraries of pages and assets, too
    select = "id,name,webUrl,system"
    path = api.path("sites", site_id, "drives")
    return [drive async for drive in api.items(PlacedDrive, path, select=select)]


def _in_drive(place: _Place, names: list[str]) -> _Place | None:
    """Return the place in that drive of the site whose address is the longest part of `names`."""
    lower = [name.lower() for name in names]
    best: _Place | None = None
    longest = 0
    for drive in place.drives:
        top = [name.lower() for name in names_of(drive.web_url)]
        if len(top) > longest and lower[: len(top)] == top:
            longest = len(top)
            best = _Place(place.site, place.drives, drive, tuple(names[len(top) :]))
    return best


async def _by_unique_id(api: Graph, pasted: Pasted, place: _Place) -> Resolved:
    """Look in each drive of the site for the document, by the id it would have there."""
    for drive in place.drives:
        root = await api.get(GraphItem, api.path("drives", drive.id, "root"), select="id")
        assert pasted.unique_id is not None, "it is what is looked for"
        item_id = item_id_in(root.id, pasted.unique_id)
        if item_id is None:
            continue
        try:
            path = api.path("drives", drive.id, "items", item_id)
            item = await api.get(PlacedItem, path, select=_ITEM)
        except Rejected as error:
            if error.provider_status not in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
                raise
            continue
        return _resolved(item, place.site.id, drive.id)
    raise ActionError(
        "The site has no document of that id that the connected user can see; copy the address "
        "again, from the document's details.",
        code="url_not_resolved",
    )


async def _shared(api: Graph, url: str) -> Resolved:
    path = api.path("shares", sharing_token(url), "driveItem")
    try:
        # lends access for this one request where the link does, and gives none
        item = await api.get(PlacedItem, path, prefer="redeemSharingLinkIfNecessary", select=_ITEM)
    except Rejected as error:
        if error.provider_status != HTTPStatus.FORBIDDEN:
            raise
        raise MissingScope(
            "The sharing link is not for the connected user, or the app may not look at links: the "
            "operator must grant it Files.ReadWrite.All, or the caller give the address of the "
            "item itself.",
            code="sharing_link_refused",
            detail=error.detail,
        ) from error
    where = item.parent_reference or PlacedReference()
    return _resolved(item, where.site_id, where.drive_id)


def _resolved(item: PlacedItem, site_id: str | None, drive_id: str | None) -> Resolved:
    kind = "folder" if item.folder else "package" if item.package else "file"
    return Resolved(
        kind=kind,
        site_id=site_id,
        drive_id=drive_id,
        item_id=item.id,
        name=item.name,
        web_url=item.web_url,
        path=item.path,
    )
