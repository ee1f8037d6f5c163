"""A transport without a network: a function answers, and every request is kept to be looked at."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from fairlead.model.exchange import Request


class FakeResponse:
    """An answer that is all there."""

    def __init__(self, status=200, body=b"", headers=(), *, url="", method="GET"):
        self.status = status
        self._body = body
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        self.headers = {name.lower(): value for name, value in pairs}
        self.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs
        ]
        self.url = url
        self.method = method
        self.is_closed = False

    async def stream(self):
        if self._body:
            yield self._body

    async def read(self):
        return self._body

    async def json(self):
        return orjson.loads(self._body)

    async def close(self):
        self.is_closed = True

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        await self.close()


@dataclass
class Sent:
    """One request as the transport got it."""

    request: Request
    options: dict[str, Any]
    form: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self):
        return {name.lower(): value for name, value in self.request.headers.items()}


class FakeTransport:
    """`answer(request)` gives a FakeResponse, a dict (JSON, 200), a (status, dict), or raises.

    `gate`, if set, holds every request until it is set.
    """

    def __init__(self, answer=None):
        self.answer = answer or (lambda request: {})
        self.sent: list[Sent] = []
        self.gate: asyncio.Event | None = None
        #: set when the first request came
        self.arrived = asyncio.Event()
        self.responses: list[FakeResponse] = []

    async def send(self, request, **options):
        form = dict(parse_qsl(request.body.decode())) if _is_form(request) else {}
        self.sent.append(Sent(request, options, form))
        self.arrived.set()
        if self.gate is not None:
            await asyncio.wait_for(self.gate.wait(), 10)
        given = self.answer(request)
        if isinstance(given, Exception):
            raise given
        status, body = given if isinstance(given, tuple) else (200, given)
        if not isinstance(body, FakeResponse):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            body = FakeResponse(status, content, {"Content-Type": "application/json"})
        body.url = body.url or request.url
        body.method = request.method
        self.responses.append(body)
        return body


def _is_form(request):
    return isinstance(request.body, bytes) and any(
        value.startswith("application/x-www-form-urlencoded") for value in request.headers.values()
    )


#: the grant is over
INVALID_GRANT = (400, {"error": "invalid_grant"})


def renewing(transport, *, expires_in=3600, **more):
    """Let the vendor give out at-1/rt-1, at-2/rt-2, ..."""

    def answer(_):
        number = len(transport.sent)
        return {
            "access_token": f"at-{number}",
            "refresh_token": f"rt-{number}",
            "expires_in": expires_in,
            **more,
        }

    transport.answer = answer


def token_of(credentials):
    """Return the access token in the open."""
    return credentials.access_token.get_secret_value()


def answers_in_turn(door, *answers):
    """Answer with each in turn, then with the last for ever."""

    def answer(_):
        given = answers[min(len(door.transport.sent), len(answers)) - 1]
        return given() if callable(given) else given

    door.transport.answer = answer


def status_of(status, **headers):
    """Make answers of a status, with headers whose names are spelt with `_`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: FakeResponse(status, b"body", named)


def tokens_sent(door):
    """Return what each request carried to prove who asks."""
    return [sent.headers.get("authorization") for sent in door.transport.sent]
