"""The how-to for authors: its commands are run, its code is what `fairlead init` writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from fairlead.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/write-an-integration.md").read_text(encoding="utf-8")
STARTER = ROOT / "src/fairlead/cli/starter"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    ran = subprocess.run(
        ["bash", "-eu"],
        input="\n".join(blocks("sh")),
        cwd=tmp_path,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "9 passed" in ran.stdout
    for said in blocks("text"):
        assert said in ran.stdout
    assert '"title": "Run its tests"' in ran.stdout


def test_its_code_is_what_init_writes() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in STARTER.rglob("*.py.txt"))
    assert len(blocks("python")) == 2
    for code in blocks("python"):
        assert code.strip() in written


def test_the_commands_that_need_a_server_exist() -> None:
    lines = [line for block in blocks("shell") for line in block.splitlines()]
    calls = [line.split() for line in lines if line.startswith("fairlead ")]
    assert {call[1] for call in calls} == {"dev", "run", "replay"}
    for call in calls:
        shown = CliRunner().invoke(app, [call[1], "--help"], prog_name="fairlead").stdout
        for option in (word for word in call if word.startswith("--")):
            assert option in shown
