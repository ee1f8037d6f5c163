"""Several requests in one: each is served, throttled and hit by faults as if it had come alone.

https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import orjson

from m365sim.faults import CutConnection, Scope, Send
from m365sim.graph.call import Call
from m365sim.graph.reply import GraphError, Reply, json_reply

MAX_REQUESTS = 20

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SAFE = "/:!,()'$@?&=%*+;~[]"  # of an address that may hold spaces or umlauts as they are
_SPELLED = {
    "odata-version": "OData-Version",
    "etag": "ETag",
    "www-authenticate": "WWW-Authenticate",
}
_LOWER = ("x-ms-", "request-id", "client-request-id")


@dataclass(frozen=True, slots=True)
class _Step:
    id: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    depends_on: tuple[str, ...]


async def run_batch(call: Call) -> Reply:
    """Serve the requests of a batch; their answers come in no order."""
    steps = _in_order(_read(call, await call.json()))
    answers: dict[str, dict[str, Any]] = {}
    for step in steps:
        if any(answers[earlier.lower()]["status"] >= 400 for earlier in step.depends_on):
            answers[step.id.lower()] = _failed_dependency(step)
        else:
            answers[step.id.lower()] = await _served(call, step)
    shuffled = list(answers.values())
    call.world.rng.shuffle(shuffled)
    return json_reply({"responses": shuffled})


def _read(call: Call, body: dict[str, Any]) -> list[_Step]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise _malformed("Invalid batch payload format.")
    if len(requests) > MAX_REQUESTS:
        raise _malformed(f"Number of batch request steps exceeds the maximum of {MAX_REQUESTS}.")
    prefix = call.address.resource.rpartition("/")[0]  # /v1.0, or /sites/x/_api/v2.0
    steps = [_step(request, prefix, call) for request in requests]
    ids = [step.id.lower() for step in steps]
    if len(set(ids)) < len(ids):
        raise _malformed("Batch request ids must be unique.")
    for step in steps:
        if unknown := [one for one in step.depends_on if one.lower() not in ids]:
            raise _malformed(f"Request {step.id} depends on {unknown[0]}, which is not there.")
    return steps


def _step(request: Any, prefix: str, call: Call) -> _Step:
    if not isinstance(request, dict) or not isinstance(request.get("id"), str):
        raise _malformed("Every request of a batch needs an id, which is a string.")
    method, url = str(request.get("method", "")).upper(), request.get("url")
    if method not in _METHODS or not isinstance(url, str):
        raise _malformed(f"Request {request['id']} needs a method and a url.")
    if "://" in url.partition("?")[0] or url.lstrip("/").lower().startswith("$batch"):
        raise _malformed(f"The url of request {request['id']} must be relative.")
    given = request.get("headers") or {}
    depends = request.get("dependsOn") or []
    if not isinstance(given, dict) or not isinstance(depends, list):
        raise _malformed(f"Request {request['id']} is malformed.")
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    body = b""
    if "body" in request and request["body"] is not None:
        if "content-type" not in headers:
            raise _malformed(f"Request {request['id']} has a body but no Content-Type header.")
        body = _bytes_of(request["body"], headers["content-type"])
    for name in ("authorization", "host"):
        if name in call.headers:
            headers.setdefault(name, call.headers[name])
    path, _, query = quote(url, safe=_SAFE).partition("?")
    return _Step(
        request["id"],
        method,
        f"{prefix}/{path.lstrip('/')}",
        query,
        headers,
        body,
        tuple(map(str, depends)),
    )


def _bytes_of(body: Any, content_type: str) -> bytes:
    if not isinstance(body, str) or content_type.startswith("application/json"):
        return orjson.dumps(body)
    try:
        standard = body.replace("-", "+").replace("_", "/")
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as broken:
        raise _malformed("A body that is not JSON must be in base64.") from broken


def _in_order(steps: list[_Step]) -> list[_Step]:
    """Sort so that each comes after those it depends on; a circle is malformed."""
    ordered: list[_Step] = []
    waiting = list(steps)
    while waiting:
        done = {step.id.lower() for step in ordered}
        ready = [s for s in waiting if all(one.lower() in done for one in s.depends_on)]
        if not ready:
            raise _malformed("The requests of the batch depend on each other in a circle.")
        ordered += ready
        waiting = [step for step in waiting if step not in ready]
    return ordered


async def _served(call: Call, step: _Step) -> dict[str, Any]:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": step.method,
        "scheme": call.origin.partition(":")[0],
        "path": unquote(step.path),
        "raw_path": step.path.encode(),
        "root_path": "",
        "query_string": step.query.encode(),
        "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in step.headers.items()],
    }
    heard = _Heard()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": step.body, "more_body": False}

    if call.serve is None:
        raise GraphError(501, "notSupported", "This host serves no batches.")
    try:
        await call.serve(scope, receive, heard.send)
    except CutConnection:
        heard = _Heard(504)  # the batch as a whole arrives, with one answer missing
    return heard.answer(step)


class _Heard:
    """Takes in what a request of the batch is answered."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    @property
    def send(self) -> Send:
        return self._send

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            raw = message.get("headers", ())
            self.headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in raw}
        else:
            self.body += message.get("body", b"")

    def answer(self, step: _Step) -> dict[str, Any]:
        kind = self.headers.get("content-type", "")
        shown = {_spelled(n): v for n, v in self.headers.items() if n != "content-length"}
        answer: dict[str, Any] = {"id": step.id, "status": self.status, "headers": shown}
        if self.body and "json" in kind:
            answer["body"] = orjson.loads(bytes(self.body))
        elif self.body:
            answer["body"] = base64.b64encode(bytes(self.body)).decode()
        return answer


def _spelled(name: str) -> str:
    if name in _SPELLED:
        return _SPELLED[name]
    return name if name.startswith(_LOWER) else name.title()


def _failed_dependency(step: _Step) -> dict[str, Any]:
    error = {
        "code": "FailedDependency",
        "message": "The request was not made, because one that it depends on failed.",
    }
    headers = {"Content-Type": "application/json"}
    return {"id": step.id, "status": 424, "headers": headers, "body": {"error": error}}


def _malformed(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)
