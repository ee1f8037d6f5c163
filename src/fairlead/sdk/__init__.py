"""What the author of an integration imports.

A pack declares providers (data), actions (async functions) and syncs (async generators of
batches); everything else about a function is read from its signature and docstring.
"""

from fairlead.errors import ActionFailed as ActionError
from fairlead.model.batch import Batch, StoredBatch
from fairlead.model.change import Change, ChangeKind
from fairlead.model.exchange import Request, Response, Send
from fairlead.sdk.batches import to_stored
from fairlead.sdk.calls import (
    action_ctx,
    call_action,
    dump_output,
    sync_ctx,
    validate_input,
    view_of,
    with_incoming,
)
from fairlead.sdk.content import Content, EncodedContent
from fairlead.sdk.ctx import ConnectionView, Ctx, Log, NoRecords, Records, Skipped, SyncCtx
from fairlead.sdk.incoming import Incoming
from fairlead.sdk.pack import Pack
from fairlead.sdk.registry import Registry, load_packs
from fairlead.sdk.schemas import input_schema, output_schema, record_schemas, schema_of
from fairlead.sdk.shapes import Checkpoint, Metadata, Record, Shape

__all__ = [
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
