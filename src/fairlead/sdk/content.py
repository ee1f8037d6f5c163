"""Content: bytes that an action returns, streamed to whoever takes them as they are.

Who takes JSON gets them as base64 ([RFC 4648, 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)),
up to a size that may be held in memory.
"""

from base64 import b64encode
from collections.abc import AsyncIterator

from fairlead.errors import ActionFailed
from fairlead.model.exchange import Response
from fairlead.sdk.shapes import Record

#: bytes that are handed over as text
LARGEST_AS_TEXT = 10 * 1024 * 1024


class EncodedContent(Record):
    """Bytes as text."""

    #: base64
    content: str
    #: bytes before base64
    size: int
    mime_type: str | None = None


class Content:
    """The body of a vendor's answer, not read yet.

    An action that is annotated with it has `EncodedContent` for its output.
    """

    def __init__(self, response: Response) -> None:
        self._response = response
        headers = response.headers
        self.mime_type = headers.get("content-type")
        length = headers.get("content-length", "")
        #: bytes, None if the vendor did not say
        self.size = int(length) if length.isdigit() else None

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive; close it afterwards."""
        return self._response.stream()

    async def close(self) -> None:
        """Give the connection back."""
        await self._response.close()

    async def encoded(self) -> EncodedContent:
        """Read all of it, and close it; ActionFailed (`file_too_large`) beyond what is sensible."""
        content = bytearray()
        async with self._response:
            async for chunk in self.stream():
                content += chunk
                if len(content) > LARGEST_AS_TEXT:
                    raise ActionFailed(
                        f"The content is larger than {LARGEST_AS_TEXT} bytes; send the header "
                        "`Accept: application/octet-stream` to get it as it is, streamed.",
                        code="file_too_large",
                    )
        text = b64encode(content).decode()
        return EncodedContent(content=text, size=len(content), mime_type=self.mime_type)
