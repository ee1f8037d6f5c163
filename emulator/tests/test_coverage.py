"""COVERAGE.md says what the route tables say."""

from m365sim.coverage import COVERAGE, coverage
from m365sim.graph.routes import ROUTES


def test_file_is_up_to_date():
    assert COVERAGE.read_text(encoding="utf-8") == coverage()


def test_every_route_says_what_it_models_and_links_its_source():
    for route in ROUTES:
        assert route.modelled
        assert route.source.startswith("https://learn.microsoft.com/graph/")
        assert f"| {route.method} | `{route.shown_as}` |" in coverage()
