"""Graph: Microsoft Graph as one connection, what recipes call `ctx.api`.

https://learn.microsoft.com/graph/use-the-api. Every URL that came from outside (a page link, a
caller's cursor) is followed only on Graph's own origin.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from fairlead.errors import InvalidInput, ProviderError, ReconnectRequired, Rejected
from fairlead.model.exchange import Request
from fairlead.sdk import Content
from fairlead_microsoft.graph import urls
from fairlead_microsoft.graph.batch import read_many
from fairlead_microsoft.graph.caller import JSON
from fairlead_microsoft.graph.delta import DeltaPage, Entry, Knows, follow, may_hold_others
from fairlead_microsoft.graph.paging import (
    NEXT_LINK,
    LoopGuard,
    M,
    Page,
    entries_of,
    link_of,
    read_as,
)
from fairlead_microsoft.graph.upload import Uploader

#: children a page when the contents of a folder are listed
_CHILDREN = 500
#: leaves out the parents of what changed, which an incremental round repeats otherwise
_DELTA_HEADERS = {"deltaExcludeParent": "true"}


class Graph(Uploader):
    """Microsoft Graph as one connection: changing is in `Writer`, files in `Uploader`.

    Errors: those of `fairlead_microsoft.errors.classify`, and what the connection itself raises.
    """

    async def get(
        self, model: type[M], path: str, *, prefer: str | None = None, **params: str | int | None
    ) -> M:
        """Read one object; `select`, `expand`, `top` ... become `$select`, `$expand`, `$top`."""
        headers = {"Prefer": prefer} if prefer else None
        url = urls.with_query(f"{self._root}{path}", params)
        return read_as(model, await self._fetch(url, headers))

    async def get_json(self, path: str, **params: str | int | None) -> Any:
        """Read an object as it comes."""
        return await self._fetch(urls.with_query(f"{self._root}{path}", params))

    async def page(
        self, model: type[M], path: str, *, cursor: str | None = None, **params: str | int | None
    ) -> Page[M]:
        """Read one page of a collection: the first, or the one that `cursor` (a next link) names.

        InvalidInput: the cursor is not a link of this collection.
        """
        if cursor is None:
            return self._page(model, await self.get_json(path, **params))
        # a caller may hand back the link with or without its host
        link = f"{self._root}{cursor}" if cursor.startswith("/") else cursor
        if not self.owns(link) or urls.place(link) != urls.place(path):
            raise InvalidInput(
                "The cursor is not one that this action gave; pass `nextCursor` as it came.",
                code="invalid_cursor",
            )
        return self._page(model, await self._fetch(link))

    async def pages(
        self, model: type[M], path: str, **params: str | int | None
    ) -> AsyncIterator[Page[M]]:
        """Yield the pages of a collection, following each next link as it came."""
        async for page in self.pages_from(model, await self.get_json(path, **params)):
            yield page

    async def pages_from(self, model: type[M], reply: Any) -> AsyncIterator[Page[M]]:
        """Yield the pages of a collection whose first one is there already."""
        page = self._page(model, reply)
        guard = LoopGuard()
        while page.next_link is not None:
            yield page
            guard.check(page.next_link)
            page = self._page(model, await self._follow(page.next_link))
        yield page

    async def items(
        self, model: type[M], path: str, **params: str | int | None
    ) -> AsyncIterator[M]:
        """Yield the objects of a collection, over all its pages."""
        async for page in self.pages(model, path, **params):
            for item in page.items:
                yield item

    async def read_many(self, paths: Sequence[str], **params: str | int | None) -> list[Any]:
        """Read many paths, 20 an exchange: of each its JSON, or the error that it means.

        Throttled and ReconnectRequired are raised: they concern all of them.
        """
        whole = [urls.with_query(path, params) for path in paths]
        answers = await read_many(self._call, self._root, whole, sleep=self._sleep)
        for answer in answers:
            if isinstance(answer, ReconnectRequired):
                raise answer
        return answers

    async def delta(
        self,
        model: type[M],
        feed: str,
        *,
        since: str | None = None,
        select: str | None = None,
        cascades: bool = False,
        prefer: str | None = None,
        with_contents: bool = True,
        knows: Knows | None = None,
        **params: str | int | None,
    ) -> AsyncIterator[DeltaPage[M]]:
        """Yield the pages of a delta feed, from the position `since` to its end (see `delta.py`).

        `cascades`: what is `gone` goes into `Batch.delete_under`, so that a deleted folder takes
        its contents along; without, the feed is read afresh for it.

        A `select` is completed by the facets that tell deleted items and the root: without them
        Graph strips what says so. `with_contents`: of a drive's folder that got another name or
        place, what lies below is listed too, because its paths have changed; not if whoever reads
        `knows` the folder (item ids -> those known) and carries along what is in it.
        """
        is_drive = feed.endswith("/root/delta")
        if select is not None:
            facets = ["root", "folder"] if is_drive else []
            chosen = dict.fromkeys([*select.split(","), "id", "deleted", *facets])
            params["select"] = ",".join(chosen)
        start = urls.with_query(f"{self._root}{feed}", params)
        headers = _DELTA_HEADERS if is_drive else {}
        fetch = partial(self._fetch_delta, headers | ({"Prefer": prefer} if prefer else {}))
        pages = follow(
            fetch,
            start,
            since,
            is_ours=self.owns,
            below=self._below if is_drive and with_contents else None,
            cascades=cascades,
            has_root=is_drive,
            knows=knows,
        )
        async with aclosing(pages):
            async for page in pages:
                yield DeltaPage(
                    live=[read_as(model, entry) for entry in page.live],
                    gone=page.gone,
                    link=page.link,
                    restarted=page.restarted,
                    settled=page.settled,
                    afresh=page.afresh,
                )

    async def content(self, path: str) -> Content:
        """Open the content of a file, to be streamed; the redirect to its store is followed."""
        return Content(await self._call(Request(url=f"{self._root}{path}")))

    async def _below(self, folder: Entry, listed: set[str]) -> AsyncIterator[list[Entry]]:
        """Yield everything below a folder, in pages; folders already in `listed` are passed by."""
        drive_id = (folder.get("parentReference") or {}).get("driveId")
        if not isinstance(drive_id, str):
            return
        pending: list[str] = [folder["id"]]
        while pending:
            folder_id = pending.pop()
            if folder_id in listed:
                continue
            listed.add(folder_id)
            children = self.path("drives", drive_id, "items", folder_id, "children")
            try:
                async for entries in self._entries(children, top=_CHILDREN):
                    pending += [entry["id"] for entry in entries if may_hold_others(entry)]
                    yield entries
            except Rejected as error:
                # Deleted since the feed named it: the next round will tell.
                if error.provider_status != 404:
                    raise

    async def _entries(self, path: str, **params: int) -> AsyncIterator[list[Entry]]:
        reply = await self.get_json(path, **params)
        guard = LoopGuard()
        while True:
            yield entries_of(reply)
            link = link_of(reply, NEXT_LINK)
            if link is None:
                return
            guard.check(link)
            reply = await self._follow(link)

    def _page(self, model: type[M], reply: Any) -> Page[M]:
        items = [read_as(model, entry) for entry in entries_of(reply)]
        return Page(items, link_of(reply, NEXT_LINK))

    async def _follow(self, link: str) -> Any:
        self._refuse_foreign(link)
        return await self._fetch(link)

    async def _fetch_delta(self, headers: Mapping[str, str], url: str) -> Any:
        self._refuse_foreign(url)
        return await self._fetch(url, headers)

    def _refuse_foreign(self, link: str) -> None:
        if not self.owns(link):
            raise ProviderError(
                "Microsoft Graph gave a page link that leads to another host; it was not "
                "followed. Please report it.",
                code="foreign_link",
                detail=urls.origin(link),
            )

    async def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        reply = await self._json(Request(url=url, headers={**JSON, **(headers or {})}))
        if reply is None:
            raise ProviderError(
                "Microsoft Graph answered with nothing; try again later.", code="unexpected_reply"
            )
        return reply
