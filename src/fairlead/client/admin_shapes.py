"""Shapes of keys, environments, people, and what was changed, as the API answers them."""

from typing import Any, Literal, TypedDict

from fairlead.client.shapes import Execution

Role = Literal["admin", "developer", "viewer"]


class ApiKey(TypedDict):
    """An API key, without the key."""

    name: str
    scopes: list[str]
    created_at: str


class NewApiKey(ApiKey):
    """An API key that was just made."""

    #: told this once
    key: str


class Environment(TypedDict):
    """A world of its own integrations, connections and records."""

    name: str
    created_at: str


class Person(TypedDict):
    """Somebody who may sign in to the dashboard."""

    id: int
    email: str
    name: str
    role: Role
    #: False: signs in elsewhere
    has_password: bool
    created_at: str
    signed_in_at: str | None


class AuditEntry(TypedDict):
    """Who changed what, and when."""

    id: str
    at: str
    who: str
    what: str
    detail: dict[str, Any] | None
    #: it concerns the whole server
    server: bool


class Attempt(TypedDict):
    """One attempt to deliver an event."""

    attempt: int
    at: str
    url: str
    status: int | None
    error: str | None


class AnnouncedEvent(TypedDict):
    """An event, and the attempts to deliver it."""

    id: str
    type: str
    state: Literal["pending", "delivered", "dead"]
    created_at: str
    due_at: str | None
    attempts: list[Attempt]
    payload: dict[str, Any]


class PastRun(Execution):
    """A run of a sync or an action."""

    kind: str
    name: str
    variant: str
    #: model -> records that were as before
    unchanged: dict[str, int]
    #: model -> deletions that were held back
    held: dict[str, int]
