"""Fault scripts from YAML files: what they put in force, and what is said of one with a fault."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from m365sim.bad_file import BadFile
from m365sim.clock import VirtualClock
from m365sim.fault_file import apply_faults
from m365sim.server import Options
from m365sim.world import build_world

EXAMPLE = Path(__file__).parents[2] / "examples" / "faults.yaml"

CASES = [
    ("- a\n", 1, "a mapping of keys to values was expected"),
    ("fault: []\n", 1, "fault: is not known here"),
    ("seed: x\n", 1, "seed: input should be a valid integer"),
    ("faults: 3\n", 1, "faults: input should be a valid tuple"),
    ("faults:\n  - host: graph\n", 2, r"faults\[1\]: a fault must do something"),
    ("faults:\n  - status: 429\n    retry: 3\n", 3, r"faults\[1\].retry: is not known here"),
    ("faults:\n  - status: 999\n", 2, r"faults\[1\].status: .*less than or equal to 599"),
    ("faults:\n  - status: many\n", 2, "valid integer"),
    ("faults:\n  - status: 500\n    probability: 1.5\n", 3, "less than or equal to 1"),
    ("faults:\n  - status: 500\n    count: some\n", 3, "count: .*valid integer"),
    ("faults:\n  - status: 500\n    count: -1\n", 3, "count: .*greater than or equal to 0"),
    ("faults:\n  - status: 500\n    skip: -1\n", 3, "greater than or equal to 0"),
    ("faults:\n  - status: 500\n    method: 3x\n", 3, "a method was expected"),
    ("faults:\n  - status: 500\n    path: ''\n", 3, "at least 1 character"),
    ("faults:\n  - delay: -1\n", 2, "greater than or equal to 0"),
    ("faults:\n  - bandwidth: 0\n", 2, "greater than or equal to 1"),
    ("faults:\n  - cut_after: -1\n", 2, "greater than or equal to 0"),
    ("faults:\n  - challenge: mfa\n", 2, "challenge: input should be 'claims'"),
    ("faults:\n  - status: 500\n    headers: [a]\n", 3, "headers: .*dictionary"),
    ("faults:\n  - {id: a, status: 500}\n  - {id: a, status: 500}\n", 3, r"faults\[2\].id: another fault is called a"),
    ("quirks:\n  parent_echo: true\n  odd: 1\n", 3, "quirks.odd: there is no quirk named odd"),
    ("quirks:\n  parent_echo: 7\n", 2, "quirks.parent_echo: quirk parent_echo takes a bool"),
    ("quirks:\n  resync_code: any\n", 2, "quirks.resync_code: quirk resync_code is one of resync"),
    ("throttle: {speed: 3}\n", 1, "throttle: throttling has no speed"),
    ("notifications: {drop: 2}\n", 1, "notifications: the share to drop is between 0 and 1"),
    ("faults:\n  - status: [\n", None, "expected"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), CASES)
def test_the_first_fault_is_told_in_one_line(tmp_path, text, line, reason):
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(BadFile) as caught:
        apply_faults(build_world(), path)
    told = str(caught.value)
    assert "\n" not in told
    assert re.match(rf"{re.escape(str(path))}:\d+: .*{reason}", told), told
    if line is not None:
        assert caught.value.line == line, told


@pytest.mark.parametrize("command", ["serve", "proxy"])
def test_the_commands_end_with_2(tmp_path, command):
    path = tmp_path / "faults.yaml"
    path.write_text("seed: 1\nfaults:\n  - status: 429\n    retry_after: soon\n")
    extra = ["--ca-dir", str(tmp_path / "ca")] if command == "proxy" else []
    process = subprocess.run(
        [sys.executable, "-m", "m365sim", command, "--port", "0", "--faults", str(path), *extra],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode == 2
    assert process.stderr.startswith(f"{path}:4: faults[1].retry_after: input should be a valid")
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""


def test_the_example_puts_everything_in_force():
    world = Options(faults=EXAMPLE).build()
    rules = {rule.id: rule for rule in world.faults.rules}
    assert world.faults.seed == 7
    assert list(rules) == [
        "throttled", "overloaded", "resync", "stale-download", "locked", "revoked", "expired",
        "no-consent", "skewed", "challenged", "slow", "broken-off", "unreliable",
    ]  # fmt: skip
    assert rules["locked"].count is None
    assert (rules["overloaded"].count, rules["throttled"].count) == (2, 1)
    assert rules["resync"].headers == {
        "Location": "https://graph.microsoft.com/v1.0/drives/x/root/delta"
    }
    quirks = world.quirks
    assert not quirks.parent_echo | quirks.delta_path | quirks.delta_ctag | quirks.resync_location
    assert quirks.deleted_name & quirks.repeat_across_pages
    assert quirks.empty_page_every == 3
    assert quirks.resync_code == "resyncChangesUploadDifferences"
    assert (quirks.delta_retention, quirks.search_lag) == (timedelta(days=3), timedelta(seconds=30))
    assert world.throttle.is_on
    assert world.throttle.limits.app_per_minute == 100_000
    assert (world.notify.drop, world.notify.delay) == (0.25, timedelta(seconds=2))


def test_numbers_may_stand_for_headers(tmp_path):
    path = tmp_path / "faults.yaml"
    path.write_text("faults:\n  - status: 429\n    headers: {X-Count: 3}\n")
    world = build_world(clock=VirtualClock(datetime(2026, 6, 1, tzinfo=UTC)))
    apply_faults(world, path)
    assert world.faults.rules[0].headers == {"X-Count": "3"}
