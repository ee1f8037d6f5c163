"""Environment: the isolation boundary; ApiKey: who may call."""

from collections.abc import Sequence
from datetime import datetime

from fairlead.model.frozen import Frozen


def holds(scopes: Sequence[str], wanted: str) -> bool:
    """Say whether a scope is among these, itself or through a `*` at an end."""
    return any(
        held == wanted or (held.endswith("*") and wanted.startswith(held[:-1])) for held in scopes
    )


class Environment(Frozen):
    """One isolated world of integrations, connections and records (`dev`, `prod`, ...)."""

    id: int
    name: str
    created_at: datetime


class ApiKey(Frozen):
    """A key to one environment; only its hash is ever stored."""

    id: int
    environment_id: int
    name: str
    #: hex SHA-256 of the key
    key_hash: str
    #: scope names of the HTTP contract, `environment:*` = all
    scopes: tuple[str, ...]
    created_at: datetime
