import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread
from time import monotonic
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from m365sim.cli import app
from m365sim.entra.contoso import WEB_APP_ID

COMMAND = [sys.executable, "-m", "m365sim"]
CALLBACK = "http://127.0.0.1:3003/oauth/callback"


def run(*arguments):
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, arguments)


@contextmanager
def serving(*arguments):
    """A server process and the line of JSON that it printed once it listened."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def test_one_line_of_json_says_everything(tmp_path):
    cloud_file = tmp_path / "cloud.json"
    with serving("--cloud-file", str(cloud_file)) as (process, report):
        assert report["tenant"]["domain"] == "contoso.onmicrosoft.com"
        assert [u["upn"].split("@")[0] for u in report["users"]] == [
            "alex",
            "megan",
            "adele",
            "diego",
        ]
        assert [u["enabled"] for u in report["users"]] == [True, True, True, False]
        assert report["users"][0]["is_admin"]
        assert not report["users"][2]["may_consent"]
        web, expired, daemon, terminal = report["apps"]
        assert web["redirect_uris"] == [CALLBACK, "http://localhost:3003/oauth/callback"]
        assert web["secret"]
        assert expired["secret"]
        assert terminal["secret"] is None
        assert daemon["application_permissions"]["graph"]
        assert any(drive["site"].endswith("/sites/marketing") for drive in report["drives"])
        written = json.loads(cloud_file.read_text())
        assert written == {
            "login_url": report["urls"]["login"],
            "graph_url": report["urls"]["graph"],
            "sharepoint_url": report["urls"]["sharepoint"],
        }
        assert list(tmp_path.iterdir()) == [cloud_file]
        for name in ("login", "graph", "control"):
            assert httpx.get(report["urls"][name]).status_code < 500
        process.terminate()
        rest, trouble = process.communicate(timeout=20)
        assert (rest, trouble, process.returncode) == ("", "", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_with_a_client_connected(number):
    with serving() as (process, report), httpx.Client() as http:
        http.get(report["urls"]["login"])
        process.send_signal(number)
        _, trouble = process.communicate(timeout=20)
        assert process.returncode == 0
        assert trouble == ""


def test_a_hanging_request_does_not_hold_it_up():
    def hang(url):
        with pytest.raises(httpx.HTTPError):
            httpx.get(url, timeout=30).raise_for_status()

    with serving() as (process, report):
        faults = f"{report['urls']['control']}/_m365sim/faults"
        httpx.post(faults, json={"host": "login", "delay": 60})
        hanging = Thread(target=hang, args=[report["urls"]["login"]])
        hanging.start()
        deadline = monotonic() + 20
        while not httpx.get(faults).json()["hits"]:
            assert monotonic() < deadline
        process.terminate()
        _, trouble = process.communicate(timeout=20)
        hanging.join()
        assert process.returncode == 0
        assert trouble == ""


def test_auto_sign_in_lets_a_script_through():
    other = "http://127.0.0.1:9/cb"
    with serving("--auto-sign-in", "megan@contoso.onmicrosoft.com", "--redirect-uri", other) as (
        _,
        report,
    ):
        login = report["urls"]["login"]
        query = {
            "client_id": WEB_APP_ID, "response_type": "code", "redirect_uri": other,
            "scope": "Sites.Read.All offline_access", "state": "s",
        }  # fmt: skip
        answer = httpx.get(f"{login}/organizations/oauth2/v2.0/authorize?{urlencode(query)}")
        assert answer.status_code == 302
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        tokens = httpx.post(
            f"{login}/organizations/oauth2/v2.0/token",
            data={
                "grant_type": "authorization_code", "code": code, "redirect_uri": other,
                "client_id": WEB_APP_ID, "client_secret": report["apps"][0]["secret"],
            },
        ).json()  # fmt: skip
        auth = {"Authorization": f"Bearer {tokens['access_token']}"}
        found = httpx.get(f"{report['urls']['graph']}/v1.0/sites?search=marketing", headers=auth)
        assert found.json()["value"]


def test_people_get_a_summary(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--cloud-file", str(tmp_path / "c.json")],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "60"},
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl+C" in line:
            break
    process.terminate()
    process.communicate(timeout=20)
    text = "".join(lines)
    assert WEB_APP_ID in text
    assert "fairlead-secret~for-tests-only" in text
    assert CALLBACK in text
    assert "administrator" in text
    assert str(tmp_path / "c.json") in text


def test_a_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--library", "/no/such/folder"], "--library: there is no folder /no/such/folder"),
        (["--cloud-file", "/no/such/folder/c.json"], "--cloud-file: there is no folder"),
        (
            ["--port", "0", "--auto-sign-in", "nobody@contoso.onmicrosoft.com"],
            "there is no user nobody@",
        ),
        (["--port", "0", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, reason):
    ended = run("serve", *arguments)
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert reason in ended.stderr


@pytest.mark.parametrize(
    "arguments", [["--port", "70000"], ["--seed-files", "-1"], ["--no-such-option"]]
)
def test_malformed_options_are_usage_errors(arguments):
    ended = run("serve", *arguments)
    assert ended.exit_code == 2
    assert "Traceback" not in ended.stderr


def test_help():
    general = run("--help")
    assert general.exit_code == 0
    assert "serve" in general.stdout
    detail = run("serve", "--help")
    assert "Examples" in detail.stdout
    for option in (
        "--port",
        "--cloud-file",
        "--json",
        "--auto-sign-in",
        "--seed-files",
        "--library",
        "--host",
    ):
        assert option in detail.stdout
    assert run("--version").stdout.startswith("m365sim ")
