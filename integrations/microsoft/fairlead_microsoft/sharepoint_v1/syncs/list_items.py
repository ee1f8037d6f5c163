"""The sync `list-items` of SharePoint's own API: the rows of every list, files among them.

Incremental by the list's change log (`GetListItemChangesSinceToken`):
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14).
A row's number never changes, nor does the unique id of a folder, so the folder that a row lies
in is found once. When a list's columns or its address change, it is read
afresh.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from uuid import UUID

from fairlead.errors import Rejected
from fairlead.sdk import Batch, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.syncs.list_items import ListItem, row_key
from fairlead_microsoft.sharepoint.tour import is_not_there
from fairlead_microsoft.sharepoint_v1.choice import FoundList, Positions, Sites
from fairlead_microsoft.sharepoint_v1.follow import follow
from fairlead_microsoft.sharepoint_v1.list_log import By, ListLog
from fairlead_microsoft.sharepoint_v1.of_lists import of_lists
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.columns import question_of, told
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, is_folder, number_of
from fairlead_microsoft.sharepoint_v1.shapes.rows import list_item


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14)",
)
async def list_items(ctx: SyncCtx[Rest, Sites, Positions]) -> AsyncIterator[Batch[ListItem]]:
    """Mirror the rows of every list and library of the chosen sites, deletions included.

    Of a row's fields, what is only computed for pages is not told: links, icons, counts, labels.
    """
    async for batch in of_lists(ctx, _rows):
        yield batch


async def _rows(
    one: FoundList, ctx: SyncCtx[Rest, Sites, Positions]
) -> AsyncGenerator[Batch[ListItem], None]:
    place, checkpoint, site_id, list_id = one.partition, ctx.checkpoint, one.web.id, one.entity.id
    fields = told(one.entity.fields)
    question = question_of(fields, is_library=one.entity.is_library)
    shown = [f"{field.internal_name} {field.title}" for field in fields]
    checkpoint.ask(place, one.web.entity.url, one.root, question.text, *shown)
    folders = _Folders(ctx.api, one)

    async def knows(rows: Sequence[Row]) -> set[int]:
        keys = {row_key(site_id, list_id, str(number_of(row))): number_of(row) for row in rows}
        return {keys[key] for key in await ctx.known(list(keys))}

    log = ListLog(ctx.api, one.web.web, list_id, question, By.ROWS)
    pages = follow(log, checkpoint.links.get(place), one.entity.token, knows=knows)
    async for page in pages:
        checkpoint.links[place] = page.link
        above = await folders.numbers(page.rows)
        yield Batch(
            upsert=[
                list_item(
                    row,
                    fields,
                    site_id=site_id,
                    list_id=list_id,
                    web_url=one.web.entity.url,
                    parent=above.get(number_of(row)),
                )
                for row in page.rows
            ],
            delete_under=[row_key(site_id, list_id, str(gone.item_id)) for gone in page.gone],
            checkpoint=checkpoint,
            partition=place,
            restart=page.restarted,
            settled=page.settled,
        )


class _Folders:
    """The numbers of a list's folders by their unique ids, neither of which ever changes."""

    def __init__(self, api: Rest, one: FoundList) -> None:
        self._api, self._one = api, one
        self._numbers: dict[str, str | None] = {}

    async def numbers(self, rows: Sequence[Row]) -> dict[int, str]:
        """Return the number of the folder of each row that lies in one."""
        for row in rows:
            if is_folder(row):
                self._numbers[_uid(row["UniqueId"])] = str(number_of(row))
        found: dict[int, str] = {}
        root = self._one.root.rstrip("/")
        for row in rows:
            above = row.get("ParentUniqueId")
            place = str(row.get("FileDirRef", "")).rstrip("/")
            if not above or place == root:
                continue
            number = await self._number(_uid(above), place)
            if number is not None:
                found[number_of(row)] = number
        return found

    async def _number(self, uid: str, place: str) -> str | None:
        if uid not in self._numbers:
            web = self._one.web.web
            is_library = self._one.entity.is_library
            url = web.folder_by_id(UUID(uid)) if is_library else web.folder(place)
            try:
                reply = await self._api.get_json(f"{url}/listitemallfields", select="Id")
            except Rejected as error:
                if not is_not_there(error):
                    raise
                # deleted since: the log will tell, and takes along what lies in it
                return None
            self._numbers[uid] = str(number_of(reply))
        return self._numbers[uid]


def _uid(text: object) -> str:
    return str(UUID(str(text).strip("{}")))
