"""The grammar of frequencies, word by word."""

from datetime import timedelta

import pytest

from fairlead.errors import InvalidInput
from fairlead.model.schedule import parse_frequency


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every 30s", 30),
        ("every 45 sec", 45),
        ("every 90 seconds", 90),
        ("every 5m", 300),
        ("every 5 mins", 300),
        ("every minute", 60),
        ("every hour", 3600),
        ("1h", 3600),
        ("every 2 hrs", 7200),
        ("every half hour", 1800),
        ("every quarter hour", 900),
        ("every half day", 43200),
        ("every day", 86400),
        ("3 days", 3 * 86400),
        ("every week", 7 * 86400),
        ("month", 30 * 86400),
        ("  Every Hour ", 3600),
    ],
)
def test_a_frequency_names_an_interval(text, seconds):
    assert parse_frequency(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "every", "hourly", "every -5m", "every 1.5h", "every ٣ h", "every 9999999999999 d"]
)
def test_what_is_not_in_the_grammar_is_refused_with_an_example(text):
    with pytest.raises(InvalidInput, match="every hour"):
        parse_frequency(text)


@pytest.mark.parametrize("text", ["every 29s", "every 0m", "every 32 days", "every 99999999d"])
def test_what_is_too_often_or_too_seldom_is_refused(text):
    with pytest.raises(InvalidInput, match="30 seconds to 31 days"):
        parse_frequency(text)
