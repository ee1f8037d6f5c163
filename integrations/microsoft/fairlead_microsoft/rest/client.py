"""Rest: SharePoint's own API as one connection, what recipes of v1 call `ctx.api`.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/use-odata-query-operations-in-sharepoint-rest-requests.
Links to further pages are followed as they came, and only on the host that gave them.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from fairlead.errors import InvalidInput, ProviderError
from fairlead.model.exchange import Request
from fairlead.sdk import Content
from fairlead_microsoft.graph import Graph, urls
from fairlead_microsoft.graph.paging import LoopGuard, M, Page
from fairlead_microsoft.rest.batch import read_many
from fairlead_microsoft.rest.caller import BARE, MINIMAL
from fairlead_microsoft.rest.places import with_query
from fairlead_microsoft.rest.reading import entries_of, next_of, read_as
from fairlead_microsoft.rest.upload import RestUploader

#: rows that a query may look at, and rows of the widest page (the list view threshold)
THRESHOLD = 5000


class Rest(RestUploader):
    """SharePoint's own API: changing is in `RestWriter`, files are in `RestUploader`."""

    @classmethod
    def of(cls, api: Graph) -> Self:
        """Return SharePoint's own API of a connection that calls Graph, for what Graph lacks.

        Its host is the tenant's. An app that acts for itself gets a token for it by a certificate
        only (`certificate_required`).
        """
        return api.dialect(cls)

    async def get(
        self, model: type[M], url: str, *, with_etag: bool = False, **params: str | int | None
    ) -> M:
        """Read one object; `select`, `expand` ... become `$select`, `$expand`.

        `with_etag`: its eTag comes along, as `odata.etag`.
        """
        return read_as(model, await self.get_json(url, with_etag=with_etag, **params))

    async def get_json(
        self, url: str, *, with_etag: bool = False, **params: str | int | None
    ) -> Any:
        """Read an object as it comes, brought to the form of `nometadata`."""
        return await self._read(with_query(url, params), with_etag=with_etag)

    async def page(
        self,
        model: type[M],
        url: str,
        *,
        cursor: str | None = None,
        with_etag: bool = False,
        **params: str | int | None,
    ) -> Page[M]:
        """Read one page of a collection: the first, or the one that `cursor` (a link) names.

        InvalidInput: the cursor is not a link of this collection.
        """
        asked = self._asked(url, cursor, params)
        return self._page(model, await self._read(asked, with_etag=with_etag), asked)

    async def json_page(
        self,
        url: str,
        *,
        cursor: str | None = None,
        with_etag: bool = False,
        **params: str | int | None,
    ) -> Page[dict[str, Any]]:
        """Read one page of a collection, its objects as they come; `cursor` as for `page`."""
        asked = self._asked(url, cursor, params)
        reply = await self._read(asked, with_etag=with_etag)
        return Page(entries_of(reply), self._next(reply, asked))

    async def pages(
        self, model: type[M], url: str, *, with_etag: bool = False, **params: str | int | None
    ) -> AsyncIterator[Page[M]]:
        """Yield the pages of a collection, following each next link as it came."""
        asked = with_query(url, params)
        guard = LoopGuard()
        while True:
            page = self._page(model, await self._read(asked, with_etag=with_etag), asked)
            yield page
            if page.next_link is None:
                return
            guard.check(page.next_link)
            asked = page.next_link

    async def items(
        self, model: type[M], url: str, *, with_etag: bool = False, **params: str | int | None
    ) -> AsyncIterator[M]:
        """Yield the objects of a collection, over all its pages."""
        async for page in self.pages(model, url, with_etag=with_etag, **params):
            for item in page.items:
                yield item

    async def rows(
        self,
        model: type[M],
        url: str,
        *,
        after: int = 0,
        filter: str | None = None,  # noqa: A002 - OData's word
        with_etag: bool = False,
        **params: str | int | None,
    ) -> AsyncIterator[Page[M]]:
        """Yield all rows of a list (`.../items`) by ascending id, however many it has.

        A query that would look at more than 5,000 rows is refused unless an index narrows it, and
        the id has one: each page holds the rows of a range of ids, those that fit the `filter` if
        there is one. `after`: only rows with a higher id.
        https://learn.microsoft.com/microsoft-365/community/large-lists-large-libraries-in-sharepoint
        """
        if filter is None:
            params |= {"filter": f"Id gt {after}", "orderby": "Id", "top": THRESHOLD}
            async for page in self.pages(model, url, with_etag=with_etag, **params):
                yield page
            return
        newest = await self.get_json(url, select="Id", orderby="Id desc", top=1)
        last = max((int(row["Id"]) for row in entries_of(newest)), default=0)
        for low in range(after, last, THRESHOLD):
            narrow = f"Id gt {low} and Id le {low + THRESHOLD} and ({filter})"
            params |= {"filter": narrow, "orderby": "Id", "top": THRESHOLD}
            async for page in self.pages(model, url, with_etag=with_etag, **params):
                yield page

    async def read_many(self, addresses: Sequence[str], **params: str | int | None) -> list[Any]:
        """Read many addresses of one site, 100 an exchange: of each its JSON, or its error.

        Throttled and ReconnectRequired are raised: they concern all of them.
        """
        whole = [with_query(address, params) for address in addresses]
        return await read_many(self._call, whole, self._new_id, sleep=self._sleep)

    async def ask(self, url: str, body: object, **params: str | int | None) -> Any:
        """Ask by a POST that changes nothing, and so may be sent again; the JSON comes plain."""
        return await self._json(_question(with_query(url, params), body))

    async def ask_bytes(self, url: str, body: object) -> bytes:
        """Ask as `ask` does, for what is answered in another format."""
        response = await self._call(_question(url, body))
        async with response:
            return await response.read()

    async def content(self, url: str) -> Content:
        """Open the content of a file (`.../$value`), to be streamed."""
        return Content(await self._call(Request(url=url)))

    def _asked(self, url: str, cursor: str | None, params: dict[str, str | int | None]) -> str:
        """Return the address of a page: the first one's, or what a caller's cursor names."""
        if cursor is None:
            return with_query(url, params)
        asked = f"{urls.origin(url)}{cursor}" if cursor.startswith("/") else cursor
        if urls.origin(asked) != urls.origin(url) or _place(asked) != _place(url):
            raise InvalidInput(
                "The cursor is not one that this action gave; pass `nextCursor` as it came.",
                code="invalid_cursor",
            )
        return asked

    def _page(self, model: type[M], reply: Any, asked: str) -> Page[M]:
        items = [read_as(model, entry) for entry in entries_of(reply)]
        return Page(items, self._next(reply, asked))

    def _next(self, reply: Any, asked: str) -> str | None:
        link = next_of(reply, asked)
        if link is not None:
            self.refuse_foreign(link, asked)
        return link

    async def _read(self, url: str, *, with_etag: bool) -> Any:
        accept = MINIMAL if with_etag else BARE
        reply = await self._json(Request(url=url, headers={"Accept": accept}))
        if reply is None:
            raise ProviderError(
                "SharePoint answered with nothing; try again later.", code="unexpected_reply"
            )
        return reply


def _question(url: str, body: object) -> Request:
    encoded = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {"Accept": BARE, "Content-Type": "application/json"}
    return Request(method="POST", url=url, headers=headers, body=encoded)


def _place(url: str) -> str:
    """Return the path that a URL leads to, whatever its case and codes."""
    return unquote(urlsplit(url).path).lower()
