"""Incoming: bytes that an action is given, streamed from whoever calls it, of any size.

In JSON they come whole, as base64 ([RFC 4648, 4](https://www.rfc-editor.org/rfc/rfc4648#section-4),
and its other alphabet).
"""

from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from fairlead.errors import CallerError


class Incoming:
    """Bytes on their way in.

    An action that takes some annotates one parameter with it. As its own name says, in JSON: a
    string of base64. The caller may send the bytes as they are instead; then they can be read once.
    """

    def __init__(self, content: bytes | AsyncIterator[bytes], size: int = 0) -> None:
        self._content = content
        #: may it be read again?
        self.is_whole = isinstance(content, bytes)
        #: bytes
        self.size = len(content) if isinstance(content, bytes) else size

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the bytes; CallerError (`body_incomplete`) if there are fewer or more of them."""
        if isinstance(self._content, bytes):
            yield self._content
            return
        left = self.size
        async for chunk in self._content:
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
        if left:
            raise CallerError(
                f"The body is not as long as it was announced; {self.size} bytes were.",
                code="body_incomplete",
            )

    async def read(self) -> bytes:
        """Return all of it, where it is known to be small."""
        return b"".join([chunk async for chunk in self.stream()])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(_incoming)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        del schema, handler
        return {"type": "string", "contentEncoding": "base64"}


def _incoming(value: object) -> Incoming:
    if isinstance(value, Incoming):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a string of base64")
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return Incoming(b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError as error:
        raise PydanticCustomError("base64", "Input should be base64") from error
