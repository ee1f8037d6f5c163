"""The two servers as child processes: started, waited for, and never left behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from fairlead_microsoft.demo.failure import StepFailed

#: seconds a child may take to be ready, and to end
READY_SECONDS = 60.0
END_SECONDS = 10.0
#: lines of a dead child's log that are shown
TAIL_LINES = 15


class Child:
    """One child process; its stderr goes to a log file in the demo's folder."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(
        cls, name: str, arguments: list[str], *, folder: Path, env: Mapping[str, str]
    ) -> Self:
        """Start `python -m ARGUMENTS`; its stdout can be read line by line."""
        log = folder / f"{name}.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=stderr,
                cwd=folder,
                env={**os.environ, **env},
                # Ctrl-C is for the demo alone; it ends its children itself, in order.
                start_new_session=True,
            )
        return cls(name, process, log)

    async def first_line(self) -> bytes:
        """Wait for the line that says it is ready."""
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_SECONDS)
        except TimeoutError:
            raise StepFailed(f"{self.name} said nothing for {READY_SECONDS:.0f} s") from None
        if not line:
            raise StepFailed(f"{self.name} ended at once:\n{self.tail()}")
        return line

    def require_alive(self) -> None:
        """Raise StepFailed if it has ended."""
        if self._process.returncode is not None:
            raise StepFailed(
                f"{self.name} ended with code {self._process.returncode}:\n{self.tail()}"
            )

    def tail(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:]) or "(it wrote nothing)"

    async def stop(self) -> None:
        """End it: politely, then not."""
        if self._process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), END_SECONDS)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            # The whole group: whatever the child started ends with it.
            os.killpg(self._process.pid, number)


class Children:
    """The children of this demo; leaving the context ends them, the last started first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Child] = []

    async def start(self, name: str, arguments: list[str], env: Mapping[str, str]) -> Child:
        """Start one more."""
        child = await Child.start(name, arguments, folder=self.folder, env=env)
        self._running.append(child)
        return child

    def require_alive(self) -> None:
        """Raise StepFailed if one has ended."""
        for child in self._running:
            child.require_alive()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._running:
            # Shielded: a second Ctrl-C must not leave one behind.
            await asyncio.shield(self._running.pop().stop())
