"""The author's surface: what may be imported, pinned."""

import fairlead.sdk
import fairlead.sdk.testing


def test_sdk_exports_exactly_this():
    assert fairlead.sdk.__all__ == [
        "ActionError",
        "Batch",
        "Change",
        "ChangeKind",
        "Checkpoint",
        "ConnectionView",
        "Content",
        "Ctx",
        "EncodedContent",
        "Incoming",
        "Log",
        "Metadata",
        "NoRecords",
        "Pack",
        "Record",
        "Records",
        "Registry",
        "Request",
        "Response",
        "Send",
        "Shape",
        "Skipped",
        "StoredBatch",
        "SyncCtx",
        "action_ctx",
        "call_action",
        "dump_output",
        "input_schema",
        "load_packs",
        "output_schema",
        "record_schemas",
        "schema_of",
        "sync_ctx",
        "to_stored",
        "validate_input",
        "view_of",
        "with_incoming",
    ]
    assert all(hasattr(fairlead.sdk, name) for name in fairlead.sdk.__all__)


def test_testing_exports_exactly_this():
    assert fairlead.sdk.testing.__all__ == [
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
    assert all(hasattr(fairlead.sdk.testing, name) for name in fairlead.sdk.testing.__all__)
