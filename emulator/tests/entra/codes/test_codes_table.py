"""The tables of this folder are whole, and so is the document made of them."""

import re
from pathlib import Path

from m365sim.coverage import CODES_DOCUMENT, codes
from m365sim.entra.codes import HOW, NOT_GIVEN
from m365sim.entra.errors import OAUTH_ERROR

#: The numbers that the project was asked for, beyond which there are more.
ASKED_FOR = {
    50011, 50020, 50034, 50053, 50055, 50057, 50058, 50076, 50079, 50105, 50126, 50158, 50173,
    50194, 500011, 53003, 53000, 53001, 53002, 54005, 65001, 65004, 650052, 650057, 70000, 70001,
    700016, 70008, 700082, 700084, 70011, 70043, 700022, 700023, 28002, 28003, 700025, 700027,
    7000215, 7000218, 7000222, 9001023, 90002, 90014, 900144, 90094, 90095, 90024, 90033, 50033,
    50196,
}  # fmt: skip


def test_every_number_has_a_case_and_says_how_to_get_there():
    tables = [
        path.read_text(encoding="utf-8").partition("\nCASES = [")[2]
        for path in Path(__file__).parent.glob("test_codes_*.py")
    ]
    cases = {int(number) for number in re.findall(r"\(\s*\w+,\s*(\d+),", "".join(tables))}
    assert cases == set(OAUTH_ERROR) == set(HOW)


def test_what_was_asked_for_is_given_or_said_not_to_be():
    assert set(OAUTH_ERROR) | set(NOT_GIVEN) >= ASKED_FOR
    assert set(NOT_GIVEN).isdisjoint(OAUTH_ERROR)


def test_the_document_is_up_to_date():
    assert CODES_DOCUMENT.read_text(encoding="utf-8") == codes()
