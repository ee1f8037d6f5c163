"""The login host: its routes, and the HTTP around the flows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from m365sim.entra.accounts import COOKIE, check_password, disabled, new_flow, no_such_user
from m365sim.entra.admin_consent import AdminConsent
from m365sim.entra.apps import basic_credentials, tenant_of_path
from m365sim.entra.authorize_request import read_addressee, read_wanted
from m365sim.entra.discovery import instance_discovery, key_set, openid_configuration
from m365sim.entra.errors import Refusal, Trace, error_body
from m365sim.entra.grants import Flow, FlowKind
from m365sim.entra.pages import error_page, page, refuse
from m365sim.entra.sign_in import SignIn
from m365sim.entra.token_answers import TokenRequest
from m365sim.entra.token_endpoint import token_response
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World

Handler = Callable[[Request], Awaitable[Response]]
NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


def entra_app(world: World) -> Starlette:
    """Return the ASGI app of the login host."""
    login = _Login(world)
    both = ["GET", "POST"]
    app = Starlette(
        routes=[
            Route("/{tenant}/oauth2/v2.0/authorize", login.authorize("v2"), methods=both),
            Route("/{tenant}/oauth2/authorize", login.authorize("v1"), methods=both),
            Route("/{tenant}/v2.0/adminconsent", login.authorize("admin"), methods=["GET"]),
            Route("/{tenant}/adminconsent", login.authorize("admin-v1"), methods=["GET"]),
            Route("/{tenant}/login", login.sign_in, methods=["POST"]),
            Route("/{tenant}/consent", login.consent, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", login.token(is_v1=False), methods=both),
            Route("/{tenant}/oauth2/token", login.token(is_v1=True), methods=both),
            Route("/{tenant}/oauth2/v2.0/logout", login.logout, methods=["GET"]),
            Route("/{tenant}/oauth2/logout", login.logout, methods=["GET"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", login.openid(is_v1=False)),
            Route("/{tenant}/.well-known/openid-configuration", login.openid(is_v1=True)),
            Route("/{tenant}/discovery/v2.0/keys", login.keys),
            Route("/{tenant}/discovery/keys", login.keys),
            Route("/{tenant}/discovery/instance", login.instance),
            Route("/error", login.explain),
        ],
        exception_handlers={HTTPException: _http_error, Refusal: login.show},
    )
    app.state.world = world
    return app


class _Login:
    """The handlers, around one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def authorize(self, kind: FlowKind) -> Handler:
        async def begin(request: Request) -> Response:
            tenant_path = request.path_params["tenant"]
            params = dict(request.query_params)
            if request.method == "POST":
                params |= await _form(request)
            to = read_addressee(self.world, tenant_path, params)
            flow = new_flow(self.world, request, tenant_path, params, kind)
            if kind in ("admin", "admin-v1"):
                response = AdminConsent(self.world, flow, to).begin()
            else:
                try:
                    wanted = read_wanted(self.world, params, is_v1=kind == "v1")
                except Refusal as refusal:
                    return refuse(self.world, to, refusal)
                response = SignIn(self.world, flow, to, wanted).begin()
            # Lax: the cookie must come along when an app sends the person here.
            response.set_cookie(COOKIE, flow.browser, httponly=True, samesite="lax")
            return response

        return begin

    async def sign_in(self, request: Request) -> Response:
        """Take the account page's answer: one of the listed people, or a name and password."""
        form = await _form(request)
        step = self._resume(request, form)
        if step is None:
            return _lost()
        if form.get("action") == "cancel":
            return step.cancel()
        if form.get("action") == "switch":
            return step.account_page()
        try:
            user = self._person(form)
        except Refusal as refusal:
            return step.account_page(_in_words(refusal), form.get("username"))
        return step.continue_as(user)

    async def consent(self, request: Request) -> Response:
        """Take the consent page's answer."""
        form = await _form(request)
        step = self._resume(request, form)
        user = self.world.directory.users.get(step.flow.user_id or "") if step else None
        if step is None or user is None:
            return _lost()
        return step.decide(
            user,
            accepts=form.get("decision") == "accept",
            for_everyone=form.get("everyone") == "yes",
        )

    def token(self, *, is_v1: bool) -> Handler:
        async def exchange(request: Request) -> Response:
            form = await _form(request)
            basic = basic_credentials(request.headers.get("authorization"))
            if basic is not None:
                form = {"client_id": basic[0], "client_secret": basic[1], **form}
            correlation_id = request.headers.get("client-request-id")
            trace = Trace.new(self.world, correlation_id)
            headers = {**NO_STORE, "x-ms-request-id": trace.trace_id}
            if correlation_id:
                headers["client-request-id"] = correlation_id
            tenant_path = request.path_params["tenant"]
            try:
                if request.method != "POST":
                    raise _only_post(request.method)
                world = self.world.at_path(tenant_path)
                answer = token_response(world, TokenRequest(tenant_path, form, is_v1))
            except Refusal as refusal:
                return _json(error_body(self.world, refusal, trace), refusal.status, headers)
            return _json(answer, 200, headers)

        return exchange

    async def logout(self, request: Request) -> Response:
        """Sign everybody out of this browser, and go back to the app if it asked to."""
        browser = request.cookies.get(COOKIE)
        self.world.directory.sessions.pop(browser or "", None)
        back = request.query_params.get("post_logout_redirect_uri")
        apps = self.world.directory.apps.values()
        response: Response
        if back and any(back in app.redirect_uris for app in apps):
            response = RedirectResponse(back, 302, NO_STORE)
        else:
            response = page("signed_out.html")
        response.delete_cookie(COOKIE)
        return response

    def openid(self, *, is_v1: bool) -> Handler:
        async def describe(request: Request) -> Response:
            tenant_path = request.path_params["tenant"]
            try:
                document = openid_configuration(self.world, tenant_path, is_v1=is_v1)
            except Refusal as refusal:
                body = error_body(self.world, refusal, Trace.new(self.world))
                return _json({**body, "error": "invalid_tenant"}, 400)
            return _json(document)

        return describe

    async def keys(self, request: Request) -> Response:
        tenant_of_path(self.world, request.path_params["tenant"])
        return _json(key_set())

    async def instance(self, request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint")
        document = instance_discovery(self.world, endpoint)
        if document is None:
            return _json({"error": "invalid_instance"}, 400)
        return _json(document)

    async def explain(self, request: Request) -> Response:
        """Say where the meaning of a number is written: the target of `error_uri`."""
        return page("explain.html", code=request.query_params.get("code", ""))

    async def show(self, request: Request, refusal: Exception) -> Response:  # noqa: ARG002
        """Show a refusal that no app can be told about."""
        assert isinstance(refusal, Refusal)
        return error_page(self.world, refusal)

    def _resume(self, request: Request, form: dict[str, str]) -> SignIn | AdminConsent | None:
        flow: Flow | None = self.world.grants.flows.get(form.get("flow", ""))
        if flow is None or request.cookies.get(COOKIE) != flow.browser:
            return None
        to = read_addressee(self.world, flow.tenant_path, flow.request)
        if flow.kind in ("admin", "admin-v1"):
            return AdminConsent(self.world, flow, to)
        wanted = read_wanted(self.world, flow.request, is_v1=flow.kind == "v1")
        return SignIn(self.world, flow, to, wanted)

    def _person(self, form: dict[str, str]) -> User:
        account = form.get("account")
        if account is None:
            return check_password(self.world, form.get("username", ""), form.get("password", ""))
        user = self.world.directory.user_by_upn(account)
        if user is None:
            raise no_such_user(account)
        if not user.enabled:
            raise disabled()
        return user


def _only_post(method: str) -> Refusal:
    return Refusal(900561, f"The endpoint only accepts POST requests. Received a {method} request.")


def _lost() -> Response:
    return page("lost.html", 400)


def _in_words(refusal: Refusal) -> str:
    return f"{refusal.message} (AADSTS{refusal.number})"


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(document), status, headers, media_type="application/json; charset=utf-8"
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        request.scope["m365sim.unmodelled"] = True
    return page("not_found.html", error.status_code, path=request.url.path)
