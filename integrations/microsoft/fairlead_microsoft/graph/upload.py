"""Upload a file of any size: small ones at once, others in pieces that go on after a cut.

https://learn.microsoft.com/graph/api/driveitem-put-content,
https://learn.microsoft.com/graph/api/driveitem-createuploadsession. The session's address takes the
bytes without a token, and tells which it still waits for; pieces are multiples of 320 KiB, or the
largest files fail in the end (https://github.com/OneDrive/onedrive-api-docs/issues/686).
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic

from fairlead.errors import FairleadError, ProviderError, ReconnectRequired, Rejected, Unavailable
from fairlead.model.exchange import Request
from fairlead.sdk import Incoming, Shape
from fairlead_microsoft.graph.caller import JSON
from fairlead_microsoft.graph.paging import M, read_as
from fairlead_microsoft.graph.source import Source
from fairlead_microsoft.graph.writer import CONFLICT, Conflict, Writer

#: bytes that go up in one request; more of them in pieces
LARGEST_AT_ONCE = 4 * 1024 * 1024
#: bytes of a piece: a multiple of 320 KiB, below 60 MiB
PIECE = 32 * 327_680
#: cuts in a row, without a byte having arrived between them, before the upload is given up
MOST_CUTS = 5
_LONGEST_WAIT = 30.0


class Session(Shape):
    """An upload under way."""

    upload_url: str
    next_expected_ranges: list[str] | None = None


class _ForgottenError(Exception):
    """Microsoft no longer knows a session, and the file is not there."""


class Uploader(Writer):
    """The part of Graph that takes files."""

    async def upload(
        self,
        model: type[M],
        path: str,
        content: bytes | Incoming,
        *,
        content_type: str = "application/octet-stream",
        conflict: Conflict = "replace",
        if_match: str | None = None,
    ) -> M:
        """Write a file at a path (`.../items/{id}:/{name}:`) and return it.

        An upload that Microsoft forgets on the way begins anew once, if a second one does no harm
        and the bytes are still there. Unavailable, code `upload_uncertain`: it was forgotten, and
        the file there may or may not be the one that was sent. Of bytes that stream in, a piece is
        held in memory, no more.
        """
        if isinstance(content, Incoming) and content.is_whole:
            content = await content.read()
        if (content.size if isinstance(content, Incoming) else len(content)) <= LARGEST_AT_ONCE:
            return await self.put(
                model,
                f"{path}/content",
                content if isinstance(content, bytes) else await content.read(),
                content_type=content_type,
                conflict=conflict,
                if_match=if_match,
            )
        for is_last in (False, True):
            session = await self.post(
                Session,
                f"{path}/createUploadSession",
                {"item": {CONFLICT: conflict}},
                if_match=if_match,
            )
            source = Source(content, PIECE)
            upload = _Upload(self, model, path, source, session.upload_url, conflict)
            try:
                return await upload.run()
            except _ForgottenError as lost:
                if is_last or conflict != "replace" or not source.is_whole:
                    raise Unavailable(
                        "Microsoft no longer knows the upload; look whether the file is there, and "
                        "upload it again if not.",
                        code="upload_uncertain",
                    ) from lost
            except FairleadError:
                await upload.give_up()
                raise
        raise AssertionError("the second try returns or raises")

    async def bare_json(self, request: Request) -> Any:
        """Send to an address that says itself who may, and read the answer."""
        try:
            return await self._json(request)
        except ReconnectRequired as error:
            # it took no token, so there is none to be refused
            raise ProviderError(
                "Microsoft takes no more bytes for this upload; begin it again.",
                code="upload_closed",
                provider_status=HTTPStatus.UNAUTHORIZED,
                detail=error.detail,
            ) from error

    async def read_if_there(self, path: str) -> dict[str, Any]:
        """Read an object as it comes; an empty one if there is none."""
        try:
            reply = await self._json(Request(url=f"{self._root}{path}", headers=JSON))
        except Rejected as error:
            if error.provider_status != HTTPStatus.NOT_FOUND:
                raise
            return {}
        return reply if isinstance(reply, dict) else {}

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._sleep(seconds)


@dataclass(slots=True)
class _Upload(Generic[M]):
    """One session, from its first byte to its last."""

    api: Uploader
    model: type[M]
    path: str
    source: Source
    url: str
    conflict: Conflict
    #: bytes that have arrived
    start: int = 0

    async def run(self) -> M:
        """Send what is missing until the file is there."""
        cuts = 0
        while True:
            try:
                made = await self._send_piece()
            except Unavailable:
                cuts += 1
                if cuts > MOST_CUTS:
                    raise
                await self.api.pause(min(2.0**cuts, _LONGEST_WAIT))
                before = self.start
                if (found := await self._look()) is not None:
                    return found
                if self.start > before:
                    cuts = 0
                continue
            if made is not None:
                return made
            cuts = 0

    async def _send_piece(self) -> M | None:
        """Send the next piece; the file, if that was the last one."""
        total = self.source.total
        piece = await self.source.piece(self.start)
        last = self.start + len(piece) - 1
        request = Request(
            method="PUT",
            url=self.url,
            headers={**JSON, "Content-Range": f"bytes {self.start}-{last}/{total}"},
            body=piece,
            is_bare=True,
            # what has arrived is asked for before anything is sent again
            is_once=True,
        )
        try:
            reply = await self.api.bare_json(request)
        except Rejected as error:
            if error.provider_status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                # it has more, or less, than was thought
                raise Unavailable("The upload lost its place; try again later.") from error
            if error.provider_status == HTTPStatus.NOT_FOUND:
                raise _ForgottenError from error
            raise
        if isinstance(reply, dict) and "id" in reply:
            await self.source.end()
            return read_as(self.model, reply)
        self.start = _waits_for(reply, default=last + 1)
        return None

    async def _look(self) -> M | None:
        """Ask which bytes have arrived; the file, if all of them have and it is there."""
        try:
            reply = await self.api.bare_json(Request(url=self.url, headers=JSON, is_bare=True))
        except Unavailable:
            return None
        except Rejected as error:
            if error.provider_status == HTTPStatus.NOT_FOUND:
                return await self._found()
            raise
        self.start = _waits_for(reply, default=self.start)
        return None

    async def _found(self) -> M:
        """Return the file of a session that is over: the answer to its last piece was lost."""
        # under another name it could be any file
        item = {} if self.conflict == "rename" else await self.api.read_if_there(self.path)
        hashes = (item.get("file") or {}).get("hashes") or {}
        if hashes.get("quickXorHash") != self.source.digest():
            raise _ForgottenError
        return read_as(self.model, item)

    async def give_up(self) -> None:
        """Tell the session that nothing more comes, so that the bytes it has take no room."""
        try:
            await self.api.bare_json(Request(method="DELETE", url=self.url, is_bare=True))
        except ProviderError:
            return  # it ends by itself, in a quarter of an hour


def _waits_for(reply: object, *, default: int) -> int:
    """Return the first byte that a session waits for (`327680-999999`, `0-`)."""
    ranges = reply.get("nextExpectedRanges") if isinstance(reply, dict) else None
    first = str(ranges[0]).partition("-")[0] if isinstance(ranges, list) and ranges else ""
    return int(first) if first.isdigit() else default
