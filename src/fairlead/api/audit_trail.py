"""Writes down who changed what by the API, people and programs alike, once it is done.

Not what products do all day: actions, proxied calls, sessions for their users, metadata. Of a body
only names are kept that the list below knows; a secret cannot be among them.
"""

from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead.api.auth import CALLER, Caller
from fairlead.people.accounts import Accounts
from fairlead.store.database import DatabaseDown

log = structlog.get_logger(__name__)

#: first words of paths below which programs are followed, too
_FOLLOWED = frozenset(
    {
        "connection",
        "connections",
        "environments",
        "integrations",
        "keys",
        "people",
        "records",
        "sync",
        "webhooks",
    }
)
#: of those, what happens too often and says too little
_LEFT = frozenset(("/connections/metadata", "/connection/metadata"))
#: below these, the whole server is concerned
_SERVER = ("/people", "/environments")
#: what may be kept of a body
_KEPT = frozenset(
    {
        "connection_id",
        "display_name",
        "email",
        "frequency",
        "ids",
        "integration_id",
        "model",
        "name",
        "provider",
        "provider_config_key",
        "role",
        "scopes",
        "sync_mode",
        "sync_name",
        "sync_variant",
        "syncs",
        "unique_key",
        "until_cursor",
    }
)
#: bytes of a body that is looked into
_MOST = 16_384
#: characters of an entry's first line
_LONGEST = 500


class Trail:
    """Follows requests that change something."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def walk(self, inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request be answered, and write it down if it changed something."""
        if not _is_followed(scope):
            await inner(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        seen = bytearray()
        status = 500

        async def listening() -> Message:
            message = await receive()
            if len(seen) <= _MOST:
                seen.extend(message.get("body", b""))
            return message

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await inner(scope, listening, answering)
        caller = state.get("caller")
        if isinstance(caller, Caller) and status < 400:
            await self._note(caller, scope, bytes(seen))

    async def _note(self, caller: Caller, scope: Scope, body: bytes) -> None:
        path: str = scope["path"]
        query = scope["query_string"].decode("latin-1")
        what = f"{scope['method']} {path}{'?' + query if query else ''}"[:_LONGEST]
        environment_id = None if path.startswith(_SERVER) else caller.environment.id
        try:
            await self._accounts.note(environment_id, caller.who, what, _names_in(body))
        except DatabaseDown:
            # it is done, and was answered: all that is left is to say so here
            log.error("audit entry lost", who=caller.who, what=what)  # noqa: TRY400


def _is_followed(scope: Scope) -> bool:
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return False
    path: str = scope["path"]
    return CALLER in scope or (path.split("/", 2)[1] in _FOLLOWED and path not in _LEFT)


def _names_in(body: bytes) -> dict[str, Any] | None:
    if not body or len(body) > _MOST:
        return None
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parsed, dict):
        return None
    return {name: value for name, value in parsed.items() if name in _KEPT and value} or None
