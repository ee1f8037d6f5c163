"""Proposal: a call that an agent wants to make, and that a person has to approve first."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from fairlead.model.frozen import Frozen


class ProposalState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class Proposal(Frozen):
    """One call of an action, kept until somebody decides; once approved, a run of the same id."""

    id: str
    environment_id: int
    connection_pk: int
    #: action
    function: str
    input: Any
    #: of the key that asked
    key_id: int
    key_name: str
    state: ProposalState
    #: why it was denied, in the words of whoever did
    reason: str | None = None
    #: who decided: the name of a key, or `command line`
    decided_by: str | None = None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
