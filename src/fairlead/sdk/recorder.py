"""Recorder: passes a function's requests on, and keeps the exchanges since its last commit.

What was answered before a commit need not be answered again: a run resumes at its checkpoint. So
a long sync holds a page or two, not its whole life.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from fairlead.errors import FairleadError
from fairlead.model.exchange import Request, Response, Send
from fairlead.sdk.recording import RecordedError, RecordedExchange

#: bytes of answers kept at once
MOST_BYTES = 4 * 1024 * 1024
#: exchanges kept at once
MOST_EXCHANGES = 500


@dataclass(slots=True)
class _Heard:
    """An exchange as it went, not yet redacted: that is for failures only."""

    request: Request
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    is_read: bool = False
    error: FairleadError | None = None


class Recorder:
    """A Send that remembers; at most `most_bytes` of answers and `most_exchanges`."""

    def __init__(
        self,
        send: Send,
        *,
        checkpoint: bytes | None = None,
        most_bytes: int = MOST_BYTES,
        most_exchanges: int = MOST_EXCHANGES,
    ) -> None:
        self._send = send
        #: where the run would begin again
        self.checkpoint = checkpoint
        self._most_bytes = most_bytes
        self._most_exchanges = most_exchanges
        self._heard: list[_Heard] = []
        self._bytes = 0
        self._is_full = False
        #: how many were sent, ever
        self.requests = 0
        #: bytes of answers that were read, ever
        self.received = 0

    async def __call__(self, request: Request) -> Response:
        self.requests += 1
        # not its body, which may be a file
        heard = _Heard(replace(request, body=None))
        if len(self._heard) < self._most_exchanges:
            self._heard.append(heard)
        else:
            self._is_full = True
        try:
            answer = await self._send(request)
        except FairleadError as error:
            heard.error = error
            raise
        heard.status, heard.headers = answer.status, answer.headers
        return _Listening(answer, heard, self)

    def forget(self, checkpoint: bytes) -> None:
        """Drop what was heard: the run would begin again after it, at this checkpoint."""
        self.checkpoint = checkpoint
        self._heard.clear()
        self._bytes = 0
        self._is_full = False

    def keep(self, heard: _Heard, piece: bytes) -> None:
        """Note a piece of a body, if there is room."""
        if self._bytes + len(piece) > self._most_bytes:
            self._is_full = True
            heard.pieces.clear()
            return
        self._bytes += len(piece)
        heard.pieces.append(piece)

    def exchanges(self) -> list[RecordedExchange]:
        """Return what was heard, secrets removed."""
        return [_recorded(heard) for heard in self._heard]

    @property
    def is_complete(self) -> bool:
        """Was everything kept?"""
        return not self._is_full


def _recorded(heard: _Heard) -> RecordedExchange:
    method, url = heard.request.method.upper(), heard.request.url
    if heard.error is not None:
        shown = RecordedExchange.answered(method, url, 0, {}, b"")
        return shown.model_copy(update={"error": RecordedError.of(heard.error)})
    return RecordedExchange.answered(
        method, url, heard.status, heard.headers, b"".join(heard.pieces)
    )


class _Listening:
    """A response whose body is noted as it is read."""

    def __init__(self, answer: Response, heard: _Heard, recorder: Recorder) -> None:
        self._answer = answer
        self._heard = heard
        self._recorder = recorder
        self.status = answer.status
        self.raw_headers: Sequence[tuple[bytes, bytes]] = answer.raw_headers
        self.url = answer.url
        self.method = answer.method

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def stream(self) -> AsyncIterator[bytes]:
        is_noted = self._heard.is_read
        self._heard.is_read = True
        async for piece in self._answer.stream():
            self._recorder.received += len(piece)
            if not is_noted:
                self._recorder.keep(self._heard, piece)
            yield piece

    async def read(self) -> bytes:
        body = await self._answer.read()
        if not self._heard.is_read:
            self._heard.is_read = True
            self._recorder.received += len(body)
            self._recorder.keep(self._heard, body)
        return body

    async def json(self) -> Any:
        parsed = await self._answer.json()
        await self.read()
        return parsed

    async def close(self) -> None:
        await self._answer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
