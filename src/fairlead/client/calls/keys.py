"""Requests about API keys of the environment."""

from collections.abc import Sequence

from fairlead.client.admin_shapes import ApiKey, NewApiKey
from fairlead.client.call import Call, body, inside, nothing, path


def list_all() -> Call[list[ApiKey]]:
    """List the keys, without the keys themselves."""
    return Call(method="GET", path="/keys", read=inside)


def create(name: str, scopes: Sequence[str]) -> Call[NewApiKey]:
    """Make a key; it is told this once. It may do no more than the key that makes it."""
    return Call(method="POST", path="/keys", body=body(name=name, scopes=list(scopes)), read=inside)


def revoke(name: str) -> Call[None]:
    """End a key."""
    return Call(method="DELETE", path=path("keys", name), read=nothing)
