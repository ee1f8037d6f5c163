"""`./run test`: fast tests first, then the others, then lint; the last line sums up."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The runner, over a project of three folders of tests."""
    spec = importlib.util.spec_from_file_location("runner", ROOT / "tests/__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "tests/unit").mkdir(parents=True)
    (tmp_path / "tests/walks").mkdir()
    (tmp_path / "tests/judges").mkdir()
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  judges: of others\n  slow: by hand\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    judge = "import pytest\n\n@pytest.mark.judges\ndef test_three():\n    pass\n"
    (tmp_path / "tests/judges/test_three.py").write_text(judge)
    (tmp_path / "tests/unit/test_one.py").write_text("def test_one():\n    pass\n")
    (tmp_path / "tests/walks/test_two.py").write_text("def test_two():\n    pass\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "FAST", ("tests/unit",))
    monkeypatch.setattr(module, "JUDGES", ("tests/judges",))
    monkeypatch.setattr(module, "WORKERS", ())
    monkeypatch.setattr(module, "LINT", {"a check": ["python", "-c", ""]})
    return module


def test_all_well(runner: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    assert runner.main([]) == 0
    out = capfd.readouterr().out
    assert out.index("== fast tests: tests/unit") < out.index("== slow tests: tests/walks")
    assert out.index("== slow tests") < out.index("== judges' tests") < out.index("== a check")
    assert out.endswith("all is well\n3 passed, 0 failed\n")


def test_a_failure_ends_it(
    runner: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests/unit/test_one.py").write_text("def test_one():\n    assert 1 > 2\n")
    assert runner.main([]) == 1
    out = capfd.readouterr().out
    assert "slow tests" not in out
    assert out.endswith("fast tests failed; the rest did not run\n0 passed, 1 failed\n")


def test_a_skipped_test_is_not_silent(
    runner: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    skipping = "import pytest\n\ndef test_one():\n    pytest." + "skip('no')\n"
    (tmp_path / "tests/unit/test_one.py").write_text(skipping)
    assert runner.main(["--no-lint"]) == 0
    assert capfd.readouterr().out.endswith("2 passed, 0 failed, 1 skipped\n")


def test_a_failing_check_fails_it(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    failing = ["python", "-c", "import sys; sys.exit(3)"]
    monkeypatch.setattr(runner, "LINT", {"a check": failing})
    assert runner.main([]) == 3
    assert capfd.readouterr().out.endswith("a check failed\n3 passed, 0 failed\n")


def test_with_arguments_only_pytest_runs(
    runner: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert runner.main(["-q", "tests/walks"]) == 0
    out = capfd.readouterr().out
    assert "1 passed" in out
    assert "a check" not in out
