"""Calculated columns."""

import pytest

from m365sim.lists.formula import Incalculable, calculate

ROW = {"Quantity": 3, "Price": 2.5, "First": "Ada", "Last Name": "L", "Empty": None, "Yes": True}


def value(name):
    if name not in ROW:
        raise Incalculable
    return ROW[name]


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("=[Quantity]*[Price]", 7.5),
        ("=Quantity+1", 4),
        ("=1+2*3-4/2", 5.0),
        ("=-(Quantity-1)*2", -4),
        ('=[First]&" ""x"" "&[Last Name]', 'Ada "x" L'),
        ('="n"&4/2', "n2"),
        ("=[Empty]+1", 1),
        ("=[Empty]&1", "1"),
        ("=5", 5),
    ],
)
def test_results(formula, result):
    assert calculate(formula, value) == result


@pytest.mark.parametrize(
    "formula",
    [
        "=", "=1+", "=(1", "=1)", "=1/0", "=[Nothing]", "=[First]*2", "=[Yes]+1", "=IF(1,2,3)",
        "=1 2", "={", "=*1",
    ],
)  # fmt: skip
def test_what_is_not_calculated(formula):
    assert calculate(formula, value) is None
