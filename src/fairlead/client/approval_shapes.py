"""Shape of a call that an agent wants to make, as the API answers it."""

from typing import Any, TypedDict

from fairlead.client.shapes import RunFailure


class Approval(TypedDict):
    """A call of an agent that needs approval."""

    id: str
    #: waiting, approved, denied or expired
    state: str
    action: str
    input: Any
    connection_id: str
    provider_config_key: str
    #: name of the key that asked
    key: str
    created_at: str
    expires_at: str
    decided_at: str | None
    decided_by: str | None
    #: why it was denied
    reason: str | None
    #: queued, running, succeeded, failed or cancelled; None: not approved
    run: str | None
    failure: RunFailure | None
