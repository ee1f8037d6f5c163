"""Who calls: an API key opens one environment, a connect session's token very little of it.

Only hashes of keys are stored; a found hash is compared once more in constant time. What was found
is remembered for a few seconds, so that a busy caller does not cost a query each time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from fairlead.api.services import Services, services_of
from fairlead.errors import Forbidden, SessionExpired, Unauthorized
from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession
from fairlead.model.environment import ApiKey, Environment, holds
from fairlead.model.person import Person
from fairlead.store import environments
from fairlead.store.database import Database
from fairlead.vault.tokens import hash_token, same_token

#: how long a key that was found is believed without another look
_REMEMBERED = timedelta(seconds=10)
#: keys remembered at most
_ROOM = 1024
SESSION_PREFIX = "nango_connect_session_"
#: in the scope of a request that comes from inside (`indoors`); from the network nobody can put it
CALLER = "fairlead.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds an API key, or signed in to the dashboard and may as much as such a key."""

    environment: Environment
    key: ApiKey
    #: who signed in; None = a program, by its key
    person: Person | None = None

    @property
    def who(self) -> str:
        """How the audit log calls them."""
        return self.person.email if self.person else f"key {self.key.name}"

    def may(self, scope: str) -> bool:
        """Say whether the key holds `scope`, itself or through a `*`."""
        return _holds(self.key.scopes, scope)

    def demand(self, scope: str) -> None:
        """Raise Forbidden unless the key holds `scope`."""
        if not self.may(scope):
            raise Forbidden(f"Insufficient scope. Required: {scope}")


@lru_cache(maxsize=1024)
def _holds(scopes: tuple[str, ...], wanted: str) -> bool:
    return holds(scopes, wanted)


def bearer(authorization: str | None) -> str:
    """Return what follows `Bearer ` in an Authorization header."""
    if not authorization or not authorization.strip():
        raise Unauthorized(
            "The Authorization header is missing; send `Authorization: Bearer <secret key>`.",
            code="missing_auth_header",
        )
    scheme, _, token = authorization.rpartition("Bearer ")
    token = token.strip()
    if not token or token == authorization.strip() or scheme.strip():
        raise Unauthorized(
            "The Authorization header is malformed; send `Authorization: Bearer <secret key>`.",
            code="malformed_auth_header",
        )
    return token


class KeyRing:
    """Finds the environment that a key opens."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[str, tuple[Caller, datetime]] = {}

    def at_hand(self, authorization: str | None) -> Caller | None:
        """Return a caller who was identified a moment ago, None if they must be looked for."""
        known = self._known.get(authorization or "")
        return known[0] if known is not None and known[1] > self._clock.now() else None

    async def identify(self, authorization: str | None) -> Caller:
        """Return the caller; Unauthorized for no key, a malformed one, or one nobody has."""
        if (known := self.at_hand(authorization)) is not None:
            return known
        now = self._clock.now()
        key_hash = hash_token(bearer(authorization))
        async with self._db.read() as tx:
            found = await environments.find_by_key_hash(tx, key_hash)
        if found is None or not same_token(found[1].key_hash, key_hash):
            raise Unauthorized("This API key opens no environment; check FAIRLEAD_SECRET_KEY.")
        caller = Caller(*found)
        if len(self._known) >= _ROOM:
            self._known.clear()
        self._known[authorization or ""] = (caller, now + _REMEMBERED)
        return caller


def _ring(request: Request) -> KeyRing:
    ring = request.app.state.keys
    assert isinstance(ring, KeyRing)
    return ring


async def session_of(services: Services, token: str) -> ConnectSession:
    """Return the live session of a token; SessionExpired or a format error otherwise."""
    digits = token.removeprefix(SESSION_PREFIX)
    if digits == token or len(digits) != 64 or not all(c in "0123456789abcdef" for c in digits):
        raise SessionExpired(
            "This is not a connect session token; create one with POST /connect/sessions.",
            code="invalid_connect_session_token_format",
        )
    return await services.sessions.find(token)


def needs(scope: str) -> Any:
    """Return the dependency that lets in holders of an API key with `scope`."""

    async def check(request: Request) -> Caller:
        caller = await caller_of(request)
        caller.demand(scope)
        return caller

    return Depends(check)


async def caller_of(request: Request) -> Caller:
    """Return who calls, and leave a note of it for the audit log."""
    caller: Caller | None = request.scope.get(CALLER)
    if caller is None:
        caller = await _ring(request).identify(request.headers.get("authorization"))
    request.state.caller = caller
    return caller


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds an API key, or a connect session's token (then `session` is set)."""

    environment_id: int
    caller: Caller | None
    session: ConnectSession | None


def needs_key_or_session(scope: str) -> Any:
    """Return the dependency that also lets in holders of a connect session token."""

    async def check(request: Request) -> Visitor:
        if CALLER in request.scope:
            inside = await caller_of(request)
            inside.demand(scope)
            return Visitor(inside.environment.id, inside, None)
        in_query = request.query_params.get("connect_session_token")
        token = in_query or bearer(request.headers.get("authorization"))
        # a key in a URL ends up in logs: there, only a session's token is taken
        if in_query or token.startswith(SESSION_PREFIX):
            session = await session_of(services_of(request), token)
            return Visitor(session.environment_id, None, session)
        caller = await _ring(request).identify(f"Bearer {token}")
        caller.demand(scope)
        return Visitor(caller.environment.id, caller, None)

    return Depends(check)


async def _live_session(request: Request) -> ConnectSession:
    return await session_of(services_of(request), bearer(request.headers.get("authorization")))


#: the connect session whose token came in the Authorization header
LiveSession = Annotated[ConnectSession, Depends(_live_session)]
