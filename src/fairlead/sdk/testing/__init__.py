"""Test kit for authors: run a function against recorded exchanges, without a server or network."""

from fairlead.sdk.testing.replay import Exchange, Replay, ReplayedResponse
from fairlead.sdk.testing.runs import SyncOutcome, run_action, run_sync
from fairlead.sdk.testing.table import Table

__all__ = [
    "Exchange",
    "Replay",
    "ReplayedResponse",
    "SyncOutcome",
    "Table",
    "run_action",
    "run_sync",
]
