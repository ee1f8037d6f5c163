"""Sends a POST to a receiver on this machine. Others are out of bounds for an emulator.

RFC 9112 as far as one request on one connection needs it. Certificates are not looked at: on the
loopback nobody could have a public one.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

PATIENCE = 10.0  # seconds that a receiver has
MAX_BODY = 64 * 1024  # bytes of an answer that are read

Post = Callable[[str, dict[str, str], bytes], Awaitable["Answer"]]


class Unreachable(Exception):
    """Nobody answered; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said, and how long that took."""

    status: int
    content_type: str = ""
    body: bytes = b""
    seconds: float = 0.0


async def post(url: str, headers: dict[str, str], body: bytes) -> Answer:
    """Send a POST and return the answer; Unreachable when there is none in time."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as broken:
        raise Unreachable(f"the address is malformed: {broken}") from broken
    host = _loopback(parts)
    is_secure = parts.scheme == "https"
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(
                host,
                port or (443 if is_secure else 80),
                ssl=_lenient() if is_secure else None,
                server_hostname=parts.hostname if is_secure else None,
            )
            try:
                writer.write(_request(parts, headers, body))
                await writer.drain()
                status, content_type, answer = await _response(reader)
            finally:
                writer.close()
    except TimeoutError as late:
        raise Unreachable("timed out") from late
    except (OSError, asyncio.IncompleteReadError, ValueError) as broken:
        raise Unreachable(str(broken) or "the connection broke off") from broken
    return Answer(status, content_type, answer, time.monotonic() - began)


def _loopback(parts: SplitResult) -> str:
    name = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not name:
        raise Unreachable("the address is none of http or https")
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"
    try:
        if ip_address(name).is_loopback:
            return name
    except ValueError:
        pass
    raise Unreachable(f"{name} is not this machine, and nothing else is called")


def _lenient() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _request(parts: SplitResult, headers: dict[str, str], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"POST {target} HTTP/1.1",
        f"host: {parts.netloc}",
        "connection: close",
        "user-agent: Microsoft Graph (m365sim)",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _response(reader: asyncio.StreamReader) -> tuple[int, str, bytes]:
    status = int(b"".join((await reader.readline()).split()[1:2]))
    headers: dict[str, str] = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    elif "content-length" in headers:
        body = await reader.readexactly(min(int(headers["content-length"]), MAX_BODY))
    else:
        body = await reader.read(MAX_BODY)
    return status, headers.get("content-type", ""), body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while len(whole) < MAX_BODY:
        size = int((await reader.readline()).partition(b";")[0], 16)
        if size == 0:
            break
        whole += await reader.readexactly(size)
        await reader.readline()
    return bytes(whole)
