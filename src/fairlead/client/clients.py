"""`Fairlead` and `AsyncFairlead`: the same methods, the one waits, the other is awaited."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from fairlead.client import admin, namespaces
from fairlead.client.bind import AsyncNamespace, Awaited, Blocking, Namespace
from fairlead.client.blocking import Proxy, Transport
from fairlead.client.calls import integrations, providers
from fairlead.client.calls.connect_sessions import authorization_path
from fairlead.client.nonblocking import AsyncProxy, AsyncTransport
from fairlead.client.retry import Retries
from fairlead.client.sending import TIMEOUT_SECONDS, base_of, key_of


class Fairlead(Namespace):
    """A fairlead server, for code that waits; may be shared between threads.

    `host` is the server's address, else FAIRLEAD_HOST; `secret_key` an API key of it, else
    FAIRLEAD_SECRET_KEY. `timeout_seconds` holds for connecting and for each piece of an answer.
    """

    health = Blocking(providers.health)
    ready = Blocking(providers.ready)
    status = Blocking(integrations.overall_status)

    def __init__(
        self,
        *,
        host: str | None = None,
        secret_key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        connections: int = 10,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = base_of(host)
        self._transport = Transport(
            self.host,
            key_of(secret_key),
            timeout_seconds=timeout_seconds,
            retries=retries or Retries(),
            connections=connections,
            sleep=sleep,
        )
        super().__init__(self._transport)
        self.providers = namespaces.Providers(self._transport)
        self.integrations = namespaces.Integrations(self._transport)
        self.connect_sessions = namespaces.ConnectSessions(self._transport)
        self.connections = namespaces.Connections(self._transport)
        self.records = namespaces.Records(self._transport)
        self.syncs = namespaces.Syncs(self._transport)
        self.actions = namespaces.Actions(self._transport)
        self.dead_letters = namespaces.DeadLetters(self._transport)
        self.logs = namespaces.Logs(self._transport)
        self.approvals = namespaces.Approvals(self._transport)
        self.keys = admin.Keys(self._transport)
        self.environments = admin.Environments(self._transport)
        self.people = admin.People(self._transport)
        self.proxy = Proxy(self._transport)

    def authorization_url(
        self,
        token: str,
        *,
        provider_config_key: str,
        connection_config: Mapping[str, str] | None = None,
    ) -> str:
        """Return where to send an end user's browser that shall go to the vendor at once."""
        return self.host + authorization_path(
            token, provider_config_key=provider_config_key, connection_config=connection_config
        )

    def close(self) -> None:
        """Close all connections to the server."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Fairlead(host={self.host!r})"


class AsyncFairlead(AsyncNamespace):
    """A fairlead server, for code in an event loop; use it in one loop only, and close it.

    `host` is the server's address, else FAIRLEAD_HOST; `secret_key` an API key of it, else
    FAIRLEAD_SECRET_KEY. `timeout_seconds` holds for connecting and for each piece of an answer.
    """

    health = Awaited(providers.health)
    ready = Awaited(providers.ready)
    status = Awaited(integrations.overall_status)

    def __init__(
        self,
        *,
        host: str | None = None,
        secret_key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        connections: int = 100,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.host = base_of(host)
        self._transport = AsyncTransport(
            self.host,
            key_of(secret_key),
            timeout_seconds=timeout_seconds,
            retries=retries or Retries(),
            connections=connections,
            sleep=sleep,
        )
        super().__init__(self._transport)
        self.providers = namespaces.AsyncProviders(self._transport)
        self.integrations = namespaces.AsyncIntegrations(self._transport)
        self.connect_sessions = namespaces.AsyncConnectSessions(self._transport)
        self.connections = namespaces.AsyncConnections(self._transport)
        self.records = namespaces.AsyncRecords(self._transport)
        self.syncs = namespaces.AsyncSyncs(self._transport)
        self.actions = namespaces.AsyncActions(self._transport)
        self.dead_letters = namespaces.AsyncDeadLetters(self._transport)
        self.logs = namespaces.AsyncLogs(self._transport)
        self.approvals = namespaces.AsyncApprovals(self._transport)
        self.keys = admin.AsyncKeys(self._transport)
        self.environments = admin.AsyncEnvironments(self._transport)
        self.people = admin.AsyncPeople(self._transport)
        self.proxy = AsyncProxy(self._transport)

    def authorization_url(
        self,
        token: str,
        *,
        provider_config_key: str,
        connection_config: Mapping[str, str] | None = None,
    ) -> str:
        """Return where to send an end user's browser that shall go to the vendor at once."""
        return self.host + authorization_path(
            token, provider_config_key=provider_config_key, connection_config=connection_config
        )

    async def close(self) -> None:
        """Close all connections to the server."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncFairlead(host={self.host!r})"
