"""Pressing Ctrl-C twice still clears the stage."""

import asyncio
import os
import signal

import pytest

from fairlead_microsoft.demo.command import _until_signal


class Stage:
    """Stands for the walk: takes a while to clear, and notes that it did."""

    def __init__(self):
        self.is_cleared = False

    async def run(self):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(20):
                await asyncio.sleep(0.001)
            self.is_cleared = True


def test_the_second_signal_does_not_interrupt_the_clearing():
    stage = Stage()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_until_signal(stage))
    assert stage.is_cleared
