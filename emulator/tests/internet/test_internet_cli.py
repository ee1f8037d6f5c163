from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from m365sim.cli import app
from m365sim.internet.environment import proxy_environment

COMMAND = [sys.executable, "-m", "m365sim"]
VARIABLES = {
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
}

#: A client that knows nothing of the emulator.
CLIENT = """
import httpx
print(httpx.get("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration")
      .json()["msgraph_host"])
"""


def run(*arguments):
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, arguments)


@contextlib.contextmanager
def proxying(*arguments):
    process = subprocess.Popen(
        [*COMMAND, "proxy", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_a_client_in_another_process_comes_through(tmp_path):
    """On uvloop, as people run it; the tests in this process run on asyncio's own loop."""
    with proxying("--ca-dir", str(tmp_path / "ca")) as (process, report):
        assert report["urls"]["graph"] == "https://graph.microsoft.com"
        assert report["ca_file"] == str(tmp_path / "ca" / "ca.pem")
        assert set(report["env"]) == VARIABLES
        assert {one["upn"] for one in report["users"]} > {"alex@contoso.onmicrosoft.com"}
        said = subprocess.run(
            [sys.executable, "-c", CLIENT],
            env={"PATH": os.environ["PATH"], **report["env"]},
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert said.stdout.strip() == "graph.microsoft.com"
        seen = httpx.get(f"{report['urls']['control']}/_m365sim/requests", trust_env=False).json()
        assert seen["counts"][0]["route"].endswith("openid-configuration")
        process.terminate()
        rest, trouble = process.communicate(timeout=20)
        assert (rest, trouble, process.returncode) == ("", "", 0)


def test_people_get_a_summary_with_what_to_type(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "proxy", "--port", "0", "--ca-dir", str(tmp_path), "--cloud", "us-dod"],
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
    assert "export HTTPS_PROXY=http://127.0.0.1:" in text
    assert f"export SSL_CERT_FILE={tmp_path / 'ca.pem'}" in text
    assert "https://dod-graph.microsoft.us" in text


def test_env_is_for_a_shell(tmp_path):
    folder = tmp_path / "it's a folder"
    printed = run("env", "--ca-dir", str(folder), "--port", "4711")
    assert printed.exit_code == 0
    script = f'{printed.stdout}\nprintf \'%s\\n\' "$HTTPS_PROXY" "$SSL_CERT_FILE"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["http://127.0.0.1:4711", str(folder / "ca.pem")]
    assert (folder / "ca.pem").is_file()


def test_env_as_json(tmp_path):
    printed = run("env", "--ca-dir", str(tmp_path), "--json")
    assert json.loads(printed.stdout) == proxy_environment(
        tmp_path / "ca.pem", "http://127.0.0.1:4310"
    )
    assert set(json.loads(printed.stdout)) == VARIABLES


def test_env_and_proxy_agree_whoever_comes_first(tmp_path):
    run("env", "--ca-dir", str(tmp_path))
    before = (tmp_path / "ca.pem").read_bytes()
    with proxying("--ca-dir", str(tmp_path)):
        assert (tmp_path / "ca.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["proxy", "--cloud", "mars"], "--cloud: there is no mars; there are global, us-gov-high"),
        (["proxy", "--library", "/no/such/folder"], "--library: there is no folder"),
        (["proxy", "--port", "0", "--auto-sign-in", "nobody@x"], "there is no user nobody@x"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path, arguments, reason):
    ended = run(*arguments, "--ca-dir", str(tmp_path / "ca"))
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert reason in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("command", ["proxy", "env"])
def test_a_folder_that_cannot_be_used(tmp_path, command):
    (tmp_path / "file").write_text("x")
    ended = run(command, "--ca-dir", str(tmp_path / "file"))
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert "--ca-dir: cannot use" in ended.stderr


def test_a_port_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("proxy", "--ca-dir", str(tmp_path), "--port", str(port))
    assert ended.exit_code == 2
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [["proxy"], ["env"], ["proxy", "--ca-dir", "x", "--port", "70000"], ["env", "--port", "0"]],
)
def test_malformed_options_are_usage_errors(arguments):
    ended = run(*arguments)
    assert ended.exit_code == 2
    assert "Traceback" not in ended.stderr


def test_help():
    assert {"serve", "proxy", "env"} <= set(run("--help").stdout.split())
    detail = run("proxy", "--help").stdout
    assert "Examples" in detail
    for option in ("--ca-dir", "--port", "--cloud", "--json", "--auto-sign-in", "--seed-files"):
        assert option in detail
