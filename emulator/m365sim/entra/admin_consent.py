"""Consent of an administrator for the whole tenant, at an address of its own.

Follows https://learn.microsoft.com/entra/identity-platform/v2-admin-consent. The answer carries
`admin_consent=True` even when it is an error, as the real one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import account_page, disabled, enter, no_such_user, signed_in
from m365sim.entra.authorize_request import Addressee
from m365sim.entra.errors import Refusal, missing
from m365sim.entra.grants import Flow
from m365sim.entra.pages import answer, page, refuse
from m365sim.entra.scopes import parse_scopes
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


class AdminConsent:
    """One admin consent under way."""

    def __init__(self, world: World, flow: Flow, to: Addressee) -> None:
        self.world = world
        self.flow = flow
        self.to = to

    def begin(self) -> Response:
        """Ask who the person is, unless one administrator is signed in already."""
        try:
            self._question()
        except Refusal as refusal:
            return self._refuse(refusal)
        if self.world.auto_sign_in is not None:
            return self._answer_at_once(self.world.auto_sign_in)
        admins = [user for user in signed_in(self.world, self.flow) if user.is_admin]
        return self.continue_as(admins[0]) if len(admins) == 1 else self.account_page()

    def account_page(self, problem: str | None = None, username: str | None = None) -> Response:
        """Ask who the person is."""
        return account_page(self.world, self.flow, self.to.app, username=username, problem=problem)

    def continue_as(self, user: User) -> Response:
        """Show an administrator what the app asks for, and others that they are not one."""
        user = enter(self.world, self.flow, user)
        if not user.is_admin:
            return page("approval.html", flow=self.flow, app=self.to.app, user=user)
        return page(
            "consent.html",
            flow=self.flow,
            app=self.to.app,
            user=user,
            groups=self._question().words(),
            may_agree_for_everyone=False,
            is_for_everyone=True,
            tenant=self.world.directory.tenants[user.tenant_id],
            redirect_uri=self.to.redirect_uri,
        )

    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:  # noqa: ARG002
        """Take the administrator's answer; it is always for everyone."""
        if not user.is_admin:
            return self._refuse(consent.admin_required(self.to.app))
        if not accepts:
            return self.cancel()
        return self._grant(user)

    def cancel(self) -> Response:
        """Tell the app that the person declined."""
        return self._refuse(Refusal(65004, "User declined to consent to access the app."))

    def _answer_at_once(self, upn: str) -> Response:
        user = self.world.directory.user_by_upn(upn)
        if user is None or not user.enabled:
            return self._refuse(disabled() if user else no_such_user(upn))
        try:
            user = enter(self.world, self.flow, user)
        except Refusal as refusal:
            return self._refuse(refusal)
        return self.decide(user, accepts=True, for_everyone=True)

    def _question(self) -> consent.Question:
        if self.flow.kind == "admin-v1":
            return consent.admin_question(self.to.app, None)
        scope = self.flow.request.get("scope", "")
        if not scope.strip():
            raise missing("scope")
        return consent.admin_question(self.to.app, parse_scopes(self.world, scope))

    def _grant(self, user: User) -> Response:
        consent.record(self.world, self.to.app, user, self._question(), for_everyone=True)
        params = {"admin_consent": "True", "tenant": user.tenant_id}
        if self.flow.kind == "admin":
            params["scope"] = self.flow.request["scope"]
        self.world.grants.flows.pop(self.flow.id, None)
        return answer(self.world, self.to, params)

    def _refuse(self, refusal: Refusal) -> Response:
        self.world.grants.flows.pop(self.flow.id, None)
        return refuse(self.world, self.to, refusal, {"admin_consent": "True"})
