"""The form of what was chosen to connect: which values it asks for, and what is wrong with them."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from fairlead.dashboard.credential_form import Question
from fairlead.model.connect_session import ConnectSession
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode, ConfigField, Provider


@dataclass(frozen=True, slots=True)
class Choice:
    """One integration that can be connected here."""

    integration: Integration
    provider: Provider

    @property
    def key(self) -> str:
        return self.integration.unique_key

    @property
    def name(self) -> str:
        return self.integration.display_name

    @property
    def is_trip(self) -> bool:
        """Does the person sign in with the vendor, rather than fill in credentials?"""
        return self.provider.auth_mode is AuthMode.OAUTH2

    @property
    def vendor_host(self) -> str:
        """Where the person will sign in; empty where that is no name to be shown."""
        host = urlsplit(self.provider.authorization_url).hostname or ""
        return "" if "$" in host or not re.search(r"\.[a-z]+$", host) else host


@dataclass(frozen=True, slots=True)
class Field:
    """One value to ask for, as the form shows it."""

    name: str
    about: ConfigField
    value: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form, as it stands."""

    session: ConnectSession
    token: str
    chosen: Choice
    fields: list[Field]
    questions: tuple[Question, ...] = ()
    #: can it be filled in at all?
    is_offered: bool = True
    #: what is wrong with the whole
    alert: str = ""
    alert_code: str = ""

    @property
    def guide(self) -> str:
        """Where the person finds help; "" = nowhere."""
        provider = self.chosen.provider
        overrides = self.session.overrides.get(self.chosen.key, {})
        own = f"/connect/guide/{provider.name}" if provider.guide else provider.docs_connect
        return overrides.get("docs_connect") or own

    @property
    def problems(self) -> int:
        """How many fields are wrong."""
        wrong = [each.problem for each in self.fields] + [each.problem for each in self.questions]
        return len([problem for problem in wrong if problem])


def sentence(text: str) -> str:
    """Return a problem as a sentence."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def asked(chosen: Choice, session: ConnectSession) -> dict[str, ConfigField]:
    """Return the fields to ask for: those that neither the session nor the provider fixes."""
    fixed = session.defaults.get(chosen.key)
    known = set(fixed.connection_config) if fixed else set()
    known |= set(chosen.provider.connection_defaults)
    return {
        name: about
        for name, about in chosen.provider.connection_config.items()
        if name not in known
    }


def checked(name: str, about: ConfigField, value: str) -> Field:
    """Return a field with what is wrong with its value."""
    problem = ""
    if not value and about.required:
        problem = f"Please fill in {about.title}."
    elif value and about.pattern and not re.fullmatch(about.pattern, value):
        example = f" For example: {about.example}" if about.example else ""
        problem = f"This does not look like {about.title}.{example}"
    return Field(name, about, value, problem)


def form_targets(provider: Provider) -> tuple[str, ...]:
    """Return where the form may lead: here, then the vendor, and wherever that signs people in.

    Browsers hold redirects after a form to the policy too, and vendors pass people on to their
    organisation's own sign-in page (https://www.w3.org/TR/CSP3/#directive-form-action).
    """
    if provider.auth_mode is not AuthMode.OAUTH2:
        return ("'self'",)
    url = urlsplit(provider.authorization_url)
    if url.scheme == "http" and re.fullmatch(r"[a-zA-Z0-9.:\[\]-]+", url.netloc):
        return ("'self'", "https:", f"http://{url.netloc}")
    return ("'self'", "https:")
