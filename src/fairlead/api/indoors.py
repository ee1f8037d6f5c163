"""The API from inside: what the dashboard does, it does by the routes that everybody has.

So nothing is possible there that is not by API, and a role is nothing but the scopes of a key. The
request goes through the same edge, without the network
(https://asgi.readthedocs.io/en/latest/specs/www.html).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode

import orjson
from starlette.types import ASGIApp, Message

from fairlead.api.auth import CALLER, Caller
from fairlead.model.environment import ApiKey, Environment
from fairlead.model.person import Person


class Indoors:
    """Calls the API in the name of a person."""

    def __init__(self, edge: ASGIApp) -> None:
        self._edge = edge

    async def __call__(
        self,
        person: Person,
        environment: Environment,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return status and parsed answer; `path` is quoted, `body` becomes JSON."""
        sent = b"" if body is None else orjson.dumps(body)
        listed = [(b"host", b"indoors"), (b"content-length", str(len(sent)).encode())]
        if body is not None:
            listed.append((b"content-type", b"application/json"))
        for name, value in (headers or {}).items():
            listed.append((name.lower().encode(), value.encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": urlencode(query).encode(),
            "root_path": "",
            "headers": listed,
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
            CALLER: _caller(person, environment),
        }
        status, parts = 500, []

        async def receive() -> Message:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self._edge(scope, receive, send)
        content = b"".join(parts)
        return status, orjson.loads(content) if content else None


def _caller(person: Person, environment: Environment) -> Caller:
    key = ApiKey(
        id=0,
        environment_id=environment.id,
        name=person.email,
        key_hash="",
        scopes=person.role.scopes,
        created_at=person.created_at,
    )
    return Caller(environment, key, person)
