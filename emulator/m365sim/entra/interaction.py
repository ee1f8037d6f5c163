"""What a person goes through in a browser: account → second factor and policies → consent.

The steps are the same whether an app sent the person here, a device did, or an administrator is
asked for the whole tenant; what differs is whom the answer goes to. Each interaction under way is a
`Flow`, bound to the browser that began it by a cookie, so that no other site can carry it on.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and
https://learn.microsoft.com/entra/identity-platform/v2-conditional-access-dev-guide
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import (
    account_page,
    approve_external,
    approve_mfa,
    check_account,
    enter,
    no_such_user,
    proof_of,
)
from m365sim.entra.assignments import check_assignment
from m365sim.entra.claims_request import ClaimsRequest
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import Flow
from m365sim.entra.pages import error_page, page
from m365sim.entra.policies import Attempt, check_policies
from m365sim.entra.scopes import AskedResource
from m365sim.sign_in_rules import ConsentRequest
from m365sim.tenant import AppRegistration, User

if TYPE_CHECKING:
    from m365sim.world import World

#: Refusals that a click can turn: number → the page that has it.
_CHECKS = {50076: "mfa", 50078: "mfa", 50079: "mfa", 50158: "external"}
_SIGN_IN_AGAIN = 70043


class Interaction(ABC):
    """One interaction under way: the flow, the app that it is for, and the next thing to show."""

    prompt: str | None = None
    login_hint: str | None = None
    wanted_claims = ClaimsRequest()

    def __init__(self, world: World, flow: Flow, app: AppRegistration) -> None:
        self.world = world
        self.flow = flow
        self.app = app

    @property
    @abstractmethod
    def asked(self) -> tuple[AskedResource, ...]:
        """The APIs that the policies are asked about."""

    @abstractmethod
    def begin(self) -> Response:
        """Go as far as is possible without asking the person anything."""

    @abstractmethod
    def ask(self, user: User) -> Response:
        """Ask a person who is let in for what is still missing, or answer."""

    @abstractmethod
    def question(self, user: User) -> consent.Question | None:
        """Return what a person must still agree to; a `Refusal` for what they cannot have."""

    @abstractmethod
    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:
        """Take the person's answer to the consent page."""

    @abstractmethod
    def cancel(self) -> Response:
        """Take it that the person went away."""

    @abstractmethod
    def refuse(self, refusal: Refusal) -> Response:
        """End with a refusal."""

    def account_page(self, problem: str | None = None, username: str | None = None) -> Response:
        """Ask who the person is."""
        name = username or self.login_hint
        return account_page(self.world, self.flow, self.app, username=name, problem=problem)

    def picked(self, user: User) -> Response:
        """Go on as somebody who has just said, on the account page, who they are."""
        is_fresh = self.prompt == "login" or self.flow.stage == "again"
        return self.continue_as(enter(self.world, self.flow, user, is_fresh=is_fresh))

    def continue_as(self, user: User) -> Response:
        """Go on as a person, as far as the rules of their tenant let them."""
        user = enter(self.world, self.flow, user)
        return self.obstacle(user) or self.ask(user)

    def verified(self, user: User, *, approves: bool) -> Response:
        """Take the answer to the page that asks for a second factor, or for somebody's check."""
        stage = self.flow.stage
        if not approves:
            denied = Refusal(
                50074,
                "Strong Authentication is required and the user did not pass the MFA challenge.",
                error="access_denied",
            )
            return self._check_page(user, stage, problem=denied)
        (approve_mfa if stage == "mfa" else approve_external)(self.world, self.flow, user)
        return self.continue_as(user)

    def obstacle(self, user: User) -> Response | None:
        """Return what stands in a person's way: a page to click through, or the end; else None."""
        try:
            self.check(user)
        except Refusal as refusal:
            if refusal.number in (50105, 70001):
                return self._end(error_page(self.world, refusal))
            if self.prompt == "none":
                return self.refuse(refusal)
            if refusal.number == _SIGN_IN_AGAIN:
                self.flow.stage = "again"
                return self.account_page("Your organisation asks you to sign in again.", user.upn)
            stage = _CHECKS.get(refusal.number)
            if stage is None:
                return page(
                    "blocked.html", 400, flow=self.flow, app=self.app, user=user, refusal=refusal
                )
            return self._check_page(user, stage, asks_to_register=refusal.number == 50079)
        return None

    def check(self, user: User) -> None:
        """Refuse a person who may not go on, with what they have shown so far."""
        check_assignment(user, self.app)
        proof = proof_of(self.world, self.flow, user)
        contexts = self.wanted_claims.contexts
        check_policies(self.world, Attempt(user, self.app, self.asked, proof, contexts))

    def answer_at_once(self, upn: str) -> Response:
        """Do what a person would who agrees to everything they may agree to."""
        user = self.world.directory.user_by_upn(upn)
        try:
            if user is None:
                raise no_such_user(upn)
            check_account(self.world, user)
            user = enter(self.world, self.flow, user, is_fresh=True)
            approve_mfa(self.world, self.flow, user)
            approve_external(self.world, self.flow, user)
            self.check(user)
        except Refusal as refusal:
            return self.refuse(refusal)
        return self.decide(user, accepts=True, for_everyone=False)

    def approval_page(self, user: User) -> Response:
        """Tell a person that an administrator must agree first."""
        rules = self.world.directory.rules(user.tenant_id)
        return page(
            "approval.html",
            flow=self.flow,
            app=self.app,
            user=user,
            takes_requests=rules.takes_consent_requests and self.flow.kind not in _FOR_ADMINS,
        )

    def approval_required(self, user: User) -> Refusal:
        """Return the refusal that the app gets when an administrator must agree first."""
        if self.world.directory.rules(user.tenant_id).takes_consent_requests:
            return consent.request_needed(self.app)
        return consent.admin_required(self.app)

    def request_approval(self, user: User, reason: str) -> Response:
        """Send the administrators what a person may not agree to."""
        obstacle = self.obstacle(user)
        if obstacle is not None:
            return obstacle
        question = self.question(user)
        rules = self.world.directory.rules(user.tenant_id)
        if question is None or not rules.takes_consent_requests:
            return self.ask(user)
        request = ConsentRequest(
            id=str(UUID(int=self.world.rng.getrandbits(128), version=4)),
            tenant_id=user.tenant_id,
            app_id=self.app.app_id,
            user_id=user.id,
            reason=reason,
            asked_at=self.world.clock.now(),
            permissions={kind: sorted(names) for kind, names in question.delegated.items()},
        )
        self.world.directory.consent_requests[request.id] = request
        return page("requested.html", flow=self.flow, app=self.app, user=user)

    def _check_page(
        self,
        user: User,
        stage: str,
        *,
        problem: Refusal | None = None,
        asks_to_register: bool = False,
    ) -> Response:
        self.flow.stage = stage
        return page(
            f"{stage}.html",
            status=200 if problem is None else 400,
            flow=self.flow,
            app=self.app,
            user=user,
            problem=problem,
            asks_to_register=asks_to_register,
        )

    def _end(self, response: Response) -> Response:
        self.world.grants.flows.pop(self.flow.id, None)
        return response


_FOR_ADMINS = ("admin", "admin-v1")
