"""Calculates columns: arithmetic and joined texts over other columns of the item.

https://support.microsoft.com/office/calculated-field-formulas-and-functions-in-sharepoint
A formula with anything else in it, such as a function, has no value here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

#: Returns the value of a column by its internal or its display name.
Value = Callable[[str], Any]

_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)|"(?P<text>(?:[^"]|"")*)"|\[(?P<column>[^\]]+)\]'
    r"|(?P<bare>[A-Za-z_]\w*)(?!\w*\()|(?P<mark>[-+*/&()]))"
)
_SUMS = {"+": operator.add, "-": operator.sub}
_PRODUCTS = {"*": operator.mul, "/": operator.truediv}


class Incalculable(Exception):
    """The formula, or a value it looks at, is none that is calculated here."""


def calculate(formula: str, value: Value) -> int | float | str | None:
    """Return what a formula gives for an item; None when it gives nothing."""
    try:
        result: int | float | str | None = _Reader(formula.removeprefix("="), value).read()
    except (Incalculable, TypeError, ZeroDivisionError):
        return None
    return result


class _Reader:
    def __init__(self, text: str, value: Value) -> None:
        self._value = value
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise Incalculable
            self._tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()

    def read(self) -> Any:
        whole = self._joined()
        if self._tokens:
            raise Incalculable
        return whole

    def _joined(self) -> Any:
        whole = self._sum()
        while self._takes("&"):
            whole = f"{_written(whole)}{_written(self._sum())}"
        return whole

    def _sum(self) -> Any:
        whole = self._product()
        while sign := self._takes("+", "-"):
            whole = _SUMS[sign](_number(whole), _number(self._product()))
        return whole

    def _product(self) -> Any:
        whole = self._one()
        while sign := self._takes("*", "/"):
            whole = _PRODUCTS[sign](_number(whole), _number(self._one()))
        return whole

    def _one(self) -> Any:
        if self._takes("-"):
            return -_number(self._one())
        if self._takes("("):
            whole = self._joined()
            if not self._takes(")"):
                raise Incalculable
            return whole
        if not self._tokens:
            raise Incalculable
        kind, text = self._tokens.pop(0)
        match kind:
            case "number":
                return float(text) if "." in text else int(text)
            case "text":
                return text.replace('""', '"')
            case "column" | "bare":
                return self._value(text)
        raise Incalculable

    def _takes(self, *marks: str) -> str | None:
        if self._tokens and self._tokens[0][0] == "mark" and self._tokens[0][1] in marks:
            return self._tokens.pop(0)[1]
        return None


def _number(value: Any) -> int | float:
    if value is None:
        return 0  # as a spreadsheet counts what is not there
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Incalculable
    return value


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
