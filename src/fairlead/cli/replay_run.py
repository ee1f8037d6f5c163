"""`fairlead replay`: run a failed run's function again, offline, against what it was answered.

Nothing is sent and nothing committed; so a function can be mended where it broke.
"""

import sys
from pathlib import Path

from fairlead.api.logs import configure_logs
from fairlead.cli.run_function import pack_of, tell_json
from fairlead.engine.failure import authors, failure_of
from fairlead.engine.recorded import opened_recording
from fairlead.errors import FairleadError, InvalidInput, NotFound
from fairlead.model.run import RunFailure, RunState
from fairlead.opening import open_database, registry_of, vault_of
from fairlead.sdk import ConnectionView, Registry
from fairlead.sdk.recording import Recording
from fairlead.sdk.testing import Replay, run_action, run_sync
from fairlead.settings import Settings
from fairlead.store import recordings, runs

SAME, OTHER = 0, 1


async def replay_run(settings: Settings, run_id: str, *, save: Path | None, is_json: bool) -> int:
    """Run it again and print whether the failure is the same; return the exit code, 0 if it is.

    NotFound: there is no such run, it did not fail, or its recording is gone.
    """
    configure_logs(settings.model_copy(update={"log_level": "warning"}))
    vault = vault_of(settings)
    async with open_database(settings) as db, db.read() as tx:
        run = await runs.find(tx, run_id)
        envelope = await recordings.find(tx, run_id)
    if run is None:
        raise NotFound(f"There is no run '{run_id}'.")
    if envelope is None:
        reason = (
            f"only the newest {recordings.KEPT} of a function on a connection are kept"
            if run.state is RunState.FAILED
            else f"it {run.state.value}, and only failed ones are recorded"
        )
        raise NotFound(f"The run '{run_id}' has no recording: {reason}.")
    recording = opened_recording(vault, envelope, run_id)
    if save is not None:
        _write(save, recording)
    failure = await failure_again(registry_of(settings), recording)
    is_same = is_same_failure(failure, recording.failure)
    if is_json:
        tell_json(
            {
                "run": run_id,
                "function": recording.function,
                "isSame": is_same,
                "isComplete": recording.is_complete,
                "recorded": recording.failure and recording.failure.model_dump(),
                "now": failure and failure.model_dump(),
            }
        )
    else:
        sys.stdout.write(_report(run_id, recording, failure, is_same=is_same))
    return SAME if is_same else OTHER


def _write(path: Path, recording: Recording) -> None:
    try:
        path.write_bytes(recording.dumped() + b"\n")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from error


async def failure_again(registry: Registry, recording: Recording) -> RunFailure | None:
    """Run the function against its recording; return how it failed, None if it ended well."""
    pack = pack_of(registry, recording.provider, recording.function)
    view = ConnectionView(
        connection_id=recording.connection_id,
        provider=recording.provider,
        metadata=recording.metadata,
        connection_config=recording.connection_config,
    )
    name, send = recording.function, Replay.of(recording)
    try:
        if recording.kind == "action":
            await authors(name, run_action(pack, name, recording.input, send, connection=view))
        else:
            await authors(
                name,
                run_sync(
                    pack,
                    name,
                    send,
                    connection=view,
                    checkpoint=recording.position,
                    variant=recording.variant,
                ),
            )
    except FairleadError as error:
        return failure_of(error)
    return None


def is_same_failure(now: RunFailure | None, recorded: RunFailure | None) -> bool:
    """Say whether two failures say the same."""
    if now is None or recorded is None:
        return now is recorded
    return (now.code, now.message) == (recorded.code, recorded.message)


def _report(run_id: str, recording: Recording, failure: RunFailure | None, *, is_same: bool) -> str:
    lines = [f"{recording.kind} {recording.function}, {len(recording.exchanges)} exchanges"]
    if failure is not None:
        said = f"{failure.code}: {failure.message} ({failure.who} must act)"
        lines.append(f"{'the same failure' if is_same else 'another failure'}: {said}")
    else:
        lines.append("it ends well now")
    if not is_same and recording.failure is not None:
        lines.append(
            f"run {run_id} failed with {recording.failure.code}: {recording.failure.message}"
        )
    if not recording.is_complete:
        lines.append("the recording is not complete: more was answered than is kept")
    return "\n".join([*lines, ""])
