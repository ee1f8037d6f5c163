"""Requests about environments; they need a key with scopes of the whole server."""

from fairlead.client.admin_shapes import Environment
from fairlead.client.call import Call, body, inside


def list_all() -> Call[list[Environment]]:
    """List the server's environments."""
    return Call(method="GET", path="/environments", read=inside)


def create(name: str) -> Call[Environment]:
    """Make an environment; it has no keys yet."""
    return Call(method="POST", path="/environments", body=body(name=name), read=inside)
