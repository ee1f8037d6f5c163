"""Recording: what one run asked the vendor and was answered, without secrets, to run it again.

Requests are noted as a function makes them, so credentials, which are added later, are never
seen; addresses, headers and bodies then lose whatever is secret by its name or shape
(`http/redact.py`). Of what is not text only the length is kept.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

import orjson
from pydantic import Field, ValidationError

from fairlead import errors
from fairlead.errors import FairleadError, InvalidInput, ProviderError, Throttled
from fairlead.http.redact import redact, redact_headers, redact_json, redact_url
from fairlead.model.run import RunFailure
from fairlead.sdk.shapes import Shape

#: headers about the body as it travelled; it is kept as it was read
_FRAMING = {"content-encoding", "content-length", "transfer-encoding", "connection"}


class RecordedError(Shape):
    """What sending raised instead of an answer."""

    kind: str
    code: str
    message: str
    retry_after: float | None = None
    provider_status: int | None = None

    @classmethod
    def of(cls, error: FairleadError) -> Self:
        """Note an error, secrets removed."""
        return cls(
            kind=type(error).__name__,
            code=error.code,
            message=redact(error.message),
            retry_after=getattr(error, "retry_after", None),
            provider_status=getattr(error, "provider_status", None),
        )

    def again(self) -> FairleadError:
        """Return the error as it was raised."""
        kind = getattr(errors, self.kind, FairleadError)
        if not (isinstance(kind, type) and issubclass(kind, FairleadError)):
            kind = FairleadError
        more: dict[str, Any] = {}
        if issubclass(kind, ProviderError):
            more["provider_status"] = self.provider_status
        if issubclass(kind, Throttled):
            more["retry_after"] = self.retry_after
        return kind(self.message, code=self.code, **more)


class RecordedExchange(Shape):
    """One request and its answer; of the bodies at most one is set."""

    url: str
    method: str = "GET"
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    #: body that is JSON
    json_: Any = None
    #: body that is another text
    text: str | None = None
    #: length of a body that is neither, or was not read to its end
    left_out_bytes: int | None = None
    error: RecordedError | None = None

    @classmethod
    def answered(
        cls, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> Self:
        """Note an answer, secrets removed."""
        kept = {name: value for name, value in headers.items() if name.lower() not in _FRAMING}
        shown: dict[str, Any] = {
            "url": redact_url(url),
            "method": method,
            "status": status,
            "headers": redact_headers(kept),
        }
        if not body:
            return cls(**shown)
        try:
            return cls(**shown, json_=redact_json(orjson.loads(body)))
        except orjson.JSONDecodeError:
            pass
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return cls(**shown, left_out_bytes=len(body))
        if "\0" in text:
            return cls(**shown, left_out_bytes=len(body))
        return cls(**shown, text=redact(text))

    @property
    def body(self) -> bytes:
        """The body as it is given again."""
        if self.left_out_bytes is not None:
            return bytes(self.left_out_bytes)
        if self.text is not None:
            return self.text.encode()
        return b"" if self.json_ is None else orjson.dumps(self.json_)


class Recording(Shape):
    """Everything that a function needs to run again without the vendor."""

    kind: Literal["sync", "action"]
    function: str
    provider: str
    variant: str = "base"
    #: name of the connection; nothing is asked of it
    connection_id: str = "recorded"
    metadata: dict[str, Any] = Field(default_factory=dict)
    connection_config: dict[str, Any] = Field(default_factory=dict)
    #: where the sync began, None = at the start
    checkpoint: Any = None
    #: of an action
    input: Any = None
    failure: RunFailure | None = None
    exchanges: list[RecordedExchange] = Field(default_factory=list)
    #: False: there was more than may be kept, or a body was not read
    is_complete: bool = True

    @property
    def position(self) -> bytes | None:
        """The checkpoint as the engine hands it over."""
        return None if self.checkpoint is None else orjson.dumps(self.checkpoint)

    def dumped(self) -> bytes:
        """Return it as JSON, for a file."""
        values = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return orjson.dumps(values, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, content: bytes, name: str = "The recording") -> Self:
        """Read JSON that `dumped` wrote, or a person; InvalidInput says what is off."""
        try:
            return cls.model_validate(orjson.loads(content))
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"{name} is not JSON: {error}.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "value"
            raise InvalidInput(f"{name}: {where}: {first['msg']}.") from error
