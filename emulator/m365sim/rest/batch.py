"""`$batch`: many requests in one, as parts of a MIME message.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/make-batch-requests-with-the-rest-apis,
https://www.odata.org/documentation/odata-version-3-0/batch-processing/. Nothing is rolled back, and
the answers come one after the other without the change sets around them: so the service has it, and
so its clients read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from m365sim.faults import Receive
from m365sim.graph.reply import Reply
from m365sim.rest.address import split
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, bad_query

MAX_PARTS, MAX_CHANGES = 100, 1000
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_REQUEST = re.compile(r"(?P<method>[A-Za-z]+)\s+(?P<url>\S+)\s+HTTP/1\.\d\s*")
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A request within a batch."""

    method: str
    site: str  # path of the site
    rest: str  # what follows `_api/`
    path: str  # both, as they were sent
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    def receive(self) -> Receive:
        """Return what hands out the body, as a server would."""

        async def one() -> dict[str, object]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        return one


async def read_batch(call: Call) -> list[Part]:
    """Read the requests of a batch, those of change sets in their place."""
    found = _BOUNDARY.search(call.headers.get("content-type", ""))
    if found is None or "multipart/mixed" not in call.headers.get("content-type", "").lower():
        raise RestError(
            415,
            "-1, Microsoft.SharePoint.Client.ClientServiceException",
            "The HTTP header Content-Type is missing or its value is invalid.",
        )
    body = b"".join([chunk async for chunk in call.chunks(_MAX_BYTES)])
    parts: list[Part] = []
    outer = _split(body, found[1])
    if len(outer) > MAX_PARTS:
        raise bad_query(
            "The current batch message contains too many parts. A maximum number of "
            f"'{MAX_PARTS}' query operations and change sets are allowed in a batch message."
        )
    for raw in outer:
        head, content = _head(raw)
        kind = head.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            inner = _BOUNDARY.search(kind)
            if inner is None:
                raise bad_query("A change set has no boundary.")
            changes = _split(content, inner[1])
            if len(changes) > MAX_CHANGES:
                raise bad_query(
                    "The current change set contains too many operations. A maximum number of "
                    f"'{MAX_CHANGES}' operations are allowed in a change set."
                )
            for change in changes:
                part = _part(_head(change)[1])
                if part.method == "GET":
                    raise bad_query("A change set must not hold requests that only read.")
                parts.append(part)
        else:
            parts.append(_part(content))
    return parts


def write_batch(answers: list[Reply], mark: str) -> Reply:
    """Write the answers to the requests of a batch."""
    boundary = f"batchresponse_{mark}"
    lines: list[bytes] = []
    for one in answers:
        lines += [
            f"--{boundary}".encode(),
            b"Content-Type: application/http",
            b"Content-Transfer-Encoding: binary",
            b"",
            f"HTTP/1.1 {one.status} {HTTPStatus(one.status).phrase}".encode(),
            *(n.upper() + b": " + value for n, value in one.headers if n != b"content-length"),
            b"",
            one.whole(),
        ]
    lines += [f"--{boundary}--".encode(), b""]
    kind = f"multipart/mixed; boundary={boundary}".encode()
    return Reply(200, b"\r\n".join(lines), [(b"content-type", kind)])


def _split(body: bytes, boundary: str) -> list[bytes]:
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(?P<end>--)?[ \t]*")
    found = list(mark.finditer(body))
    if len(found) < 2 or not found[-1]["end"]:
        raise bad_query("The batch message is malformed: its boundary was not found.")
    return [body[one.end() : following.start()] for one, following in pairwise(found)]


def _head(raw: bytes) -> tuple[dict[str, str], bytes]:
    """Split a part into its headers and what follows."""
    raw = raw.lstrip(b"\r\n")
    found = _EMPTY_LINE.search(raw)
    if found is None:
        return {}, raw
    return _headers(raw[: found.start()].decode("latin-1").splitlines()), raw[found.end() :]


def _headers(lines: list[str]) -> dict[str, str]:
    read = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            read[name.strip().lower()] = value.strip()
    return read


def _part(raw: bytes) -> Part:
    raw = raw.lstrip(b"\r\n")
    found = _EMPTY_LINE.search(raw)
    head, body = (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")
    first, *rest = head.decode("utf-8", "replace").strip().splitlines() or [""]
    line = _REQUEST.fullmatch(first.strip())
    if line is None:
        raise bad_query(f"Invalid HTTP request line: '{first.strip()}'.")
    parts = urlsplit(line["url"])
    where = split(unquote(parts.path))
    if where is None:
        raise bad_query(f"'{line['url']}' is no address of the service.")
    method = line["method"].upper()
    return Part(method, where[0], where[1], parts.path, parts.query, _headers(rest), body.strip())
