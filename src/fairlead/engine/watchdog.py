"""The watchdog: a thread that notices when a function keeps the whole process from going on.

An author's code that never awaits (a loop, a blocking call) stops every run and every answer of its
process. First it is interrupted by an exception, which ends its run and nothing else; code that
does not let itself be interrupted costs the process: its runs are handed on, and it ends, for its
supervisor to start it anew.
"""

import asyncio
import contextlib
import ctypes
import os
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from fairlead.engine.failure import Interrupted, function_of
from fairlead.http.redact import redact

log = structlog.get_logger(__name__)

#: looks in the time that a function may take; few, so that an idle process stays idle
_LOOKS = 10
_LONGEST_PAUSE_SECONDS = 1.0
#: seconds that an interrupted function is given to end
GRACE_SECONDS = 5.0
#: seconds that handing on may take
_HAND_ON_SECONDS = 10.0
#: exit code: an internal software error (sysexits.h)
EXIT_STUCK = 70

#: (task that does not end, function) -> hands its run and all others on
HandOn = Callable[["asyncio.Task[Any]", str], Coroutine[Any, Any, None]]


class Watchdog:
    """Watches one event loop from a thread of its own."""

    def __init__(
        self,
        limit_seconds: float,
        *,
        memory_bytes: int = 0,
        hand_on: HandOn | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """Interrupt a function that awaits nothing for so long, or takes more memory meanwhile.

        `hand_on` runs in a loop of its own, and the process ends after it; without, it goes on.
        """
        self._pause = min(_LONGEST_PAUSE_SECONDS, limit_seconds / _LOOKS)
        self._most = max(1, round(limit_seconds / self._pause))
        self._grace = max(1, round(grace_seconds / self._pause))
        self._memory_bytes = memory_bytes
        self._hand_on = hand_on
        self._stopped = threading.Event()
        self._is_beaten = True
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        loop = asyncio.get_running_loop()
        watched = threading.get_ident()
        self._thread = threading.Thread(
            target=self._watch, args=(loop, watched), name="fairlead-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _beat(self) -> None:
        self._is_beaten = True

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        # Looks are counted, not seconds: a machine that slept has not stalled.
        missed, interrupted_at = 0, 0
        while not self._stopped.wait(self._pause):
            if self._is_beaten:
                missed = interrupted_at = 0
                self._is_beaten = False
                with contextlib.suppress(RuntimeError):  # the loop is closed: nothing to watch
                    loop.call_soon_threadsafe(self._beat)
                continue
            missed += 1
            task = asyncio.current_task(loop)
            function = function_of(task)
            if interrupted_at:
                if missed - interrupted_at == self._grace and task is not None:
                    self._give_up(task, function or "a function")
                continue
            is_full = bool(self._memory_bytes) and resident_bytes() > self._memory_bytes
            if missed < self._most and not is_full:
                continue
            if function is None:
                if missed == self._most:
                    log.error("event loop stalls", trace=_stack(watched))
                continue
            log.error("function blocks the process", function=function, trace=_stack(watched))
            interrupted_at = missed
            _interrupt(watched)

    def _give_up(self, task: "asyncio.Task[Any]", function: str) -> None:
        log.critical("function cannot be interrupted", function=function)
        if self._hand_on is None:
            return
        # Whatever goes wrong here, the leases run out by themselves.
        with contextlib.suppress(Exception):
            asyncio.run(asyncio.wait_for(self._hand_on(task, function), _HAND_ON_SECONDS))
        log.critical("process ends", function=function, exit_code=EXIT_STUCK)
        sys.stderr.flush()
        os._exit(EXIT_STUCK)


def _interrupt(thread: int) -> None:
    # Delivered at the thread's next bytecode: the author's, as that is what it is in.
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(Interrupted)
    )


def _stack(thread: int) -> str:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - its documented use
    return redact("".join(traceback.format_stack(frame))) if frame else ""


def resident_bytes() -> int:
    """Return the memory that this process holds now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - every second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
