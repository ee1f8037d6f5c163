"""The page behind a connect link: choose what to connect, say what is needed, set out.

It works without scripts. The trip itself starts at `/oauth/connect/{key}`, like any other.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fairlead.connect.sessions import Sessions
from fairlead.dashboard.drawing import html
from fairlead.errors import SessionExpired
from fairlead.model.connect_session import ConnectSession
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead.sdk.registry import Registry
from fairlead.store import integrations
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

PATH = "/connect/"
#: read again by the page that ends the trip, to offer a way back here
COOKIE = "fairlead_connect"
_FORM_BYTES = 65_536
_SESSION_SECONDS = 1800


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


class ConnectPage:
    """The routes of the connect page."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        db: Database,
        vault: Vault,
        registry: Registry,
        server_url: str,
    ) -> None:
        self._sessions = sessions
        self._db = db
        self._vault = vault
        self._registry = registry
        self._is_secure = server_url.startswith("https://")

    def routes(self) -> list[Route]:
        """Return the page's routes."""
        return [
            Route(path, endpoint, methods=[method])
            for path in (PATH, PATH.rstrip("/"))
            for method, endpoint in (("GET", self.show), ("POST", self.begin))
        ]

    async def show(self, request: Request) -> Response:
        """Draw the page for a session: a choice, or the form of what was chosen."""
        token = request.query_params.get("session_token", "")
        try:
            session = await self._sessions.find(token)
        except SessionExpired:
            return expired()
        choices = await self._choices(session)
        chosen = _chosen(choices, request.query_params.get("integration"))
        if chosen is None:
            return self._choose(session, token, choices)
        fields = [Field(name, about) for name, about in asked(chosen, session).items()]
        return self._form(session, token, chosen, fields, can_go_back=len(choices) > 1)

    async def begin(self, request: Request) -> Response:
        """Check what was filled in and send the browser on its trip, or show what is wrong."""
        given = await _form_of(request)
        token = given.get("session_token", "")
        try:
            session = await self._sessions.find(token)
        except SessionExpired:
            return expired()
        choices = await self._choices(session)
        chosen = _chosen(choices, given.get("integration"))
        if chosen is None:
            return self._choose(session, token, choices)
        fields = [
            checked(name, about, given.get(f"config.{name}", "").strip())
            for name, about in asked(chosen, session).items()
        ]
        if any(field.problem for field in fields):
            return self._form(
                session, token, chosen, fields, can_go_back=len(choices) > 1, status=400
            )
        query = {"connect_session_token": token}
        query |= {f"params[{field.name}]": field.value for field in fields if field.value}
        answer = RedirectResponse(
            f"/oauth/connect/{quote(chosen.key)}?{urlencode(query)}",
            303,
            {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )
        answer.set_cookie(
            COOKIE,
            token,
            max_age=_SESSION_SECONDS,
            path="/oauth",
            httponly=True,
            secure=self._is_secure,
            samesite="lax",
        )
        return answer

    async def _choices(self, session: ConnectSession) -> list[Choice]:
        async with self._db.read() as tx:
            found = await integrations.list_all(tx, self._vault, session.environment_id)
        allowed = session.allowed_integrations
        return [
            Choice(each, self._registry.providers[each.provider])
            for each in found
            if (not allowed or each.unique_key in allowed)
            and each.provider in self._registry.providers
        ]

    @staticmethod
    def _choose(session: ConnectSession, token: str, choices: list[Choice]) -> HTMLResponse:
        links = [
            (choice, f"{PATH}?{urlencode({'session_token': token, 'integration': choice.key})}")
            for choice in choices
        ]
        return html("choose.html", links=links, session=session)

    @staticmethod
    def _form(
        session: ConnectSession,
        token: str,
        chosen: Choice,
        fields: list[Field],
        *,
        can_go_back: bool,
        status: int = 200,
    ) -> HTMLResponse:
        overrides = session.overrides.get(chosen.key, {})
        back = f"{PATH}?{urlencode({'session_token': token})}" if can_go_back else None
        return html(
            "connect.html",
            status,
            form_targets=form_targets(chosen.provider),
            session=session,
            token=token,
            chosen=chosen,
            fields=fields,
            back=back,
            guide=overrides.get("docs_connect") or chosen.provider.docs_connect,
            is_offered=chosen.provider.auth_mode is AuthMode.OAUTH2,
        )


def expired() -> HTMLResponse:
    """Draw the page for a link that is over."""
    return html("expired.html", 401)


def _chosen(choices: list[Choice], key: str | None) -> Choice | None:
    if key is None and len(choices) == 1:
        return choices[0]
    return next((choice for choice in choices if choice.key == key), None)


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
    url = urlsplit(provider.authorization_url)
    if url.scheme == "http" and re.fullmatch(r"[a-zA-Z0-9.:\[\]-]+", url.netloc):
        return ("'self'", "https:", f"http://{url.netloc}")
    return ("'self'", "https:")


async def _form_of(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
