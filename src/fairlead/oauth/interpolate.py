"""Fill `${connectionConfig.name}` in a provider's URLs and parameters.

Where credentials belong, `${credentials.name}`, too; an error never tells their values.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as percent_encode

from fairlead.errors import EgressRefused, InvalidInput
from fairlead.http import parse_url

PLACE = re.compile(r"\$\{([^}]*)\}")
_PREFIX = "connectionConfig."
_CREDENTIALS = "credentials."


def interpolate(
    template: str,
    connection_config: Mapping[str, Any],
    *,
    quote: bool,
    credentials: Mapping[str, str] | None = None,
) -> str:
    """Return the template with its places filled; `quote` percent-encodes values, for URLs.

    A place that a URL begins with, alone, stands for a whole base URL and is not encoded.
    InvalidInput names the field that is missing, or whose value cannot stand in a URL.
    """
    if "${" not in template:
        return template

    def fill(match: re.Match[str]) -> str:
        if credentials is not None and match[1].startswith(_CREDENTIALS):
            return _credential(match[1].removeprefix(_CREDENTIALS), credentials)
        name = match[1].removeprefix(_PREFIX)
        value = connection_config.get(name) if match[1].startswith(_PREFIX) else None
        if value is None or value == "" or isinstance(value, dict | list):
            raise _invalid(name, "is missing; give it in connection_config")
        text = str(value)
        if not quote:
            return text
        if match.start() == 0 and template[match.end() :][:1] in {"", "/"}:
            return _base_url(name, text)
        if text in {".", ".."}:
            # as a segment of a path it would climb
            raise _invalid(name, f"must not be '{text}'")
        return percent_encode(text, safe="")

    return PLACE.sub(fill, template)


def places(template: str) -> list[str]:
    """Return the names in the template's places: `connectionConfig.x`, `credentials.x`."""
    return PLACE.findall(template)


def _credential(name: str, credentials: Mapping[str, str]) -> str:
    if not (value := credentials.get(name)):
        raise InvalidInput(
            f"{name} is missing; fill it in",
            issues=[{"code": "custom", "message": "is missing; fill it in", "path": [name]}],
        )
    return value


def _base_url(name: str, text: str) -> str:
    try:
        _, url = parse_url(text)
    except EgressRefused as error:
        raise _invalid(name, "is not a plain http(s) address; correct it") from error
    return url.partition("?")[0].rstrip("/")


def _invalid(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"connection_config.{name} {why}",
        code="invalid_connection_config",
        issues=[{"code": "custom", "message": why, "path": ["connection_config", name]}],
    )
