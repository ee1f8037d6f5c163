"""The sign-in that an app sends a person to: authorize request → … → answer to the app.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import proof_of, signed_in
from m365sim.entra.authorize_request import Addressee, Wanted
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import CodeGrant, Flow
from m365sim.entra.interaction import Interaction
from m365sim.entra.keys import base64url
from m365sim.entra.pages import answer, page, refuse
from m365sim.entra.scopes import AskedResource, check_available
from m365sim.entra.token_answers import client_info
from m365sim.entra.tokens import issue_id_token
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


class SignIn(Interaction):
    """One sign-in for an app."""

    def __init__(self, world: World, flow: Flow, to: Addressee, wanted: Wanted) -> None:
        super().__init__(world, flow, to.app)
        self.to = to
        self.wanted = wanted
        self.prompt = wanted.prompt
        self.login_hint = wanted.login_hint
        self.wanted_claims = wanted.claims

    @property
    def asked(self) -> tuple[AskedResource, ...]:
        """The APIs of the request."""
        return self.wanted.asked.resources

    def begin(self) -> Response:
        """Go as far as is possible without asking the person anything."""
        if self.world.auto_sign_in is not None:
            return self.answer_at_once(self.world.auto_sign_in)
        if self.prompt in ("login", "select_account"):
            return self.account_page()
        candidates = signed_in(self.world, self.flow)
        if self.login_hint:
            hint = self.login_hint.lower()
            candidates = [user for user in candidates if user.upn.lower() == hint]
        if len(candidates) == 1:
            return self.continue_as(candidates[0])
        if self.prompt == "none":
            return self.refuse(_nobody_signed_in(bool(candidates)))
        return self.account_page()

    def ask(self, user: User) -> Response:
        """Ask for consent if any is missing, else answer the app."""
        try:
            question = self.question(user)
        except Refusal as refusal:
            return self.refuse(refusal)
        if question is None:
            return self.deliver(user)
        if self.prompt == "none":
            return self.refuse(_not_consented(self.to))
        if not consent.may_agree(user, question):
            return self.approval_page(user)
        return page(
            "consent.html",
            flow=self.flow,
            app=self.app,
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
        for one in self.asked:
            check_available(self.world, one.resource, tenant, is_sign_in=True)
        is_forced = self.prompt == "consent"
        return consent.open_question(
            self.world, self.app, user, self.wanted.asked, is_forced=is_forced
        )

    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:
        """Take the person's answer to the consent page."""
        obstacle = self.obstacle(user)
        if obstacle is not None:
            return obstacle
        try:
            question = self.question(user)
        except Refusal as refusal:
            return self.refuse(refusal)
        if question is not None and not consent.may_agree(user, question):
            return self.refuse(self.approval_required(user))
        if not accepts:
            return self.cancel()
        if question is not None:
            whole_tenant = for_everyone and user.is_admin
            consent.record(self.world, self.app, user, question, for_everyone=whole_tenant)
        return self.deliver(user)

    def cancel(self) -> Response:
        """Tell the app that the person declined."""
        declined = Refusal(65004, "User declined to consent to access the app.")
        return self._end(refuse(self.world, self.to, declined, {"error_subcode": "cancel"}))

    def refuse(self, refusal: Refusal) -> Response:
        """Tell the app."""
        return self._end(refuse(self.world, self.to, refusal))

    def deliver(self, user: User) -> Response:
        """Answer the app with what it asked for: a code, an id token, or both."""
        params: dict[str, str] = {}
        if "code" in self.wanted.response_types:
            params["code"] = self._new_code(user)
        if "id_token" in self.wanted.response_types:
            params["id_token"] = self._id_token(user, params.get("code"))
        params["session_state"] = str(UUID(int=self.world.rng.getrandbits(128), version=4))
        if self.wanted.wants_client_info:
            params["client_info"] = client_info(user)
        return self._end(answer(self.world, self.to, params))

    def _new_code(self, user: User) -> str:
        code = f"1.A{self.world.new_secret(64)}"
        self.world.grants.codes[code] = CodeGrant(
            app_id=self.app.app_id,
            user_id=user.id,
            tenant_id=user.tenant_id,
            tenant_path=self.flow.tenant_path,
            redirect_uri=self.to.redirect_uri,
            scope=self.wanted.scope,
            issued_at=self.world.clock.now(),
            proof=proof_of(self.world, self.flow, user),
            wanted=self.wanted.claims,
            nonce=self.wanted.nonce,
            challenge=self.wanted.challenge,
            challenge_method=self.wanted.challenge_method,
            resource=self.wanted.resource,
        )
        return code

    def _id_token(self, user: User, code: str | None) -> str:
        half = hashlib.sha256((code or "").encode()).digest()[:16]  # OpenID Connect 3.3.2.11
        granted = self.world.directory.granted(user.tenant_id, self.app.app_id, "graph", user.id)
        return issue_id_token(
            self.world,
            tenant=self.world.directory.tenants[user.tenant_id],
            app=self.app,
            user=user,
            nonce=self.wanted.nonce,
            scopes=self.wanted.asked.oidc | granted,
            code_hash=base64url(half) if code else None,
            v1_proof=proof_of(self.world, self.flow, user) if self.flow.kind == "v1" else None,
        )


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
