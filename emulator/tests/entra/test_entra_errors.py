import re
from pathlib import Path

import m365sim.entra
from m365sim.entra.errors import OAUTH_ERROR, Refusal, Trace, error_body


def test_the_table_holds_exactly_the_numbers_that_are_given_out():
    source = "".join(path.read_text() for path in Path(m365sim.entra.__path__[0]).glob("*.py"))
    given = {int(number) for number in re.findall(r"\bRefusal\(\s*(\d+)", source)}
    assert given == set(OAUTH_ERROR)


def test_the_body_keeps_the_callers_correlation_id_if_it_is_one(world):
    refusal = Refusal(65001, "No.", suberror="consent_required")
    mine = "0c7b0a9e-64a5-4d5c-9d7c-0f6b3e8f0a11"
    body = error_body(world, refusal, Trace.new(world, mine))
    assert body["correlation_id"] == mine
    assert body["timestamp"] == "2026-06-01 12:00:00Z"
    assert body["suberror"] == "consent_required"
    other = error_body(world, refusal, Trace.new(world, "<script>"))
    assert other["correlation_id"] != "<script>"


def test_only_invalid_client_is_unauthorized():
    assert Refusal(7000215, "").status == 401
    assert Refusal(70008, "").status == 400
