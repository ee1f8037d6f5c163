"""Upload a file of any size: small ones at once, others in chunks that go on after a cut.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
(`AddUsingPath`, `StartUpload`, `ContinueUpload`, `FinishUpload`, `CancelUpload`). Chunks replace
what is in a file that is there already: of a new one, an empty file comes first. Nobody tells how
far an upload has come, so a chunk whose answer was lost is sent again: if it had arrived, it is
refused, because the service waits for the following one.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from fairlead.errors import FairleadError, ProviderError, Rejected, Unavailable
from fairlead.sdk import Incoming
from fairlead_microsoft.graph.source import Source
from fairlead_microsoft.graph.upload import MOST_CUTS, PIECE
from fairlead_microsoft.graph.writer import Conflict
from fairlead_microsoft.rest.places import Web, guid, quoted
from fairlead_microsoft.rest.reading import ETAG
from fairlead_microsoft.rest.writer import RestWriter

#: bytes that go up in one request; more of them in chunks, at least two
LARGEST_AT_ONCE = PIECE
#: bytes of a file that hangs on a row
LARGEST_ATTACHMENT = 250 * 1024 * 1024
_LONGEST_WAIT = 30.0


class RestUploader(RestWriter):
    """The part of `_api` that takes files."""

    async def upload(
        self,
        web: Web,
        folder: str,
        name: str,
        content: bytes | Incoming,
        *,
        conflict: Conflict = "replace",
        if_match: str | None = None,
    ) -> dict[str, Any]:
        """Write a file into a folder (its address) and return it as it comes, with its eTag.

        With `if_match`, only if that is the eTag of the file there; of larger ones it is compared
        before the first chunk goes. Unavailable, code `upload_uncertain`: an answer was lost and
        the file there may or may not be the one that was sent. Of bytes that stream in, a chunk is
        held in memory, no more.
        """
        if isinstance(content, Incoming) and content.is_whole:
            content = await content.read()
        size = content.size if isinstance(content, Incoming) else len(content)
        if size <= LARGEST_AT_ONCE:
            whole = content if isinstance(content, bytes) else await content.read()
            if if_match is None:
                return await self._added(folder, name, whole, conflict)
            url = f"{folder}/files({quoted(name)})"
            await self.put_bytes(f"{url}/$value", whole, if_match=if_match)
            return await self.read_if_there(url)
        existing: dict[str, Any] = {}
        if conflict == "replace":
            existing = await self.read_if_there(f"{folder}/files({quoted(name)})")
        if if_match is not None and existing.get(ETAG, existing.get("ETag")) != if_match:
            raise Rejected(
                "The file has changed meanwhile; the caller must read it again.",
                code="resource_modified",
                who="caller",
                provider_status=412,
            )
        start = existing or await self._added(folder, name, b"", conflict)
        unique_id = _unique_id(start)
        upload = _Upload(self, web.file_by_id(unique_id), Source(content, PIECE), start)
        try:
            return await upload.run()
        except FairleadError:
            await upload.give_up(is_new=not existing)
            raise

    async def _added(
        self, folder: str, name: str, content: bytes, conflict: Conflict
    ) -> dict[str, Any]:
        flags = {
            "replace": "overwrite=true",
            "fail": "overwrite=false",
            "rename": "overwrite=false,ensureuniquefilename=true",
        }[conflict]
        url = f"{folder}/files/addusingpath(decodedurl={quoted(name)},{flags})"
        # a second one of these would find the first one's file in its way
        made = await self.post_bytes(url, content, is_once=conflict != "replace")
        if not isinstance(made, dict) or guid(str(made.get("UniqueId"))) is None:
            raise ProviderError(
                "SharePoint did not say which file it made; look whether it is there.",
                code="unexpected_reply",
            )
        return made

    def new_upload_id(self) -> UUID:
        """Return an id for an upload."""
        return self._new_id()


@dataclass(slots=True)
class _Upload:
    """One upload in chunks, from its first byte to its last."""

    api: RestUploader
    #: address of the file
    file: str
    source: Source
    #: the file as it was before
    before: dict[str, Any]
    id: UUID | None = None
    #: bytes that have arrived
    start: int = 0

    async def run(self) -> dict[str, Any]:
        """Send what is missing until the file is there."""
        while self.start < self.source.total:
            piece = await self.source.piece(self.start)
            if self.start + len(piece) >= self.source.total:
                await self.source.end()
            await self._arrive(piece)
            self.start += len(piece)
        return await self._result()

    async def _arrive(self, piece: bytes) -> None:
        """Send a chunk until it has arrived, whatever becomes of the answers."""
        is_last = self.start + len(piece) >= self.source.total
        for cuts in count(1):
            try:
                await self._send(piece, is_last=is_last)
            except Unavailable:
                if cuts > MOST_CUTS:
                    raise
                await self.api.pause(min(2.0**cuts, _LONGEST_WAIT))
                if is_last and await self._is_there():
                    return
            except Rejected as error:
                # sent again, and it had arrived: the service waits for the following one
                if cuts == 1 or self.start == 0 or error.code == "access_denied":
                    raise
                return
            else:
                return

    async def _send(self, piece: bytes, *, is_last: bool) -> None:
        if self.start == 0:
            # an upload whose beginning is uncertain is begun anew
            self.id = self.api.new_upload_id()
            await self.api.post_bytes(f"{self.file}/startupload(uploadid=guid'{self.id}')", piece)
            return
        step = "finishupload" if is_last else "continueupload"
        url = f"{self.file}/{step}(uploadid=guid'{self.id}',fileoffset={self.start})"
        await self.api.post_bytes(url, piece)

    async def _is_there(self) -> bool:
        """Say whether the file holds what was sent, though the answer was lost."""
        try:
            now = await self.api.read_if_there(self.file)
        except Unavailable:
            return False
        return _length(now) == self.source.total and now.get("ETag") != self.before.get("ETag")

    async def _result(self) -> dict[str, Any]:
        now = await self.api.read_if_there(self.file)
        if _length(now) != self.source.total:
            raise Unavailable(
                "SharePoint lost the place of the upload; upload the file again.",
                code="upload_uncertain",
            )
        return now

    async def give_up(self, *, is_new: bool) -> None:
        """Tell the service that nothing more comes; a file that was made for it goes, too."""
        try:
            if self.id is not None:
                await self.api.post_json(f"{self.file}/cancelupload(uploadid=guid'{self.id}')")
            if is_new:
                await self.api.delete(self.file)
        except ProviderError:
            return  # its chunks are forgotten by themselves


def _length(file: dict[str, Any]) -> int:
    said = str(file.get("Length", ""))
    return int(said) if said.isdigit() else -1


def _unique_id(file: dict[str, Any]) -> UUID:
    found = guid(str(file.get("UniqueId", "")))
    if found is None:
        raise Rejected(
            "SharePoint has no such file; the caller must check its name.",
            code="item_not_found",
            who="caller",
            provider_status=404,
        )
    return found
