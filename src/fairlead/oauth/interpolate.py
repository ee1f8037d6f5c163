"""Fill `${connectionConfig.name}` in a provider's URLs and parameters."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as percent_encode

from fairlead.errors import InvalidInput

_PLACE = re.compile(r"\$\{([^}]*)\}")
_PREFIX = "connectionConfig."


def interpolate(template: str, connection_config: Mapping[str, Any], *, quote: bool) -> str:
    """Return the template with its places filled; `quote` percent-encodes values, for URLs.

    InvalidInput names the field that is missing, or whose value cannot stand in a URL.
    """
    if "${" not in template:
        return template

    def fill(match: re.Match[str]) -> str:
        name = match[1].removeprefix(_PREFIX)
        value = connection_config.get(name) if match[1].startswith(_PREFIX) else None
        if value is None or value == "" or isinstance(value, dict | list):
            raise _invalid(name, "is missing; give it in connection_config")
        text = str(value)
        if not quote:
            return text
        if text in {".", ".."}:
            # as a segment of a path it would climb
            raise _invalid(name, f"must not be '{text}'")
        return percent_encode(text, safe="")

    return _PLACE.sub(fill, template)


def _invalid(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"connection_config.{name} {why}",
        code="invalid_connection_config",
        issues=[{"code": "custom", "message": why, "path": ["connection_config", name]}],
    )
