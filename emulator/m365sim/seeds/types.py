"""What single values of a tenant file may be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from m365sim.yaml_file import plain

Role = Literal["read", "write", "owner"]


def _guid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError("a GUID was expected")
    return text.lower()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _permission(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]+(?:\.[A-Za-z]+)*", text):
        raise ValueError("the name of a permission was expected, such as Sites.Read.All")
    return text


def host_label(text: str) -> str:
    """Let only what may be part of a host's name pass, else ValueError."""
    if not re.fullmatch(r"[a-z][a-z0-9]{0,62}", text):
        raise ValueError("a host label was expected: lower-case letters and digits")
    return text


def domain_name(text: str) -> str:
    """Let only a domain pass, else ValueError."""
    if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", text):
        raise ValueError("a domain was expected, such as contoso.onmicrosoft.com")
    return text


def is_on(value: Any) -> Any:
    """Let `true` stand for an entry that says nothing more, and `false` for none."""
    if value is True:
        return {}
    return None if value is False else value


def value_of(value: Any) -> Any:
    """Let a text stand for an entry that says its value alone."""
    return {"value": value} if isinstance(value, str) else value


Guid = Annotated[str, AfterValidator(_guid)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Names = frozenset[Annotated[str, AfterValidator(_permission)]]
Free = Annotated[dict[str, Any], BeforeValidator(plain)]  # a mapping with keys of any name
