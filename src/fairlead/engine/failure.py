"""What a run's failure says: a code, one sentence without secrets, and who must act."""

import asyncio
import traceback
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog

from fairlead import errors
from fairlead.errors import FairleadError, FunctionCrashed, FunctionTimedOut, ProviderError
from fairlead.http.redact import redact, redact_json
from fairlead.model.run import RunFailure, RunWarning
from fairlead.sdk import Skipped

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: characters of an exception's own words that are kept
_LONGEST_REASON = 300


def failure_of(error: FairleadError) -> RunFailure:
    """Return what the run, the connection's fault and the event say about an error."""
    return RunFailure(
        code=error.code,
        message=_storable(redact(error.message)),
        who=error.who,
        request_id=getattr(error, "request_id", None),
        kind=_kind(error),
        status=error.status,
        payload=redact_json(error.payload) or None,
        provider_status=getattr(error, "provider_status", None),
        body=_storable(error.body) if isinstance(error, ProviderError) and error.body else None,
    )


def _kind(error: FairleadError) -> str:
    # an author's own subclass is known here by what it was made of
    ours = next(each for each in type(error).__mro__ if each.__module__ == errors.__name__)
    return ours.__name__


def revived(failure: RunFailure) -> FairleadError:
    """Return the error that a run failed with."""
    kind: Any = getattr(errors, failure.kind or "", FairleadError)
    known: dict[str, Any] = {
        "code": failure.code,
        "who": failure.who,
        "status": failure.status,
        "payload": failure.payload,
    }
    if issubclass(kind, ProviderError):
        known |= {
            "provider_status": failure.provider_status,
            "request_id": failure.request_id,
            "body": failure.body,
        }
    revived: FairleadError = kind(failure.message, **known)
    return revived


#: places that a run names; of more it says how many
_MOST_WARNINGS = 100


def warnings_of(skipped: Sequence[Skipped]) -> tuple[RunWarning, ...]:
    """Return what the run and its events say of the places it left out; the last counts the rest.

    A place that was left out twice is told once, with what was in the way first.
    """
    once: dict[str, RunWarning] = {}
    for each in skipped:
        if each.place not in once:
            failure = failure_of(each.reason)
            once[each.place] = RunWarning(
                place=_storable(each.place),
                code=failure.code,
                message=failure.message,
                who=failure.who,
            )
    told = list(once.values())
    left = len(told) - _MOST_WARNINGS
    if left <= 0:
        return tuple(told)
    more = RunWarning(place="", code="more", message=f"{left} more places were left out.", who="")
    return (*told[:_MOST_WARNINGS], more)


def _storable(text: str) -> str:
    # An author's or a vendor's words may hold what no database column can.
    return text.replace("\0", "").encode(errors="replace").decode()


def one_line(error: BaseException) -> str:
    """Return an exception's name and the first line of its text, secrets removed."""
    lines = str(error).strip().splitlines()
    reason = redact(lines[0])[:_LONGEST_REASON] if lines else ""
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def report(event: str, error: BaseException, **facts: object) -> None:
    """Log an error of ours with where it came from: secrets removed, no values of variables."""
    log.error(event, trace=_trace(error), **facts)


def _trace(error: BaseException) -> str:
    return redact("".join(traceback.format_exception(error)))


class Interrupted(BaseException):
    """Raised in an author's code that blocks the process, from outside (`watchdog.py`).

    No `except Exception` of the author's stops it.
    """


#: task -> name of the function whose code it is in
_at_work: "WeakKeyDictionary[asyncio.Task[Any], str]" = WeakKeyDictionary()


def function_of(task: "asyncio.Task[Any] | None") -> str | None:
    """Return the function whose code a task is in; None if it is in ours."""
    return None if task is None else _at_work.get(task)


async def authors(function: str, step: Awaitable[T]) -> T:
    """Await a piece of an author's code: whatever it raises becomes an error of ours.

    Our own errors pass as they are; a real cancellation passes too.
    """
    task = asyncio.current_task()
    assert task is not None
    _at_work[task] = function
    try:
        return await step
    except FairleadError:
        raise
    except Interrupted as error:
        raise FunctionTimedOut(
            f"{function} blocked the process: it worked for too long, or took too much memory, "
            "without awaiting anything, and was interrupted. Await what takes long, or run it in a "
            "thread. FAIRLEAD_STALL_SECONDS and FAIRLEAD_WORKER_MEMORY_MB set the limits.",
            code="function_blocked",
        ) from error
    except asyncio.CancelledError as error:
        if task.cancelling():
            raise
        raise FunctionCrashed(f"{function} cancelled itself.") from error
    # The worker loop's net: an author's bug, even sys.exit(), must end the run and nothing else.
    except (Exception, SystemExit) as error:
        log.warning("function crashed", function=function, trace=_trace(error))
        raise FunctionCrashed(f"{function} raised {one_line(error)}") from error
    finally:
        _at_work.pop(task, None)
