"""How a process writes its log: one line an event, secrets removed, no values of variables.

https://www.structlog.org/en/stable/standard-library.html
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from fairlead.http.redact import redact
from fairlead.observe.process_log import passed_on
from fairlead.settings import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _redacted(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event


def configure_logs(settings: Settings) -> None:
    """Write the log to stderr, as text or JSON, from the level that the settings name.

    A process that has configured its log already keeps it.
    """
    if structlog.is_configured():
        return
    level = _LEVELS[settings.log_level]
    is_json = settings.log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # plain text: the pretty form shows local variables, and with them secrets
            structlog.processors.format_exc_info,
            _redacted,
            passed_on,
            structlog.processors.JSONRenderer()
            if is_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # libraries speak up only when something is wrong
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
