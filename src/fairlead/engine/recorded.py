"""Keep what a failed run asked and was answered: redacted, packed and sealed.

Redaction comes first, so that not even whoever holds the key finds a credential in it.
"""

import asyncio
import zlib
from collections.abc import Collection
from typing import Any

import orjson

from fairlead.connect.config import secret_names
from fairlead.engine.setup import Setup
from fairlead.http.redact import MARK, redact_json
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunFailure
from fairlead.sdk import view_of
from fairlead.sdk.recorder import Recorder
from fairlead.sdk.recording import Recording
from fairlead.vault.rows import recording_row
from fairlead.vault.vault import Vault


async def sealed_recording(
    setup: Setup, recorder: Recorder, connection: Connection, run: Run, failure: RunFailure
) -> bytes:
    """Return the recording of a run that failed, as it lies in the database."""
    provider = setup.registry.providers.get(connection.provider)
    secrets = secret_names(provider, connection.connection_config)

    def work() -> bytes:
        recording = _recording(recorder, connection, run, failure, secrets)
        return setup.vault.seal(zlib.compress(recording.dumped()), row=recording_row(run.id))

    # a few megabytes are searched for secrets: seconds that other runs must not wait for
    return await asyncio.to_thread(work)


def opened_recording(vault: Vault, envelope: bytes, run_id: str) -> Recording:
    """Return a recording that was sealed; VaultError if it does not open."""
    return Recording.read(zlib.decompress(vault.open(envelope, row=recording_row(run_id))))


def _recording(
    recorder: Recorder,
    connection: Connection,
    run: Run,
    failure: RunFailure,
    secrets: Collection[str],
) -> Recording:
    view = view_of(connection)
    config = {
        name: MARK if name in secrets else value for name, value in view.connection_config.items()
    }
    checkpoint: Any = None
    if recorder.checkpoint is not None:
        checkpoint = redact_json(orjson.loads(recorder.checkpoint))
    return Recording(
        kind=run.kind.value,
        function=run.function,
        provider=view.provider,
        variant=run.variant,
        connection_id=view.connection_id,
        metadata=redact_json(dict(view.metadata)),
        connection_config=redact_json(config),
        checkpoint=checkpoint,
        input=redact_json(run.input),
        failure=failure,
        exchanges=recorder.exchanges(),
        is_complete=recorder.is_complete,
    )
