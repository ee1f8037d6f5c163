"""Fixtures of every test in this folder."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

# Tests are imported one by one (importmode=importlib), so the folder of plugins is named here.
sys.path.insert(0, str(Path(__file__).parent / "plugins"))

# The log goes where the product writes it, from the first test on and in every order of them. It is
# found anew for each line: whoever reads what was printed puts another stream there.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

pytest_plugins = ["both_clients", "certificates", "clinic", "databases", "histories", "store_world"]

# The same examples on every machine, so that what fails there fails here; `--hypothesis-profile
# long` looks further, at others each time, and takes hours.
settings.register_profile(
    "ci",
    # explaining a failure traces every line of every example
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
    deadline=None,
    derandomize=True,
    print_blob=True,
    database=None,
    max_examples=100,
)
settings.register_profile(
    "long",
    deadline=None,
    print_blob=True,
    max_examples=10_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of one long test each, so that no process waits for them in the end."""
    items.sort(key=lambda item: "property" not in item.path.parts)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Let no test leave its log to the next one: commands, run in this process, set it up anew."""
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)
