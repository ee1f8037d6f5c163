"""The printed curl lines are what a shell must be given to make the same call."""

import json
import subprocess

import aiohttp
import pytest

from fairlead_microsoft.demo.api import Api
from fairlead_microsoft.demo.failure import StepFailed

SHELL = """
curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }
FAIRLEAD=http://host AUTH='Authorization: Bearer key' CLIENT_SECRET="it's" DRIVE='b!x'
"""


def words(line: str) -> list[str]:
    """Return what curl would be called with."""
    ran = subprocess.run(["/bin/sh", "-c", SHELL + line], capture_output=True, check=True)
    return ran.stdout.decode().split("\0")[:-1]


@pytest.fixture
async def api() -> Api:
    async with aiohttp.ClientSession() as session:
        return Api(session, "http://127.0.0.1:9", "key")


async def test_a_read(api: Api) -> None:
    line = api.curl("GET", "/records", query={"model": "A B"}, headers={"Connection-Id": "c"})
    assert words(line) == [
        *("-s", "http://host/records?model=A+B"),
        *("-H", "Authorization: Bearer key", "-H", "Connection-Id: c"),
    ]


async def test_values_of_variables_stay_out_of_the_line(api: Api) -> None:
    api.shell = {"it's": "CLIENT_SECRET", "b!x": "DRIVE"}
    body = {"secret": "it's", "name": 'say "hi" & $HOME', "drives": ["b!x"]}
    line = api.curl("POST", "/drives/b!x", body=body)
    assert "b!x" not in line
    sent = words(line)
    assert sent[:3] == ["-s", "-X", "POST"]
    assert sent[3] == "http://host/drives/b!x"
    assert json.loads(sent[-1]) == {**body, "secret": "it's"}


async def test_a_platform_that_does_not_answer_fails_the_step() -> None:
    async with aiohttp.ClientSession() as session:
        api = Api(session, "http://127.0.0.1:9", "key")
        with pytest.raises(StepFailed, match="GET /x: the platform did not answer"):
            await api.call("GET", "/x")
