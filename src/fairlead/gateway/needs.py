"""Refuse a call that the vendor would refuse: the grant lacks a scope that its function needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.connect.validity import token_of
from fairlead.errors import MissingScope
from fairlead.model.credentials import Credentials
from fairlead.model.provider import Provider


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function needs to be granted."""

    function: str
    scopes: Sequence[str]


class ScopeCheck:
    """Looks at each new token once; what the vendor's pack cannot tell is let through."""

    def __init__(self, provider: Provider, needs: Needs) -> None:
        self._provider = provider
        self._needs = needs
        self._seen = ""

    def __call__(self, credentials: Credentials) -> None:
        """Raise MissingScope, naming function and scopes, if the grant certainly lacks some."""
        token = token_of(credentials)
        if self._provider.lacks is None or not token or token == self._seen:
            return
        raw = getattr(credentials, "raw", {})
        if missing := self._provider.lacks({**raw, "access_token": token}, self._needs.scopes):
            raise MissingScope(
                f"{self._needs.function} needs {' and '.join(missing)}, which the connection was "
                "not granted; the operator must add it to the app and the integration, and the end "
                "user must connect again.",
            )
        self._seen = token
