"""Change things: JSON bodies, conditions, conflicts, and what is said about each part of a change.

https://learn.microsoft.com/graph/use-the-api#body. Whether a change may be sent again after it may
have been carried out is decided here: a POST or a PATCH never is, a PUT unless a second one would
make a second thing; a DELETE is, and then finds nothing, which is what was wanted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, Literal

from pydantic import BaseModel

from fairlead.errors import FairleadError, Rejected, Unavailable
from fairlead.model.exchange import Request
from fairlead_microsoft.graph import urls
from fairlead_microsoft.graph.caller import JSON, Caller, error_of
from fairlead_microsoft.graph.monitor import Accepted, Progress, watch
from fairlead_microsoft.graph.paging import M, entries_of, read_as

#: a model is written with the wire's names and without what it lacks, a mapping as it is
Body = BaseModel | Mapping[str, object]
#: what to do if the name is taken
Conflict = Literal["fail", "replace", "rename"]
CONFLICT = "@microsoft.graph.conflictBehavior"
#: times that a DELETE is sent whose answer was lost
_MOST_DELETES = 3


@dataclass(frozen=True, slots=True)
class Results(Generic[M]):
    """What became of each part of a change that may succeed in parts."""

    made: list[M]
    refused: list[FairleadError]


class Writer(Caller):
    """The half of Graph that changes things.

    Rejected, by code: `name_taken` and `conflict` (409), `resource_modified` (412),
    `resource_locked` (423), `item_not_found` (404), `access_denied` (403), `invalid_request` (400).
    """

    async def post(
        self,
        model: type[M],
        path: str,
        body: Body | None = None,
        *,
        if_match: str | None = None,
        prefer: str | None = None,
        **params: str | int | None,
    ) -> M:
        """Make something, or have something done, and read the answer."""
        reply = await self.post_json(path, body, if_match=if_match, prefer=prefer, **params)
        return read_as(model, reply)

    async def post_json(
        self,
        path: str,
        body: Body | None = None,
        *,
        if_match: str | None = None,
        prefer: str | None = None,
        **params: str | int | None,
    ) -> Any:
        """Make something; returns the answer as it comes, None if it is empty."""
        request = self._change("POST", path, body, if_match=if_match, prefer=prefer, params=params)
        return await self._json(request)

    async def post_each(self, model: type[M], path: str, body: Body) -> Results[M]:
        """Have several things done at once; some may be refused. If all are, that is the error."""
        request = self._change("POST", path, body)
        reply = await self._json(request)
        made: list[M] = []
        refused: list[FairleadError] = []
        for entry in entries_of(reply):
            if isinstance(entry.get("error"), dict):
                said = json.dumps({"error": entry["error"]}).encode()
                refused.append(error_of(request, HTTPStatus.MULTI_STATUS, said))
            else:
                made.append(read_as(model, entry))
        if refused and not made:
            raise refused[0]
        return Results(made, refused)

    async def patch(
        self,
        model: type[M],
        path: str,
        body: Body,
        *,
        if_match: str | None = None,
        prefer: str | None = None,
        **params: str | int | None,
    ) -> M:
        """Change something, only as it was at the eTag `if_match` if one is given."""
        reply = await self.patch_json(path, body, if_match=if_match, prefer=prefer, **params)
        return read_as(model, reply)

    async def patch_json(
        self,
        path: str,
        body: Body,
        *,
        if_match: str | None = None,
        prefer: str | None = None,
        **params: str | int | None,
    ) -> Any:
        """Change something; returns the answer as it comes, None if it is empty."""
        request = self._change("PATCH", path, body, if_match=if_match, prefer=prefer, params=params)
        return await self._json(request)

    async def put(
        self,
        model: type[M],
        path: str,
        content: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_match: str | None = None,
        conflict: Conflict = "replace",
    ) -> M:
        """Write bytes; `conflict` says what to do with what has that name."""
        url = urls.with_query(f"{self._root}{path}", {CONFLICT: conflict})
        headers = {**JSON, "Content-Type": content_type, **_condition(if_match)}
        # a second one of these would find the first one's file in its way
        is_once = conflict != "replace" or if_match is not None
        request = Request(method="PUT", url=url, headers=headers, body=content, is_once=is_once)
        return read_as(model, await self._json(request))

    async def delete(self, path: str, *, if_match: str | None = None) -> None:
        """Delete something, only as it was at the eTag `if_match` if one is given.

        If an answer was lost and the next one is that there is no such thing, it is done.
        """
        url = f"{self._root}{path}"
        request = Request(
            method="DELETE", url=url, headers={**JSON, **_condition(if_match)}, is_once=True
        )
        for attempt in range(1, _MOST_DELETES + 1):
            try:
                await self._json(request)
            except Unavailable:
                if attempt == _MOST_DELETES:
                    raise
                await self._sleep(float(2**attempt))
            except Rejected as error:
                if attempt > 1 and error.provider_status == HTTPStatus.NOT_FOUND:
                    return
                raise
            else:
                return

    async def start(
        self,
        path: str,
        body: Body,
        *,
        prefer: str | None = None,
        **params: str | int | None,
    ) -> Accepted:
        """Have something done that takes its time (202); `wait_for` says how it ended."""
        request = self._change("POST", path, body, prefer=prefer, params=params)
        response = await self._call(request)
        async with response:
            return Accepted(response.status, response.headers.get("location"))

    async def wait_for(self, location: str, *, longest_seconds: float = 600.0) -> Progress:
        """Ask at a monitor's address until the work has ended, or the time is over.

        Rejected says why the work failed. No credentials go there: the address is secret.
        https://learn.microsoft.com/graph/long-running-actions-overview
        """
        return await watch(self._call, self._sleep, location, longest_seconds=longest_seconds)

    def _change(
        self,
        method: str,
        path: str,
        body: Body | None,
        *,
        if_match: str | None = None,
        prefer: str | None = None,
        params: Mapping[str, str | int | None] | None = None,
    ) -> Request:
        headers = {**JSON, **_condition(if_match)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if prefer is not None:
            headers["Prefer"] = prefer
        return Request(
            method=method,
            url=urls.with_query(f"{self._root}{path}", params or {}),
            headers=headers,
            body=None if body is None else _encoded(body),
        )


def given(**fields: object) -> dict[str, object]:
    """Return the fields that were given: a body without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def _condition(e_tag: str | None) -> dict[str, str]:
    """Return the header; an eTag is quoted, though Graph's own objects often leave that out.

    https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3
    """
    if e_tag is None:
        return {}
    is_quoted = e_tag == "*" or e_tag.startswith(('"', 'W/"'))
    return {"If-Match": e_tag if is_quoted else f'"{e_tag}"'}


def _encoded(body: Body) -> bytes:
    return json.dumps(body, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")
