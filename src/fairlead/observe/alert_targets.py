"""Where alerts go: addresses of FAIRLEAD_ALERT_URLS, for one environment or for all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import urlsplit

from fairlead.settings import Settings

_SLACK = "slack+"
_SLACK_HOST = "hooks.slack.com"
#: an alert's event is of this type and the target's ref, for the address itself is a secret
EVENT_TYPE = "alert"


@dataclass(frozen=True, slots=True)
class AlertTarget:
    """One address that wants to hear of errors."""

    #: name of the environment, None = all
    environment: str | None
    url: str = field(repr=False)
    #: it takes Slack's incoming messages
    is_slack: bool
    #: what tells it from others, and nothing more
    ref: str

    @property
    def event_type(self) -> str:
        return f"{EVENT_TYPE}:{self.ref}"

    @property
    def shown(self) -> str:
        """The address without what is secret of it: its path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}/..."


def targets_of(settings: Settings) -> Sequence[AlertTarget]:
    """Return every address that the settings name."""
    return [_target(each.get_secret_value()) for each in settings.alert_urls]


def target_of_event(settings: Settings, event_type: str) -> AlertTarget | None:
    """Return the address that an alert is for; None if it is none, or no such address is set."""
    return next((each for each in targets_of(settings) if each.event_type == event_type), None)


def _target(text: str) -> AlertTarget:
    name, is_named, rest = text.partition("=")
    # an address may have a query of its own
    is_named = is_named if "://" not in name else ""
    environment, url = (name.strip(), rest.strip()) if is_named else (None, text)
    is_slack = url.startswith(_SLACK)
    url = url.removeprefix(_SLACK)
    is_slack = is_slack or urlsplit(url).hostname == _SLACK_HOST
    ref = blake2b(url.encode(), digest_size=6).hexdigest()
    return AlertTarget(environment, url, is_slack, ref)
