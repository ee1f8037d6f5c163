"""Plays random histories of a plot on one database, in silence."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from mirror_stage import Plot, Stage
from mirror_story import live
from tales import Tale

#: (plot, how its histories are made up, how many)
Play = Callable[[Plot, SearchStrategy[Tale], int], None]


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


@pytest.fixture
def quiet() -> Iterator[None]:
    """No log: thousands of runs write it."""
    kept = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**kept)


@pytest.fixture
def on_sqlite(sqlite_url: str, quiet: None) -> Play:
    """Plays histories on SQLite."""
    return _player(sqlite_url)


@pytest.fixture
def on_postgresql(postgresql_url: str, quiet: None) -> Play:
    """Plays histories on PostgreSQL."""
    return _player(postgresql_url)


def _player(url: str) -> Play:
    def play(plot: Plot, tales: SearchStrategy[Tale], share: int) -> None:
        """Play `share` histories for every hundred examples of the profile: 100, or 10,000."""
        number = max(1, settings.default.max_examples * share // 100)
        with asyncio.Runner() as runner:
            stage = runner.run(Stage.open(url))

            @settings(max_examples=number, suppress_health_check=[HealthCheck.too_slow])
            @given(tales)
            def history(tale: Tale) -> None:
                runner.run(live(stage, plot, tale))

            try:
                history()
            finally:
                runner.run(stage.close())

    return play
