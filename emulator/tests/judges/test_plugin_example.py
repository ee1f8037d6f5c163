"""The example of the README: somebody else's connector, tested with the pytest plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.judges

README = Path(__file__).parents[2] / "README.md"
FIRST_LINE = "# test_connector.py"


def example() -> str:
    blocks = README.read_text().split("```python\n")[1:]
    (code,) = (block.partition("```")[0] for block in blocks if block.startswith(FIRST_LINE))
    return code


def test_the_example_of_the_readme_tests_a_connector_of_others(pytester, judges_python):
    pytester.makepyfile(test_connector=example())
    # The connector lives in the judges' environment; what both have is taken from ours.
    (packages,) = (judges_python.parent.parent / "lib").glob("python*/site-packages")
    pytester.makeconftest(f"import site\nsite.addsitedir({str(packages)!r})\n")
    ran = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-v")
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["test_connector.py::test_* PASSED*"])
