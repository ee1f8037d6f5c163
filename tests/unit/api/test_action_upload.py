"""An action that is given a file: streamed, of any size, in a little memory."""

import base64
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fairlead.sdk import input_schema
from fairlead.store import runs

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
BYTES = {"Content-Type": "application/octet-stream", "Action-Name": "weigh"}
PIECE = bytes(1_000_000)


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def send(world: Any, content: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.client.post(
        "/action/trigger", content=content, headers=AS_C1 | BYTES | named
    )


async def test_bytes_and_the_rest_of_the_input(world: Any) -> None:
    answer = await send(world, b"hello", Action_Input='{"label":"a \\u00e4"}')
    assert (answer.status_code, answer.json()) == (
        200,
        {"label": "a ä", "size": 5, "isWhole": False},
    )
    async with world.services.db.read() as tx:
        run = await runs.latest(tx, 1, "weigh")
    # the file is not kept
    assert run.input == {"label": "a ä"}
    assert run.output["size"] == 5
    # as most clients write it, in UTF-8
    headers = [*(AS_C1 | BYTES).items(), (b"Action-Input", '{"label":"ä"}'.encode())]
    answer = await world.client.post("/action/trigger", content=b"", headers=headers)
    assert answer.json() == {"label": "ä", "size": 0, "isWhole": False}


async def test_the_same_action_takes_base64(world: Any) -> None:
    body = {"action_name": "weigh", "input": {"content": base64.b64encode(b"hello").decode()}}
    answer = await world.client.post("/action/trigger", json=body, headers=AS_C1)
    assert answer.json() == {"label": "", "size": 5, "isWhole": True}
    pack = world.services.registry.pack_for("acme")
    field = input_schema(pack.actions["weigh"])["properties"]["content"]
    assert (field["type"], field["contentEncoding"]) == ("string", "base64")


async def test_what_is_refused(world: Any, check: Any) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        yield b"hello"

    check(await send(world, chunked()), 411, "length_required")
    check(await send(world, b"x", Action_Input="{"), 400, "invalid_headers")
    check(await send(world, b"x", Action_Name=""), 400, "invalid_headers")
    check(await send(world, b"x", Action_Name="none"), 404, "not_found")
    check(await send(world, b"x", Action_Name="shout"), 400, "takes_no_bytes")
    check(await send(world, b"x", X_Async="true"), 400, "async_not_supported")
    check(await send(world, b"x", Connection_Id="none"), 400, "unknown_connection")
    check(await send(world, b"x", Authorization=""), 401, "missing_auth_header")
    twice = await send(world, b"x", Action_Input='{"content":"aGk="}')
    issue = check(twice, 400, "invalid_action_input")["errors"][0]
    assert issue["path"] == ["input", "content"]
    wrong = await send(world, b"x", Action_Input='{"size":1}')
    check(wrong, 400, "invalid_action_input")
    # elsewhere JSON is due, as before
    headers = {"Content-Type": "application/octet-stream"}
    answer = await world.client.post("/integrations", content=b"x", headers=headers)
    check(answer, 415, "invalid_content_type")


class Sender:
    """A caller as the server sees it, whose file comes in pieces."""

    def __init__(self, count: int, *, announced: int | None = None, leaves: bool = False) -> None:
        self._left = count
        self._leaves = leaves
        size = count * len(PIECE) if announced is None else announced
        headers = AS_C1 | BYTES | {"Content-Length": str(size)}
        self.headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self.answer = b""
        self.status = 0

    async def receive(self) -> dict[str, Any]:
        if not self._left and self._leaves:
            return {"type": "http.disconnect"}
        self._left -= 1
        more = self._left > 0 or self._leaves
        return {"type": "http.request", "body": bytes(PIECE), "more_body": more}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.answer += message.get("body", b"")

    async def call(self, world: Any) -> None:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/action/trigger",
            "raw_path": b"/action/trigger",
            "query_string": b"",
            "headers": [*self.headers, (b"authorization", _key(world))],
        }
        await world.client._transport.app(scope, self.receive, self.send)


def _key(world: Any) -> bytes:
    return str(world.client.headers["authorization"]).encode()


async def test_300_mb_in_a_little_memory(world: Any) -> None:
    sender = Sender(300)
    tracemalloc.start()
    try:
        await sender.call(world)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sender.status, b'"size":300000000' in sender.answer) == (200, True)
    assert most < 20_000_000  # bytes


@pytest.mark.parametrize("announced", [1_000_000, 3_000_000])
async def test_a_length_that_is_not_so(world: Any, announced: int) -> None:
    sender = Sender(2, announced=announced)
    await sender.call(world)
    assert (sender.status, b"body_incomplete" in sender.answer) == (400, True)


async def test_a_caller_that_goes_away(world: Any) -> None:
    sender = Sender(2, announced=9_000_000, leaves=True)
    await sender.call(world)
    async with world.services.db.read() as tx:
        run = await runs.latest(tx, 1, "weigh")
    assert (run.state, run.failure.code) == ("failed", "aborted")
