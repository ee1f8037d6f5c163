"""The login host: its routes, and the HTTP around the flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from m365sim.entra.accounts import COOKIE, check_account, check_password, new_flow, no_such_user
from m365sim.entra.admin_consent import AdminConsent
from m365sim.entra.apps import basic_credentials, tenant_of_path
from m365sim.entra.authorize_request import read_addressee, read_wanted
from m365sim.entra.device_code import device_code_answer, device_of
from m365sim.entra.device_sign_in import DeviceSignIn
from m365sim.entra.discovery import instance_discovery, key_set, openid_configuration
from m365sim.entra.errors import Refusal, Trace, error_body
from m365sim.entra.grants import Flow, FlowKind
from m365sim.entra.http import (
    NO_STORE,
    PREFLIGHT,
    PUBLIC,
    Answering,
    http_error,
    in_words,
    json_response,
    lost,
    only_post,
    read_form,
)
from m365sim.entra.interaction import Interaction
from m365sim.entra.outages import check_service
from m365sim.entra.pages import error_page, page, refuse, with_query
from m365sim.entra.routes import PAGES, ROUTES
from m365sim.entra.sign_in import SignIn
from m365sim.entra.token_answers import TokenRequest
from m365sim.entra.token_endpoint import token_response
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


def entra_app(world: World) -> Starlette:
    """Return the ASGI app of the login host."""
    login = _Login(world)
    routes = [
        Route(route.path, getattr(login, route.handler), methods=list(route.methods))
        for route in ROUTES
    ]
    routes += [Route(path, getattr(login, name), methods=[verb]) for verb, path, name in PAGES]
    handlers = {HTTPException: http_error, Refusal: login.show}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.world = world
    return app


class _Login:
    """The handlers, around one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def authorize_v2(self, request: Request) -> Response:
        return await self._begin(request, "v2")

    async def authorize_v1(self, request: Request) -> Response:
        return await self._begin(request, "v1")

    async def admin_consent_v2(self, request: Request) -> Response:
        return await self._begin(request, "admin")

    async def admin_consent_v1(self, request: Request) -> Response:
        return await self._begin(request, "admin-v1")

    async def picked(self, request: Request) -> Response:
        """Take the account page's answer: one of the listed people, or a name and password."""
        form = await read_form(request)
        step = self._resume(request, form)
        if step is None:
            return lost()
        if form.get("action") == "cancel":
            return step.cancel()
        if form.get("action") == "switch":
            return step.account_page()
        try:
            user = self._person(form)
        except Refusal as refusal:
            return step.account_page(in_words(refusal), form.get("username"))
        return step.picked(user)

    async def verified(self, request: Request) -> Response:
        """Take the answer to the page for a second factor."""
        form = await read_form(request)
        step, user = self._resume_as(request, form)
        if step is None or user is None or step.flow.stage not in ("mfa", "external"):
            return lost()
        return step.verified(user, approves=form.get("decision") == "approve")

    async def decided(self, request: Request) -> Response:
        """Take the consent page's answer."""
        form = await read_form(request)
        step, user = self._resume_as(request, form)
        if step is None or user is None:
            return lost()
        return step.decide(
            user,
            accepts=form.get("decision") == "accept",
            for_everyone=form.get("everyone") == "yes",
        )

    async def requested(self, request: Request) -> Response:
        """Take a request for an administrator's approval."""
        form = await read_form(request)
        step, user = self._resume_as(request, form)
        if step is None or user is None:
            return lost()
        return step.request_approval(user, form.get("reason", "").strip())

    async def token_v2(self, request: Request) -> Response:
        return await self._token(request, is_v1=False)

    async def token_v1(self, request: Request) -> Response:
        return await self._token(request, is_v1=True)

    async def device_code_v2(self, request: Request) -> Response:
        return await self._device_code(request, is_v1=False)

    async def device_code_v1(self, request: Request) -> Response:
        return await self._device_code(request, is_v1=True)

    async def device_page(self, request: Request) -> Response:
        """Ask for the code that a device shows, and begin the sign-in that it stands for."""
        if request.method == "GET":
            code = request.query_params.get("otc", "")
            return page("device_code.html", code=code, problem=None)
        form = await read_form(request)
        code = form.get("code", "")
        try:
            grant = device_of(self.world, code)
        except Refusal as refusal:
            return page("device_code.html", 400, code=code, problem=in_words(refusal))
        params = {"device_code": grant.device_code}
        flow = new_flow(self.world, request, grant.tenant_path, params, "device")
        return _with_cookie(DeviceSignIn(self.world, flow, grant).begin(), flow)

    async def device_login(self, request: Request) -> Response:  # noqa: ARG002
        """Lead from the short address to the page for the code."""
        return RedirectResponse(f"{self.world.urls.login}/common/oauth2/deviceauth", 302)

    async def logout(self, request: Request) -> Response:
        """Sign everybody out of this browser, and go back to the app if it asked to."""
        browser = request.cookies.get(COOKIE)
        self.world.directory.sessions.pop(browser or "", None)
        back = request.query_params.get("post_logout_redirect_uri")
        state = request.query_params.get("state")
        apps = self.world.directory.apps.values()
        response: Response
        if back and any(back in app.redirect_uris + app.spa_redirect_uris for app in apps):
            query = {"state": state} if state else {}
            response = RedirectResponse(with_query(back, query), 302, NO_STORE)
        else:
            response = page("signed_out.html")
        response.delete_cookie(COOKIE)
        return response

    async def openid_v2(self, request: Request) -> Response:
        return self._openid(request, is_v1=False)

    async def openid_v1(self, request: Request) -> Response:
        return self._openid(request, is_v1=True)

    async def keys(self, request: Request) -> Response:
        tenant_of_path(self.world, request.path_params["tenant"])
        return json_response(key_set(), 200, PUBLIC)

    async def instance(self, request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint")
        document = instance_discovery(self.world, endpoint)
        if document is None:
            return json_response({"error": "invalid_instance"}, 400)
        return json_response(document)

    async def explain(self, request: Request) -> Response:
        """Say where the meaning of a number is written: the target of `error_uri`."""
        return page("explain.html", code=request.query_params.get("code", ""))

    async def show(self, request: Request, refusal: Exception) -> Response:  # noqa: ARG002
        """Show a refusal that no app can be told about."""
        assert isinstance(refusal, Refusal)
        return error_page(self.world, refusal)

    async def _begin(self, request: Request, kind: FlowKind) -> Response:
        tenant_path = request.path_params["tenant"]
        params = dict(request.query_params)
        if request.method == "POST":
            params |= await read_form(request)
        to = read_addressee(self.world, tenant_path, params)
        try:
            check_service(self.world, tenant_path, to.app)
        except Refusal as refusal:
            return refuse(self.world, to, refusal)
        if kind in ("admin", "admin-v1"):
            flow = new_flow(self.world, request, tenant_path, params, kind)
            return _with_cookie(AdminConsent(self.world, flow, to).begin(), flow)
        try:
            wanted = read_wanted(self.world, to.app, params, is_v1=kind == "v1")
        except Refusal as refusal:
            return refuse(self.world, to, refusal)
        flow = new_flow(self.world, request, tenant_path, params, kind)
        return _with_cookie(SignIn(self.world, flow, to, wanted).begin(), flow)

    async def _token(self, request: Request, *, is_v1: bool) -> Response:
        if request.method == "OPTIONS":
            return Response(None, 200, PREFLIGHT)
        form = await read_form(request)
        basic = basic_credentials(request.headers.get("authorization"))
        if basic is not None:
            form = {"client_id": basic[0], "client_secret": basic[1], **form}
        answering = Answering(self.world, request, is_v1=is_v1)
        asked = TokenRequest(
            request.path_params["tenant"], form, is_v1, request.headers.get("origin")
        )
        try:
            if request.method != "POST":
                raise only_post(request.method)
            world = self.world.at_path(asked.tenant_path)
            return answering.success(token_response(world, asked))
        except Refusal as refusal:
            return answering.refusal(refusal)

    async def _device_code(self, request: Request, *, is_v1: bool) -> Response:
        form = await read_form(request)
        answering = Answering(self.world, request, is_v1=is_v1)
        tenant_path = request.path_params["tenant"]
        try:
            document = device_code_answer(self.world, tenant_path, form, is_v1=is_v1)
        except Refusal as refusal:
            return answering.refusal(refusal)
        return answering.success(document)

    def _openid(self, request: Request, *, is_v1: bool) -> Response:
        tenant_path = request.path_params["tenant"]
        try:
            document = openid_configuration(self.world, tenant_path, is_v1=is_v1)
        except Refusal as refusal:
            body = error_body(self.world, refusal, Trace.new(self.world))
            return json_response({**body, "error": "invalid_tenant"}, 400)
        return json_response(document, 200, PUBLIC)

    def _resume(self, request: Request, form: dict[str, str]) -> Interaction | None:
        flow: Flow | None = self.world.grants.flows.get(form.get("flow", ""))
        if flow is None or request.cookies.get(COOKIE) != flow.browser:
            return None
        if flow.kind == "device":
            grant = self.world.grants.devices.get(flow.request["device_code"])
            if grant is None or grant.state != "pending" or grant.has_ended(self.world.clock.now()):
                return None
            return DeviceSignIn(self.world, flow, grant)
        to = read_addressee(self.world, flow.tenant_path, flow.request)
        if flow.kind in ("admin", "admin-v1"):
            return AdminConsent(self.world, flow, to)
        wanted = read_wanted(self.world, to.app, flow.request, is_v1=flow.kind == "v1")
        return SignIn(self.world, flow, to, wanted)

    def _resume_as(
        self, request: Request, form: dict[str, str]
    ) -> tuple[Interaction | None, User | None]:
        """Return the interaction that goes on, and who is signed in in it."""
        step = self._resume(request, form)
        user = self.world.directory.users.get(step.flow.user_id or "") if step else None
        session = self.world.directory.sessions.get(step.flow.browser) if step else None
        if user is None or session is None or user.id not in session.proofs:
            return step, None
        return step, user

    def _person(self, form: dict[str, str]) -> User:
        account = form.get("account")
        if account is None:
            return check_password(self.world, form.get("username", ""), form.get("password", ""))
        user = self.world.directory.user_by_upn(account)
        if user is None:
            raise no_such_user(account)
        check_account(self.world, user)
        return user


def _with_cookie(response: Response, flow: Flow) -> Response:
    # Lax: the cookie must come along when an app sends the person here.
    response.set_cookie(COOKIE, flow.browser, httponly=True, samesite="lax")
    return response
