"""How the dashboard writes times, numbers and states; filters of its templates."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

#: state -> (kind of badge, word)
_STATES = {
    "RUNNING": ("busy", "Running"),
    "SUCCESS": ("good", "Up to date"),
    "PAUSED": ("soft", "Paused"),
    "STOPPED": ("soft", "Stopped"),
    "ERROR": ("bad", "Failing"),
    "queued": ("busy", "Queued"),
    "running": ("busy", "Running"),
    "succeeded": ("good", "Succeeded"),
    "failed": ("bad", "Failed"),
    "cancelled": ("soft", "Cancelled"),
    "delivered": ("good", "Delivered"),
    "pending": ("busy", "Pending"),
    "dead": ("bad", "Given up"),
    "unsent": ("soft", "Not sent"),
    "success": ("good", "Succeeded"),
    "waiting": ("busy", "Waiting"),
    "timeout": ("bad", "Timed out"),
    "passed": ("good", "Passed"),
    "skipped": ("soft", "Skipped"),
    "problem": ("bad", "Problem"),
    "warning": ("warn", "Warning"),
    "advice": ("soft", "Advice"),
}
#: who must act, as `errors.py` calls them -> as people do
_WHO = {
    "caller": "The developer",
    "operator": "The operator",
    "end user": "The end user",
    "vendor": "The vendor",
    "author": "The function’s author",
    "us": "The makers of fairlead",
}
_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


@pass_context
def when(context: Context, text: str | None, none: str = "never") -> Markup | str:
    """Write an instant as its distance from now, with the instant itself as a title."""
    if not text:
        return none
    instant = parsed(text)
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>').format(
        text, instant, distance(instant - context["now"])
    )


def parsed(text: str) -> datetime:
    """Return the instant that the API wrote."""
    return datetime.fromisoformat(text)


def distance(gap: timedelta) -> str:
    """Write how far away an instant is: `3 min ago`, `in 2 h`; within a minute, `just now`."""
    size = abs(gap)
    if size < timedelta(minutes=1):
        return "just now" if gap <= timedelta(0) else "in a moment"
    if size >= timedelta(days=60):
        told = f"{size.days // 30} months"
    else:
        unit, name = next((unit, name) for unit, name in _UNITS if size >= unit)
        told = f"{size // unit} {name}"
    return f"{told} ago" if gap < timedelta(0) else f"in {told}"


def span(begun: str | None, ended: str | None) -> str:
    """Write how long something took."""
    if not begun or not ended:
        return "–"
    size = parsed(ended) - parsed(begun)
    if size < timedelta(seconds=1):
        return f"{size // timedelta(milliseconds=1)} ms"
    if size < timedelta(minutes=1):
        return f"{size.total_seconds():.1f} s"
    minutes, seconds = divmod(int(size.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def number(value: float | None) -> str:
    """Write a number with thin spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", " ")


def state(name: str | None) -> Markup:
    """Return the badge of a state."""
    kind, word = _STATES.get(name or "", ("soft", name or "Not yet"))
    return Markup('<span class="badge {}">{}</span>').format(kind, word)


def whoever(who: str) -> str:
    """Write who must act."""
    return _WHO.get(who, who)


_DEEDS = (
    ("POST /sync/trigger", "ran syncs"),
    ("POST /sync/start", "started schedules"),
    ("POST /sync/pause", "paused schedules"),
    ("POST /sync/cancel", "cancelled runs"),
    ("POST /sync/deletions/approve", "approved held deletions"),
    ("PUT /sync/update-connection-frequency", "changed a schedule"),
    ("POST /connect/sessions/reconnect", "made a reconnect link"),
    ("POST /connect/sessions", "made a connect link"),
    ("POST /webhooks/dead-letters/replay", "replayed webhooks"),
    ("POST /keys", "made an API key"),
    ("DELETE /keys/", "revoked the API key"),
    ("POST /people", "added a person"),
    ("PATCH /people/", "changed a person"),
    ("DELETE /people/", "removed a person"),
    ("POST /environments", "made an environment"),
    ("POST /integrations", "created an integration"),
    ("PATCH /integrations/", "changed the integration"),
    ("DELETE /integrations/", "deleted the integration"),
    ("POST /connections", "imported a connection"),
    ("PATCH /connections/", "changed the connection"),
    ("DELETE /connections/", "deleted the connection"),
)


def what(entry: Mapping[str, Any]) -> str:
    """Write what an entry of the audit log is about."""
    request = str(entry["what"])
    target, _, _ = request.partition("?")
    if target.startswith("POST /connections/") and target.endswith("/doctor"):
        return f"tested the connection {target[len('POST /connections/') : -len('/doctor')]}"
    for begin, deed in _DEEDS:
        if begin.endswith("/") and target.startswith(begin):
            return f"{deed} {target[len(begin) :]}"
        if target == begin:
            return deed
    return request


#: filters of the templates
FILTERS: Mapping[str, Callable[..., Any]] = {
    "when": when,
    "number": number,
    "state": state,
    "whoever": whoever,
    "span": span,
    "what": what,
}
