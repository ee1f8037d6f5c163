"""`./run test [pytest arguments]`: every test, the fast ones first, then lint, contract and types.

With arguments only pytest runs, with these arguments. `--no-lint` leaves out what follows the tests.
The last line sums up what all of it came to.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: milliseconds each: they fail before anybody has waited
FAST = ("tests/unit", "tests/docs", "integrations", "emulator/tests")
#: unmodified clients of others, as they judge the emulator and the HTTP API
JUDGES = ("emulator/tests/judges", "tests/judges")
LINT = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "import contract": ["lint-imports", "--no-logo"],
    "mypy --strict": ["mypy"],
}
#: as many processes as there are cores; a file's tests stay together, for what they share, and files
#: are begun in the order of tests/conftest.py
WORKERS = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
#: pytest's own code for a selection that matched nothing
NO_TESTS = 5


def main(arguments: list[str]) -> int:
    has_lint = "--no-lint" not in arguments
    selection = [argument for argument in arguments if argument != "--no-lint"]
    if selection:
        return _run([sys.executable, "-m", "pytest", *selection])

    totals: Counter[str] = Counter()
    slow = sorted(
        f"tests/{folder.name}"
        for folder in (ROOT / "tests").iterdir()
        if any(folder.glob("**/test_*.py")) and f"tests/{folder.name}" not in (*FAST, *JUDGES)
    )
    ours, judges = ("-m", "not slow and not judges"), ("-m", "not slow and judges")
    for title, folders, which in (
        ("fast", FAST, ours),
        ("slow", slow, ours),
        ("judges'", JUDGES, judges),
    ):
        say(f"\n== {title} tests: {' '.join(folders)}")
        code = _pytest([*which, *folders], totals)
        if code:
            return _close(totals, code, f"{title} tests failed; the rest did not run")
    for name, command in LINT.items() if has_lint else ():
        say(f"\n== {name}")
        program = str(Path(sys.executable).parent / command[0])
        if code := _run([program, *command[1:]]):
            return _close(totals, code, f"{name} failed")
    return _close(totals, 0, "all is well")


def _pytest(arguments: list[str], totals: Counter[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-x", "-q", f"--junit-xml={report}"]
        code = _run([*command, *WORKERS, *arguments])
        if report.exists():
            for suite in ET.parse(report).getroot().iter("testsuite"):
                for kind in ("tests", "failures", "errors", "skipped"):
                    totals[kind] += int(suite.get(kind, 0))
    if code == NO_TESTS:
        say("no test was found")
    return code


def say(text: str) -> None:
    """Print a line, before whatever the next process prints."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _close(totals: Counter[str], code: int, verdict: str) -> int:
    failed = totals["failures"] + totals["errors"]
    passed = totals["tests"] - failed - totals["skipped"]
    skipped = f", {totals['skipped']} skipped" if totals["skipped"] else ""
    say(f"\n{verdict}\n{passed} passed, {failed} failed{skipped}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
