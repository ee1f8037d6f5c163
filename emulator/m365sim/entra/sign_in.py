"""The sign-in of a person: authorize request → account → consent → answer to the app.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow. Each sign-in
under way is a `Flow`, bound to the browser that began it by a cookie, so that no other site can
carry it on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import account_page, disabled, enter, no_such_user, signed_in
from m365sim.entra.authorize_request import Addressee, Wanted
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import CodeGrant, Flow
from m365sim.entra.pages import answer, page, refuse
from m365sim.entra.resources import serves
from m365sim.entra.scopes import no_such_resource
from m365sim.entra.token_answers import client_info
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


class SignIn:
    """One sign-in under way: the flow, what it was asked, and the next thing to show."""

    def __init__(self, world: World, flow: Flow, to: Addressee, wanted: Wanted) -> None:
        self.world = world
        self.flow = flow
        self.to = to
        self.wanted = wanted

    def begin(self) -> Response:
        """Go as far as is possible without asking the person anything."""
        if self.world.auto_sign_in is not None:
            return self._answer_at_once(self.world.auto_sign_in)
        if self.wanted.prompt in ("login", "select_account"):
            return self.account_page()
        candidates = signed_in(self.world, self.flow)
        if self.wanted.login_hint:
            hint = self.wanted.login_hint.lower()
            candidates = [user for user in candidates if user.upn.lower() == hint]
        if len(candidates) == 1:
            return self.continue_as(candidates[0])
        if self.wanted.prompt == "none":
            return self._refuse(_nobody_signed_in(bool(candidates)))
        return self.account_page()

    def account_page(self, problem: str | None = None, username: str | None = None) -> Response:
        """Ask who the person is."""
        name = username or self.wanted.login_hint
        return account_page(self.world, self.flow, self.to.app, username=name, problem=problem)

    def continue_as(self, user: User) -> Response:
        """Go on as a person: ask for consent if any is missing, else answer the app."""
        user = enter(self.world, self.flow, user)
        try:
            question = self.question(user)
        except Refusal as refusal:
            return self._refuse(refusal)
        if question is None:
            return self.grant_code(user)
        if self.wanted.prompt == "none":
            return self._refuse(_not_consented(self.to))
        if not consent.may_agree(user, question):
            return page("approval.html", flow=self.flow, app=self.to.app, user=user)
        return page(
            "consent.html",
            flow=self.flow,
            app=self.to.app,
            user=user,
            groups=question.words(),
            may_agree_for_everyone=user.is_admin,
            is_for_everyone=False,
            tenant=self.world.directory.tenants[user.tenant_id],
            redirect_uri=self.to.redirect_uri,
        )

    def question(self, user: User) -> consent.Question | None:
        """Return what the person must still agree to."""
        tenant = self.world.directory.tenants[user.tenant_id]
        for one in self.wanted.asked.resources:
            if not serves(one.resource, tenant):
                raise no_such_resource(self.world, one.resource.audience)
        return consent.open_question(
            self.world,
            self.to.app,
            user,
            self.wanted.asked,
            is_forced=self.wanted.prompt == "consent",
        )

    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:
        """Take the person's answer to the consent page."""
        question = self.question(user)
        if question is not None and not consent.may_agree(user, question):
            return self._refuse(consent.admin_required(self.to.app))
        if not accepts:
            return self.cancel()
        if question is not None:
            whole_tenant = for_everyone and user.is_admin
            consent.record(self.world, self.to.app, user, question, for_everyone=whole_tenant)
        return self.grant_code(user)

    def cancel(self) -> Response:
        """Tell the app that the person declined."""
        declined = Refusal(65004, "User declined to consent to access the app.")
        return self._finish(refuse(self.world, self.to, declined, {"error_subcode": "cancel"}))

    def grant_code(self, user: User) -> Response:
        """Answer the app with a code."""
        code = f"1.A{self.world.new_secret(64)}"
        self.world.grants.codes[code] = CodeGrant(
            app_id=self.to.app.app_id,
            user_id=user.id,
            tenant_id=user.tenant_id,
            tenant_path=self.flow.tenant_path,
            redirect_uri=self.to.redirect_uri,
            scope=self.wanted.scope,
            issued_at=self.world.clock.now(),
            nonce=self.wanted.nonce,
            challenge=self.wanted.challenge,
            challenge_method=self.wanted.challenge_method,
            resource=self.wanted.resource,
        )
        session_state = UUID(int=self.world.rng.getrandbits(128), version=4)
        params = {"code": code, "session_state": str(session_state)}
        if self.wanted.wants_client_info:
            params["client_info"] = client_info(user)
        return self._finish(answer(self.world, self.to, params))

    def _answer_at_once(self, upn: str) -> Response:
        user = self.world.directory.user_by_upn(upn)
        if user is None or not user.enabled:
            return self._refuse(disabled() if user else no_such_user(upn))
        try:
            user = enter(self.world, self.flow, user)
            question = self.question(user)
        except Refusal as refusal:
            return self._refuse(refusal)
        if question is not None:
            if not consent.may_agree(user, question):
                return self._refuse(consent.admin_required(self.to.app))
            consent.record(self.world, self.to.app, user, question, for_everyone=False)
        return self.grant_code(user)

    def _refuse(self, refusal: Refusal) -> Response:
        return self._finish(refuse(self.world, self.to, refusal))

    def _finish(self, response: Response) -> Response:
        self.world.grants.flows.pop(self.flow.id, None)
        return response


def _nobody_signed_in(are_several: bool) -> Refusal:
    if are_several:
        return Refusal(
            16000,
            "Either multiple user identities are available for the current request or selected "
            "account is not supported for the scenario.",
        )
    return Refusal(50058, "A silent sign-in request was sent but no user is signed in.")


def _not_consented(to: Addressee) -> Refusal:
    return Refusal(
        65001,
        f"The user or administrator has not consented to use the application with ID "
        f"'{to.app.app_id}' named '{to.app.display_name}'. Send an interactive authorization "
        "request for this user and resource.",
        error="interaction_required",
    )
