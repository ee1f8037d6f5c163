"""Who else wants to read the process's log, line by line, once secrets are removed."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

#: called with level, event and facts; must return at once
listeners: list[Callable[[str, str, Mapping[str, Any]], None]] = []
#: what the lines have of their own
_OWN = frozenset({"event", "level", "timestamp"})


def passed_on(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hand a line to the listeners, and on (a processor of structlog's)."""
    if listeners:
        facts = {name: value for name, value in line.items() if name not in _OWN}
        for listener in listeners:
            listener(str(line.get("level", "info")), str(line.get("event", "")), facts)
    return line
