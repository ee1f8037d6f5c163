"""PendingApproval: a connection that an end user began and an administrator must approve."""

from datetime import datetime
from typing import Any

from pydantic import Field

from fairlead.model.connect_session import ConnectSession
from fairlead.model.credentials import OwnApp
from fairlead.model.frozen import Frozen


class Problem(Frozen):
    """Why a connection may wait in vain, or did."""

    code: str
    #: what is wrong, and who must do what
    message: str
    #: nothing is waited for any more
    is_final: bool = False


class PendingApproval(Frozen):
    """A connection that comes to be as soon as an administrator has approved the app."""

    #: the `state` of the administrator's trip: unguessable, but anybody may hold it
    id: str
    environment_id: int
    integration_key: str
    #: id the connection will have
    connection_id: str
    #: of what only the end user's browser holds: who has it, goes on with the connection
    token_hash: str
    #: to be forwarded to an administrator
    admin_url: str
    #: the session in which it was begun, as it was
    session: ConnectSession
    #: config values gathered before the trip
    connection_config: dict[str, Any] = Field(default_factory=dict)
    #: an app of the customer's own, in place of the integration's
    own_app: OwnApp | None = None
    approved_at: datetime | None = None
    #: of an app: its credentials, sealed; it goes on by itself. None = the end user's browser does
    envelope: bytes | None = Field(default=None, repr=False)
    #: of an app: when they were tried last
    tried_at: datetime | None = None
    problem: Problem | None = None
    #: of an app: when the connection came to be
    done_at: datetime | None = None
    created_at: datetime
    expires_at: datetime

    @property
    def is_over(self) -> bool:
        """Is nothing waited for any more, though there is no connection?"""
        return self.problem is not None and self.problem.is_final

    @property
    def is_app(self) -> bool:
        """Does it go on without anybody's browser?"""
        return self.tried_at is not None
