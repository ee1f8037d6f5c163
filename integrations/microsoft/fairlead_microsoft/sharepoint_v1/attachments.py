"""Actions on the files that hang on rows of lists, which Graph does not know."""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Content, Ctx, Incoming, Record
from fairlead_microsoft.rest import Rest, Web, quoted
from fairlead_microsoft.rest.upload import LARGEST_ATTACHMENT
from fairlead_microsoft.sharepoint.file_models import FileName
from fairlead_microsoft.sharepoint.wire import Done, ListItemId, invalid
from fairlead_microsoft.sharepoint_v1.inputs import ListRef, SiteRef
from fairlead_microsoft.sharepoint_v1.list_shapes import address_of
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest#working-with-files-attached-to-list-items-by-using-rest"


class Attachment(Record):
    """A file that hangs on a row."""

    #: its name; unique on its row
    id: str
    name: str
    web_url: str | None = None
    server_relative_path: str | None = None


class Attachments(Record):
    """The files that hang on a row."""

    items: list[Attachment]


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_attachments(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, item_id: ListItemId
) -> Attachments:
    """List the files that hang on a row of a list; a document library has none."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.item(list_id, item_id, "attachmentfiles"))
    return Attachments(items=[_shown(web, one) for one in page.items])


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def add_attachment(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    item_id: ListItemId,
    *,
    file_name: FileName,
    content: Annotated[
        Incoming, Field(description="The file's bytes: as base64, or sent beside the input.")
    ],
) -> Attachment:
    """Hang a file on a row of a list, up to 250 MB; a name that is taken is refused (`name_taken`).

    The bytes go up in one request and are held in memory meanwhile.
    """
    if content.size > LARGEST_ATTACHMENT:
        raise invalid(f"An attachment may hold {LARGEST_ATTACHMENT} bytes at most.")
    web = await ctx.api.web(site_id)
    files = web.item(list_id, item_id, "attachmentfiles")
    url = f"{files}/addusingpath(decodedurl={quoted(file_name)})"
    return _shown(web, await ctx.api.post_bytes(url, await content.read()))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def download_attachment(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, item_id: ListItemId, file_name: FileName
) -> Content:
    """Read the bytes of a file that hangs on a row: as base64 up to 10 MiB, or as they are."""
    web = await ctx.api.web(site_id)
    return await ctx.api.content(f"{_one(web, list_id, item_id, file_name)}/$value")


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def delete_attachment(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, item_id: ListItemId, file_name: FileName
) -> Done:
    """Put a file that hangs on a row into the recycle bin."""
    web = await ctx.api.web(site_id)
    await ctx.api.delete(_one(web, list_id, item_id, file_name))
    return Done()


def _one(web: Web, list_id: str, item_id: str, name: str) -> str:
    files = web.item(list_id, item_id, "attachmentfiles")
    return f"{files}/getbyfilenameaspath(decodedurl={quoted(name)})"


def _shown(web: Web, told: dict[str, object]) -> Attachment:
    place = str(told.get("ServerRelativeUrl") or "")
    name = str(told["FileName"])
    return Attachment(
        id=name,
        name=name,
        web_url=address_of(web, place) if place else None,
        server_relative_path=place or None,
    )
