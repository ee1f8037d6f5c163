"""The page behind a connect link: choose what to connect, say what is needed, set out.

It works without scripts. A trip itself starts at `/oauth/connect/{key}`, like any other;
credentials that are filled in are taken right here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fairlead.connect.freshen import Freshener
from fairlead.connect.sessions import Sessions
from fairlead.connect.submission import Submissions
from fairlead.dashboard.credential_form import (
    Question,
    answered,
    credentials_of,
    questions,
    read_form,
)
from fairlead.dashboard.drawing import html
from fairlead.dashboard.result_page import Ended, result
from fairlead.errors import FairleadError, InvalidInput, SessionExpired
from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead.sdk.registry import Registry
from fairlead.store import integrations
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

log = structlog.get_logger(__name__)

PATH = "/connect/"
#: read again by the page that ends the trip, to offer a way back here
COOKIE = "fairlead_connect"
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
        submissions: Submissions,
        freshener: Freshener,
        clock: Clock,
        db: Database,
        vault: Vault,
        registry: Registry,
        server_url: str,
    ) -> None:
        self._sessions = sessions
        self._submissions = submissions
        self._freshener = freshener
        self._clock = clock
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
        form = Form(
            session=session,
            token=token,
            chosen=chosen,
            fields=fields,
            can_go_back=len(choices) > 1,
        )
        return form.draw(questions(chosen.provider) or ())

    async def begin(self, request: Request) -> Response:
        """Check what was filled in and send the browser on its trip, or show what is wrong."""
        given = await read_form(request)
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
        form = Form(
            session=session,
            token=token,
            chosen=chosen,
            fields=fields,
            can_go_back=len(choices) > 1,
        )
        if chosen.provider.auth_mode is not AuthMode.OAUTH2:
            return await self._take(form, given)
        if any(field.problem for field in fields):
            return form.draw(status=400)
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

    async def _take(self, form: "Form", given: Mapping[str, str]) -> Response:
        """Connect with the credentials that were filled in, or show what is wrong with them."""
        provider = form.chosen.provider
        wanted = questions(provider)
        if wanted is None:
            return form.draw(status=400)
        try:
            credentials = credentials_of(provider, wanted, given, self._clock.now())
        except InvalidInput as error:
            problems = {issue["path"][0]: sentence(issue["message"]) for issue in error.issues}
            return form.draw(answered(wanted, given, problems), status=400)
        if any(field.problem for field in form.fields):
            return form.draw(answered(wanted, given, {}), status=400)
        config = {field.name: field.value for field in form.fields if field.value}
        try:
            made, _ = await self._submissions.accept(
                form.session, form.chosen.key, credentials=credentials, connection_config=config
            )
        except FairleadError as error:
            log.info("credentials refused", integration=form.chosen.key, code=error.code)
            return form.draw(answered(wanted, given, {}), status=400, alert=error.message)
        self._freshener.forget(made.id)
        return result(Ended(succeeded=True, provider_name=form.chosen.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of what was chosen, as it stands."""

    session: ConnectSession
    token: str
    chosen: Choice
    fields: list[Field]
    can_go_back: bool

    def draw(
        self, asked_for: tuple[Question, ...] = (), *, status: int = 200, alert: str = ""
    ) -> HTMLResponse:
        """Draw it; `alert` says what is wrong with the whole."""
        provider = self.chosen.provider
        overrides = self.session.overrides.get(self.chosen.key, {})
        back = f"{PATH}?{urlencode({'session_token': self.token})}" if self.can_go_back else None
        is_trip = provider.auth_mode is AuthMode.OAUTH2
        return html(
            "connect.html",
            status,
            form_targets=form_targets(provider) if is_trip else ("'self'",),
            session=self.session,
            token=self.token,
            chosen=self.chosen,
            fields=self.fields,
            questions=asked_for,
            alert=alert,
            back=back,
            guide=overrides.get("docs_connect") or provider.docs_connect,
            is_trip=is_trip,
            is_offered=is_trip or questions(provider) is not None,
        )


def sentence(text: str) -> str:
    """Return a problem as a sentence."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


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
