"""Runs the contract's best-known client, unmodified, against a whole fairlead and a whole cloud.

The scripts in `node/` use public methods of the client only; each prints what its calls came to,
and the tests hold that against the contract.
"""

import copy
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
# Tests are imported one by one (importmode=importlib), so the folder of helpers is named here.
sys.path.insert(0, str(HERE / "plugins"))

from chromium import NoBrowser, chromium, serving  # noqa: E402
from judged_world import KEY, PATIENCE, SIGNING_KEY, World, judged  # noqa: E402

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32" width="120" height="32">'
    '<rect width="32" height="32" rx="8" fill="#7a3ed0"/>'
    '<text x="42" y="23" font-size="20" font-family="sans-serif" fill="#7a3ed0">Acme</text></svg>'
)
PERSON = "megan@contoso.onmicrosoft.com"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.judges)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A cloud that signs one person in by itself, and a fairlead in front of it."""
    with judged(tmp_path_factory.mktemp("judged"), signed_in=PERSON) as made:
        yield made


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory, product: str) -> Iterator[World]:
    """A cloud whose pages wait to be clicked, and a fairlead that knows the product's page."""
    folder = tmp_path_factory.mktemp("staffed")
    # the same vendor, but asking for the tenant before the trip
    tenant = {"title": "Tenant", "pattern": "[a-z0-9.]+", "example": "contoso.onmicrosoft.com"}
    asking = {"display_name": "Asking", "alias": "sharepoint-online"}
    asking |= {"connection_config": {"tenant": tenant}}
    file = folder / "providers.json"
    file.write_text(json.dumps({"asking": asking}))
    (folder / "acme.svg").write_text(LOGO)
    looks = folder / "looks.json"
    colours = {"light": {"primary": "#7a3ed0"}, "dark": {"primary": "#c9a8ff"}}
    looks.write_text(json.dumps({"productName": "Acme", "logo": "acme.svg", "theme": colours}))
    settings = {"connect_origins": product, "providers_file": str(file)}
    settings |= {"connect_ui_file": str(looks)}
    with judged(folder, **settings) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; while it is open, an event loop of its driver runs, so no test may begin one."""
    try:
        with chromium() as opened:
            yield opened
    except NoBrowser as missing:
        problem = str(missing)
    else:
        return
    pytest.fail(problem, pytrace=False)


@pytest.fixture(scope="session")
def product(node: Any) -> Iterator[str]:
    """Where the product's page is, which uses the client for browsers."""
    with serving(node.folder / "node_modules") as url:
        yield url


@dataclass(frozen=True)
class Said:
    """What a script's calls came to."""

    calls: dict[str, dict[str, Any]]

    def value(self, call: str) -> Any:
        """What a call returned."""
        assert "returned" in self.calls[call], self.calls[call]
        return copy.deepcopy(self.calls[call]["returned"])

    def error(self, call: str) -> tuple[int, dict[str, Any]]:
        """The status and `error` of a call that was refused."""
        refused = self.calls[call]
        assert "refused" in refused, refused
        assert refused["type"].startswith("application/json"), refused
        error = dict(refused["data"]["error"])
        assert re.fullmatch(r"[a-z][a-z0-9_]*", error["code"]), error
        return refused["refused"], error


Judge = Callable[..., Said]


@pytest.fixture(scope="session")
def signing_key() -> str:
    """The key that signs webhooks."""
    return SIGNING_KEY


@pytest.fixture(scope="session")
def build() -> Any:
    """The module that installs the client."""
    spec = importlib.util.spec_from_file_location("judges_build", HERE / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def node(build: Any) -> Any:
    try:
        return build.build()
    except build.NotInstalled as missing:
        problem = str(missing)
    pytest.fail(problem, pytrace=False)


@dataclass
class Running:
    """A script that runs."""

    process: "subprocess.Popen[bytes]"

    def end(self) -> Said:
        """Wait for its end; return what it said."""
        try:
            said, trouble = self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
        assert self.process.returncode == 0, trouble.decode()
        return Said(json.loads(said))


def started(world: World, node: Any, script: str, parameters: dict[str, Any]) -> Running:
    told = {"host": world.host, "key": KEY, "folder": str(node.folder), **parameters}
    return Running(
        subprocess.Popen(
            [node.program, str(HERE / "node" / script), json.dumps(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    )


@pytest.fixture(scope="session")
def begin(world: World, node: Any) -> Callable[..., Any]:
    """Start a script of `node/` with what it is told."""
    return lambda script, **parameters: started(world, node, script, parameters)


@pytest.fixture(scope="session")
def axe(node: Any) -> str:
    """The script of a judge of accessible pages."""
    return str((node.folder / "node_modules/axe-core/axe.min.js").read_text())


@pytest.fixture(scope="session")
def staffed_judge(staffed: World, node: Any) -> Judge:
    """Run a script of `node/` to its end, at the fairlead whose cloud waits for clicks."""
    return lambda script, **parameters: started(staffed, node, script, parameters).end()


@pytest.fixture(scope="session")
def judge(begin: Callable[..., Running]) -> Judge:
    """Run a script of `node/` to its end; return what its calls came to."""
    return lambda script, **parameters: begin(script, **parameters).end()
