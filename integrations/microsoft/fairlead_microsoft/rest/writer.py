"""Change things: MERGE and DELETE as POST with `X-HTTP-Method`, on condition of an eTag.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints.
No change is sent again that may have been carried out, but a DELETE: it then finds nothing, which
is what was wanted.
"""

from http import HTTPStatus
from typing import Any

from fairlead.errors import Rejected, Unavailable
from fairlead.model.exchange import Request
from fairlead_microsoft.graph.paging import M
from fairlead_microsoft.rest.caller import BARE, MINIMAL, RestCaller
from fairlead_microsoft.rest.reading import read_as

#: times that a DELETE is sent whose answer was lost
_MOST_DELETES = 3


class RestWriter(RestCaller):
    """The half of `_api` that changes things.

    Rejected, by code: `name_taken` (409), `resource_modified` (412), `resource_locked` (423),
    `item_not_found` (404), `access_denied` (403), `invalid_request` (400).
    """

    async def post(
        self, model: type[M], url: str, body: object | None = None, *, with_etag: bool = False
    ) -> M:
        """Make something, or have something done, and read the answer."""
        headers = {"Accept": MINIMAL if with_etag else BARE}
        return read_as(model, await self.post_json(url, body, headers=headers))

    async def merge(self, url: str, body: object, *, if_match: str | None = None) -> Any:
        """Change some properties, only as it was at the eTag `if_match` if one is given."""
        return await self._change("MERGE", url, body, {"If-Match": if_match or "*"})

    async def delete(self, url: str, *, if_match: str | None = None) -> None:
        """Delete something, only as it was at the eTag `if_match` if one is given.

        If an answer was lost and the next one is that there is no such thing, it is done.
        """
        for attempt in range(1, _MOST_DELETES + 1):
            try:
                await self._change("DELETE", url, None, {"If-Match": if_match or "*"})
            except Unavailable:
                if attempt == _MOST_DELETES:
                    raise
                await self._sleep(float(2**attempt))
            except Rejected as error:
                if attempt > 1 and error.code == "item_not_found":
                    return
                raise
            else:
                return

    async def put_bytes(self, url: str, content: bytes, *, if_match: str | None = None) -> None:
        """Write other bytes to what has some (`.../$value`)."""
        headers = {"Accept": BARE, "X-HTTP-Method": "PUT"}
        if if_match is not None:
            headers["If-Match"] = if_match
        await self._json(
            Request(method="POST", url=url, headers=headers, body=content, is_once=True)
        )

    async def post_bytes(self, url: str, content: bytes, *, is_once: bool = True) -> Any:
        """Hand over bytes and read the answer."""
        request = Request(
            method="POST", url=url, headers={"Accept": BARE}, body=content, is_once=is_once
        )
        return await self._json(request)

    async def read_if_there(self, url: str) -> dict[str, Any]:
        """Read an object as it comes, with its eTag; an empty one if there is none."""
        try:
            reply = await self._json(Request(url=url, headers={"Accept": MINIMAL}))
        except Rejected as error:
            if error.provider_status != HTTPStatus.NOT_FOUND and error.code != "item_not_found":
                raise
            return {}
        return reply if isinstance(reply, dict) else {}
