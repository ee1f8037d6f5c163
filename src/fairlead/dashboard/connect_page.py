"""The page behind a connect link: choose what to connect, say what is needed, set out.

It works without scripts. A trip itself starts at `/oauth/connect/{key}`, like any other;
credentials that are filled in are taken right here. In a frame of the product's page it follows the
contract (5.1): it says that it is ready, is given the session's token, tells how things went, and
lets the trip take a window of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fairlead.connect.branding import Branding
from fairlead.connect.embedders import Embedders
from fairlead.connect.freshen import Freshener
from fairlead.connect.sessions import Sessions
from fairlead.connect.submission import AppWaits, Submissions
from fairlead.dashboard.connect_form import (
    Choice,
    Field,
    Form,
    asked,
    checked,
    form_targets,
    sentence,
)
from fairlead.dashboard.credential_form import (
    Question,
    answered,
    credentials_of,
    questions,
    read_form,
)
from fairlead.dashboard.drawing import html
from fairlead.dashboard.look import Look, look_of
from fairlead.dashboard.result_page import COOKIE, Connected, ResultPage, Waits, mail, remembered
from fairlead.errors import FairleadError, InvalidInput, SessionExpired
from fairlead.model.clock import Clock
from fairlead.model.connect_session import ConnectSession
from fairlead.sdk.registry import Registry
from fairlead.store import integrations
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

log = structlog.get_logger(__name__)

PATH = "/connect/"
#: between two looks of a browser that waits for an administrator
_LOOK_EVERY_SECONDS = 5
_SESSION_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """Somebody on the page: their session, what they may choose, and how the page looks."""

    session: ConnectSession
    token: str
    choices: list[Choice]
    look: Look

    def address(self, **more: str) -> str:
        """Return the address of the page, with what it must carry on."""
        query = {"session_token": self.token} | self.look.query | more
        return f"{PATH}?{urlencode(query)}"

    def chosen(self, key: str | None) -> Choice | None:
        """Return what was chosen; what is alone needs no choice."""
        if key is None and len(self.choices) == 1:
            return self.choices[0]
        return next((choice for choice in self.choices if choice.key == key), None)

    def form(self, chosen: Choice, fields: list[Field]) -> Form:
        wanted = questions(chosen.provider)
        return Form(
            session=self.session,
            token=self.token,
            chosen=chosen,
            fields=fields,
            questions=wanted or (),
            is_offered=chosen.is_trip or wanted is not None,
        )


class ConnectPage:
    """The routes of the connect page."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        submissions: Submissions,
        freshener: Freshener,
        result: ResultPage,
        branding: Branding,
        embedders: Embedders,
        clock: Clock,
        db: Database,
        vault: Vault,
        registry: Registry,
        server_url: str,
    ) -> None:
        self._sessions = sessions
        self._submissions = submissions
        self._freshener = freshener
        self._result = result
        self._branding = branding
        self._embedders = embedders
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
        query = request.query_params
        token = query.get("session_token", "")
        if not token and ("apiURL" in query or request.headers.get("sec-fetch-dest") == "iframe"):
            return self._awaited(look_of(self._branding.usual, query, self._embedders))
        visit = await self._visit(token, query)
        if visit is None:
            return self._expired(query)
        chosen = visit.chosen(query.get("integration"))
        if chosen is None:
            return self._choose(visit)
        fields = [Field(name, about) for name, about in asked(chosen, visit.session).items()]
        return self._draw(visit, visit.form(chosen, fields))

    async def begin(self, request: Request) -> Response:
        """Check what was filled in and send the browser on its trip, or show what is wrong."""
        given = await read_form(request)
        token = given.get("session_token", "")
        visit = await self._visit(token, given)
        if visit is None:
            return self._expired(given)
        chosen = visit.chosen(given.get("integration"))
        if chosen is None:
            return self._choose(visit)
        fields = [
            checked(name, about, given.get(f"config.{name}", "").strip())
            for name, about in asked(chosen, visit.session).items()
        ]
        form = visit.form(chosen, fields)
        if not chosen.is_trip:
            return await self._take(visit, form, given)
        if form.problems:
            return self._draw(visit, form, 400)
        if given.get("check"):
            # all is well; the form is then sent to a window of its own
            return Response(status_code=204)
        query = {"connect_session_token": token}
        query |= {f"params[{field.name}]": field.value for field in fields if field.value}
        if socket := given.get("ws_client_id"):
            query["ws_client_id"] = socket
        answer = RedirectResponse(
            f"/oauth/connect/{quote(chosen.key)}?{urlencode(query)}",
            303,
            {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        )
        answer.set_cookie(
            COOKIE,
            remembered(token, visit.look),
            max_age=_SESSION_SECONDS,
            path="/oauth",
            httponly=True,
            secure=self._is_secure,
            samesite="lax",
        )
        return answer

    async def _visit(self, token: str, asked_for: Mapping[str, str]) -> _Visit | None:
        """Return who visits; None if their session is over."""
        try:
            session = await self._sessions.find(token)
        except SessionExpired:
            return None
        ui = await self._branding.of(self._db, session.environment_id)
        async with self._db.read() as tx:
            found = await integrations.list_all(tx, self._vault, session.environment_id)
        allowed = session.allowed_integrations
        choices = [
            Choice(each, self._registry.providers[each.provider])
            for each in found
            if (not allowed or each.unique_key in allowed)
            and each.provider in self._registry.providers
        ]
        look = look_of(ui, asked_for, self._embedders)
        return _Visit(session=session, token=token, choices=choices, look=look)

    def _page(self, template: str, status: int, look: Look, **values: object) -> HTMLResponse:
        return html(
            template,
            status,
            look=look,
            frame_ancestors=self._embedders.frame_ancestors,
            **values,  # type: ignore[arg-type]  # the template's own
        )

    def _awaited(self, look: Look) -> HTMLResponse:
        """Draw the page of a frame that waits for its session's token."""
        return self._page("awaited.html", 200, look, has_script=True)

    def _expired(self, asked_for: Mapping[str, str]) -> HTMLResponse:
        """Draw the page for a link that is over."""
        look = look_of(self._branding.usual, asked_for, self._embedders)
        event = _failure("unknown_connect_session_token", "The connect session is over.")
        return self._page(
            "expired.html", 401, look, has_script=bool(look.embedder), event=event, token=""
        )

    def _choose(self, visit: _Visit) -> HTMLResponse:
        links = [(choice, visit.address(integration=choice.key)) for choice in visit.choices]
        return self._page(
            "choose.html",
            200,
            visit.look,
            has_script=bool(visit.look.embedder),
            links=links,
            session=visit.session,
            token=visit.token,
        )

    def _draw(self, visit: _Visit, form: Form, status: int = 200) -> HTMLResponse:
        """Draw the form, as it stands."""
        return self._page(
            "connect.html",
            status,
            visit.look,
            has_script=bool(visit.look.embedder),
            form_targets=form_targets(form.chosen.provider),
            session=visit.session,
            token=visit.token,
            form=form,
            chosen=form.chosen,
            back=visit.address() if len(visit.choices) > 1 else "",
            event=_failure(form.alert_code, form.alert) if form.alert else "",
        )

    async def _take(self, visit: _Visit, form: Form, given: Mapping[str, str]) -> Response:
        """Connect with the credentials that were filled in, or show what is wrong with them."""
        if not form.is_offered:
            return self._draw(visit, form, 400)
        asked_for = form.questions
        kept = replace(form, questions=answered(asked_for, given, {}))
        try:
            credentials = credentials_of(form.chosen.provider, asked_for, given, self._clock.now())
        except InvalidInput as error:
            problems = {issue["path"][0]: sentence(issue["message"]) for issue in error.issues}
            form = replace(form, questions=answered(asked_for, given, problems))
            return self._draw(visit, form, 400)
        if form.problems:
            return self._draw(visit, kept, 400)
        config = {field.name: field.value for field in form.fields if field.value}
        key = form.chosen.key
        try:
            made, _ = await self._submissions.accept(
                visit.session, key, credentials=credentials, connection_config=config
            )
        except AppWaits as error:
            return self._waits(visit, form.chosen, error)
        except FairleadError as error:
            log.info("credentials refused", integration=key, code=error.code)
            if problems := _problems(error, asked_for):
                told = replace(form, questions=answered(asked_for, given, problems))
            else:
                told = replace(kept, alert=error.message, alert_code=error.code)
            return self._draw(visit, told, 400)
        self._freshener.forget(made.id)
        return self._connected(visit, form.chosen, made.connection_id)

    def _connected(self, visit: _Visit, chosen: Choice, connection_id: str) -> Response:
        if not visit.look.embedder:
            ended = Connected(
                provider_name=chosen.name,
                integration_key=chosen.key,
                connection_id=connection_id,
                environment_id=visit.session.environment_id,
            )
            return self._result.draw(ended, visit.look)
        payload = {"providerConfigKey": chosen.key, "connectionId": connection_id}
        return self._page(
            "connected.html",
            200,
            visit.look,
            has_script=True,
            chosen=chosen,
            event=orjson.dumps({"type": "connect", "payload": payload}).decode(),
        )

    def _waits(self, visit: _Visit, chosen: Choice, waits: AppWaits) -> Response:
        """Show the link for an administrator; where no frame is around, the page goes on itself."""
        pending = waits.pending
        ending = Waits(
            provider_name=chosen.name,
            integration_key=chosen.key,
            connection_id=pending.connection_id,
            environment_id=pending.environment_id,
            sentence="An administrator must approve the app before you can connect."
            + (f" {pending.problem.message}" if pending.problem else ""),
            admin_url=pending.admin_url,
            retry_url=f"/oauth/pending?{urlencode({'token': waits.token, 'again': 'true'})}",
        )
        if not visit.look.embedder:
            answer = self._result.draw(ending, visit.look)
            here = f"/oauth/pending?{urlencode({'token': waits.token})}"
            answer.headers["Refresh"] = f"{_LOOK_EVERY_SECONDS}; url={here}"
            return answer
        payload = {
            "providerConfigKey": chosen.key,
            "connectionId": pending.connection_id,
            "isPending": True,
        }
        return self._page(
            "waiting.html",
            202,
            visit.look,
            has_script=True,
            ending=ending,
            mail=mail(pending.admin_url),
            event=orjson.dumps({"type": "connect", "payload": payload}).decode(),
        )


def _failure(code: str, message: str) -> str:
    """Return what the product's page is told of a failure (contract 5.1)."""
    payload = {"errorType": code, "errorMessage": message}
    return orjson.dumps({"type": "error", "payload": payload}).decode()


def _problems(error: FairleadError, asked_for: Sequence[Question]) -> dict[str, str]:
    """Return what is wrong with which of the questions' answers."""
    named = {question.name for question in asked_for}
    issues = error.issues if isinstance(error, InvalidInput) else []
    return {
        issue["path"][0]: sentence(issue["message"])
        for issue in issues
        if issue["path"][0] in named
    }
