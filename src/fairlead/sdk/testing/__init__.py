"""Test kit for authors: run a function against recorded exchanges, without a server or network.

`Contract` is what every function must hold, in three lines; recordings come from
`fairlead run ... --record FILE` and from failed runs (`fairlead replay RUN --save FILE`).
"""

from fairlead.sdk.recorder import Recorder
from fairlead.sdk.recording import RecordedExchange, Recording
from fairlead.sdk.testing.contract import Case, Check, Contract
from fairlead.sdk.testing.replay import Exchange, NotRecorded, Replay, ReplayedResponse
from fairlead.sdk.testing.runs import SyncOutcome, run_action, run_sync
from fairlead.sdk.testing.table import Table

__all__ = [
    "Case",
    "Check",
    "Contract",
    "Exchange",
    "NotRecorded",
    "RecordedExchange",
    "Recorder",
    "Recording",
    "Replay",
    "ReplayedResponse",
    "SyncOutcome",
    "Table",
    "run_action",
    "run_sync",
]
