"""`--throttle`: a server that counts resource units from the start."""

import json
import subprocess
import sys

import httpx


def test_the_option_turns_the_counting_on():
    process = subprocess.Popen(
        [sys.executable, "-m", "m365sim", "serve", "--port", "0", "--json", "--throttle"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        urls = json.loads(process.stdout.readline())["urls"]
        told = httpx.get(f"{urls['control']}/_m365sim/throttle").json()
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert told["on"] is True
    assert told["limits"]["appPerMinute"] == 1250
