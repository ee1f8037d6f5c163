"""The pytest plugin: an emulated Microsoft 365 for the tests of any project.

Loaded by pytest itself, in every project that has m365sim installed; so nothing of the emulator is
imported before a test asks for one of the fixtures.
https://docs.pytest.org/en/stable/how-to/writing_plugins.html
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from m365sim.harness import LoopThread, Sim, SimClock, SimFaults, SimTenant

MARKER = "m365"
FILES = {"tenant", "library", "faults"}  # wishes that name a file
SHOWN_REQUESTS = 10  # with the report of a test that failed

_sim_key = pytest.StashKey["Sim"]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, so that --strict-markers takes it."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(tenant, files, library, auto_sign_in, throttle, redirect_uris, cloud, "
        "faults, now, seed): "
        "what the emulated Microsoft 365 of a test shall be (m365sim)",
    )


@pytest.fixture(scope="session")
def m365_loop() -> Iterator[LoopThread]:
    """Run the thread that every emulated cloud of the session lives in."""
    from m365sim.harness import LoopThread  # noqa: PLC0415 - not before it is needed

    with LoopThread() as loop:
        yield loop


@pytest.fixture(scope="session")
def m365_ca_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of the session's throw-away certificate authority."""
    return tmp_path_factory.mktemp("m365sim-ca")


@pytest.fixture
def m365_sim(request: pytest.FixtureRequest, m365_loop: LoopThread) -> Iterator[Sim]:
    """Start a fresh cloud, as the marker `m365` of the test, its class and its module wish it.

    It answers under the real names if the test has the fixture `m365_env`, else on ports of its
    own; its time stands still if the test has `m365_clock`.
    """
    from m365sim.harness import Unwishable, Wishes, started  # noqa: PLC0415 - not before needed

    asked = request.fixturenames
    ca_dir = request.getfixturevalue("m365_ca_dir") if "m365_env" in asked else None
    refused = ""
    with ExitStack() as stack:
        try:
            wishes = Wishes.of(_marked(request))
            sim = stack.enter_context(
                started(wishes, ca_dir=ca_dir, loop=m365_loop, virtual="m365_clock" in asked)
            )
        except Unwishable as wrong:
            refused = str(wrong)
        if refused:  # said out here, so that pytest shows one sentence and not where it came from
            pytest.fail(f"@pytest.mark.{MARKER}: {refused}", pytrace=False)
        request.node.stash[_sim_key] = sim
        if ca_dir is None:
            _resolve_localhost(request.getfixturevalue("monkeypatch"))
        yield sim


@pytest.fixture
def m365_tenant(m365_sim: Sim) -> SimTenant:
    """Give a tenant of the test's own: addresses, people, tokens, truth, what was asked."""
    return m365_sim.tenant


@pytest.fixture
def m365_faults(m365_sim: Sim) -> SimFaults:
    """Give the script by which requests of the test go wrong."""
    return m365_sim.faults


@pytest.fixture
def m365_clock(m365_sim: Sim) -> SimClock:
    """Give the cloud's time, which stands still until the test advances it."""
    return m365_sim.clock


@pytest.fixture
def m365_env(m365_sim: Sim, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the cloud in the internet's place: proxy and certificates in the environment.

    Returned as well, for processes that the test starts.
    """
    for name, value in m365_sim.environment.items():
        monkeypatch.setenv(name, value)
    return dict(m365_sim.environment)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a test that failed last asked of its cloud."""
    report = yield
    sim = item.stash.get(_sim_key, None)
    if sim is not None and report.when == "call" and report.failed:
        seen = sim.tenant.requests[-SHOWN_REQUESTS:]
        lines = [
            f"{one.status} {one.method} {one.surface} {one.path}"
            + (f"?{one.query}" if one.query else "")
            + (f"  <- {one.fault}" if one.fault else "")
            for one in seen
        ]
        lines += [f"not modelled: {one}" for one in sim.tenant.not_modelled]
        report.sections.append(("m365sim: the last requests", "\n".join(lines) or "none"))
    return report


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Merge the markers that a test is under; the nearest counts."""
    wishes: dict[str, Any] = {}
    for marker in request.node.iter_markers(MARKER):
        if marker.args:
            pytest.fail(f"@pytest.mark.{MARKER} takes keywords only", pytrace=False)
        wishes = {**marker.kwargs, **wishes}
    for name in FILES & wishes.keys():
        wishes[name] = _beside(request, wishes[name])
    return wishes


def _beside(request: pytest.FixtureRequest, value: Any) -> Any:
    """Return a file that is named relative to the test's own file by its whole path."""
    if isinstance(value, (list, tuple)):
        return [_beside(request, one) for one in value]
    if isinstance(value, (str, Path)):
        place = request.path.parent / value
        if place.exists():
            return place
    return value


def _resolve_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `contoso.localhost` be the loopback (RFC 6761, 6.3), whatever the resolver knows."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *args: Any, **options: Any) -> Any:
        named = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        is_local = isinstance(named, str) and named.lower().rstrip(".").endswith(".localhost")
        return resolve("127.0.0.1" if is_local else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
