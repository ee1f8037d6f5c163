"""A process that is killed loses nothing that it answered."""

import json
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from m365sim.entra.contoso import DAEMON_APP_ID

pytestmark = pytest.mark.faults


@contextmanager
def serving(*arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "m365sim", "serve", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def token(urls):
    form = {
        "grant_type": "client_credentials", "client_id": DAEMON_APP_ID, "scope": ".default",
        "client_secret": "daemon-secret~for-tests-only",
    }  # fmt: skip
    address = f"{urls['login']}/contoso.onmicrosoft.com/oauth2/v2.0/token"
    return httpx.post(address, data=form).json()["access_token"]


def test_a_killed_server_goes_on_with_all_that_it_answered(tmp_path):
    path = str(tmp_path / "state.db")
    with serving("--state", path) as (process, report):
        urls = report["urls"]
        headers = {"authorization": f"Bearer {token(urls)}"}
        drive = next(d["id"] for d in report["drives"] if d["site"].endswith("/sites/marketing"))
        root = f"{urls['graph']}/v1.0/drives/{drive}/root"
        delta = httpx.get(f"{root}/delta?$top=999", headers=headers).json()["@odata.deltaLink"]
        for number in range(20):
            made = httpx.put(
                f"{root}:/{number}.txt:/content", headers=headers, content=b"x" * number
            )
            assert made.status_code == 201
        process.kill()
        process.wait()
    with serving("--state", path, "--seed-files", "10") as (process, report):
        urls = report["urls"]
        link = f"{urls['graph']}/v1.0{delta.partition('/v1.0')[2]}"
        page = httpx.get(link, headers=headers).json()  # the old token is good, too
        names = [entry["name"] for entry in page["value"] if "file" in entry]
        assert names == [f"{number}.txt" for number in range(20)]
        again = next(d["id"] for d in report["drives"] if d["site"].endswith("/sites/marketing"))
        assert again == drive
        assert not any(d["site"].endswith("/archive") for d in report["drives"])
        process.terminate()
        _, trouble = process.communicate(timeout=20)
        assert trouble == f"m365sim: {path} goes on; --seed-files is for a new file only\n"
        assert process.returncode == 0
