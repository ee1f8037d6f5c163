"""Agent: whoever speaks on one connection, and what of it they may see and do."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from fairlead.api.auth import Caller
from fairlead.api.named_connection import named_connection
from fairlead.api.routing import required_headers
from fairlead.api.services import Services
from fairlead.errors import FairleadError, MissingScope
from fairlead.gateway.needs import Needs, ScopeCheck
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.model.function import Action

log = structlog.get_logger(__name__)

#: a key needs it to come here at all
COME = "environment:mcp"
#: and this to be shown what writes; a key without it is read-only
WRITE = "environment:actions:execute"
#: with this in its place, a person has to approve each call that writes
PROPOSE = "environment:actions:propose"
READ_RECORDS = "environment:records:read"


@dataclass(frozen=True, slots=True)
class Agent:
    """A key and a connection; every request brings both."""

    services: Services
    caller: Caller
    connection: Connection

    @classmethod
    async def of(cls, services: Services, caller: Caller, headers: Mapping[str, str]) -> "Agent":
        """Return who asks; Forbidden, or CallerError for a connection that is not there."""
        caller.demand(COME)
        connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
        async with services.db.read() as tx:
            connection = await named_connection(tx, caller, key, connection_id)
        return cls(services, caller, connection)

    @property
    def may_write(self) -> bool:
        """Is it more than a reader?"""
        return self.caller.may(WRITE)

    @property
    def may_propose(self) -> bool:
        """May it ask a person to let it write?"""
        return self.may_write or self.caller.may(PROPOSE)

    @property
    def must_ask(self) -> bool:
        """Must a person approve what it writes: by its key, or by the integration's rule?"""
        asked = self.services.settings.agent_approvals
        return not self.may_write or "*" in asked or self.connection.integration_key in asked

    @property
    def may_read_records(self) -> bool:
        """May it read what the syncs keep?"""
        return self.caller.may(READ_RECORDS)

    def allowed(self, action: Action) -> bool:
        """Say whether the key allows the action."""
        return action.effect == "read" or self.may_propose

    async def actions(self) -> list[Action]:
        """Return what the key allows and the connection's grant is not known to refuse."""
        found = [
            action
            for action in self.services.registry.actions(self.connection.provider)
            if self.allowed(action)
        ]
        credentials = await self._credentials()
        return [
            action for action in found if credentials is None or self._granted(action, credentials)
        ]

    async def _credentials(self) -> Credentials | None:
        try:
            return await self.services.freshener.fresh_credentials(self.connection, audience="")
        except FairleadError as error:
            # every call will say so; the list need not fail for it
            log.info(
                "grant not known", connection_id=self.connection.connection_id, code=error.code
            )
            return None

    async def demand_grant(self, action: Action) -> None:
        """Raise MissingScope if the connection's grant is known to lack what an action needs."""
        credentials = await self._credentials()
        if credentials is not None:
            self._check(action, credentials)

    def _granted(self, action: Action, credentials: Credentials) -> bool:
        try:
            self._check(action, credentials)
        except MissingScope:
            return False
        return True

    def _check(self, action: Action, credentials: Credentials) -> None:
        provider = self.services.registry.provider(self.connection.provider)
        ScopeCheck(provider, Needs(action.name, action.scopes))(credentials)

    def note(self, what: str, name: str, **more: object) -> None:
        """Write down who did what: the key's id, never the key."""
        log.info(
            "agent",
            what=what,
            name=name,
            key_id=self.caller.key.id,
            connection_id=self.connection.connection_id,
            integration=self.connection.integration_key,
            **more,
        )
