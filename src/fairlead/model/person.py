"""Person: who signs in to the dashboard; their role says what they may do there."""

from datetime import datetime
from enum import StrEnum

from fairlead.model.environment import holds
from fairlead.model.frozen import Frozen

_LOOK = (
    "environment:approvals:read",
    "environment:audit:read",
    "environment:connections:list",
    "environment:connections:read",
    "environment:integrations:list",
    "environment:integrations:list_functions",
    "environment:integrations:read",
    "environment:keys:list",
    "environment:logs:read",
    "environment:records:read",
    "environment:status:read",
    "environment:subscriptions:read",
    "environment:syncs:read",
    "environment:webhooks:read",
    "server:environments:list",
)
_WORK = (
    *_LOOK,
    "environment:actions:execute",
    "environment:approvals:*",
    "environment:connect_sessions:*",
    "environment:connections:*",
    "environment:integrations:*",
    "environment:proxy",
    "environment:records:*",
    "environment:subscriptions:*",
    "environment:syncs:*",
    "environment:webhooks:*",
)


class Role(StrEnum):
    """What a person may do in every environment."""

    #: everything, people and keys among it
    ADMIN = "admin"
    #: everything but people, environments and keys
    DEVELOPER = "developer"
    #: look, and change nothing
    VIEWER = "viewer"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that a key would need to do the same by API."""
        match self:
            case Role.ADMIN:
                return ("environment:*", "server:*")
            case Role.DEVELOPER:
                return _WORK
            case Role.VIEWER:
                return _LOOK

    def may(self, scope: str) -> bool:
        """Say whether this role holds a scope."""
        return holds(self.scopes, scope)


class Person(Frozen):
    """Somebody who may sign in."""

    id: int
    #: lower case
    email: str
    name: str
    role: Role
    #: PHC string; None = signs in elsewhere
    password_hash: str | None = None
    #: issuer and subject at the identity provider; None = never signed in there
    subject: str | None = None
    created_at: datetime
    signed_in_at: datetime | None = None


class PersonSession(Frozen):
    """One browser in which a person is signed in; only its token's hash is stored."""

    token_hash: str
    person_id: int
    created_at: datetime
    #: of the last request, to the minute
    seen_at: datetime
    expires_at: datetime


class AuditEntry(Frozen):
    """Who changed what, and when."""

    id: str
    #: None = it concerns the whole server
    environment_id: int | None
    at: datetime
    #: e-mail of a person, or `key NAME`
    who: str
    #: method and path of the API, or what happened at sign-in
    what: str
    #: names out of the request, never a secret
    detail: dict[str, object] | None = None
