"""Requests about providers, and about the server itself (contract 2.1)."""

from fairlead.client.call import Call, inside, path, query, whole
from fairlead.client.shapes import Health, Provider, Template


def list_all(*, search: str | None = None) -> Call[list[Provider]]:
    """List what can be connected to; `search` is a regular expression on the name."""
    return Call(method="GET", path="/providers", query=query(search=search), read=inside)


def get(provider: str) -> Call[Provider]:
    """Read one provider."""
    return Call(method="GET", path=path("providers", provider), read=inside)


def templates(provider: str) -> Call[list[Template]]:
    """List the functions that come with a provider."""
    return Call(method="GET", path=path("providers", provider, "templates"), read=inside)


def ready() -> Call[Health]:
    """Ask whether the server can do its work; ServerFailed (503) if not."""
    return Call(method="GET", path="/ready", read=whole)


def health() -> Call[Health]:
    """Ask whether the server serves."""
    return Call(method="GET", path="/health", read=whole)
