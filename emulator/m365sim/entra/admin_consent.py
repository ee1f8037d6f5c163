"""Consent of an administrator for the whole tenant, at an address of its own.

Follows https://learn.microsoft.com/entra/identity-platform/v2-admin-consent and, for the older
address, https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. The
answer carries `admin_consent=True` even when it is an error, as the real one does; an
administrator's no is called `consent_required` by the one and `permission_denied` by the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import signed_in
from m365sim.entra.authorize_request import Addressee, check_names
from m365sim.entra.errors import Refusal, missing
from m365sim.entra.grants import Flow
from m365sim.entra.interaction import Interaction
from m365sim.entra.pages import answer, page, refuse
from m365sim.entra.scopes import USERINFO_ONLY, AskedResource, parse_scopes
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


class AdminConsent(Interaction):
    """One admin consent under way."""

    def __init__(self, world: World, flow: Flow, to: Addressee) -> None:
        super().__init__(world, flow, to.app)
        self.to = to

    @property
    def asked(self) -> tuple[AskedResource, ...]:
        """Granting is done in the directory itself; the policies on Graph hold for it."""
        return (USERINFO_ONLY,)

    def begin(self) -> Response:
        """Ask who the person is, unless one administrator is signed in already."""
        try:
            self.question()
        except Refusal as refusal:
            return self.refuse(refusal)
        if self.world.auto_sign_in is not None:
            return self.answer_at_once(self.world.auto_sign_in)
        admins = [user for user in signed_in(self.world, self.flow) if user.is_admin]
        return self.continue_as(admins[0]) if len(admins) == 1 else self.account_page()

    def ask(self, user: User) -> Response:
        """Show an administrator what the app asks for, and others that they are not one."""
        if not user.is_admin:
            return self.approval_page(user)
        return page(
            "consent.html",
            flow=self.flow,
            app=self.app,
            user=user,
            groups=self.question().words(),
            may_agree_for_everyone=False,
            is_for_everyone=True,
            tenant=self.world.directory.tenants[user.tenant_id],
            redirect_uri=self.to.redirect_uri,
        )

    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:  # noqa: ARG002
        """Take the administrator's answer; it is always for everyone."""
        obstacle = self.obstacle(user)
        if obstacle is not None:
            return obstacle
        if not user.is_admin:
            return self.refuse(consent.admin_required(self.app))
        if not accepts:
            return self.cancel()
        consent.record(self.world, self.app, user, self.question(), for_everyone=True)
        params = {"admin_consent": "True", "tenant": user.tenant_id}
        if self.flow.kind == "admin":
            params["scope"] = self.flow.request["scope"]
        return self._end(answer(self.world, self.to, params))

    def cancel(self) -> Response:
        """Tell the app that the person declined."""
        if self.flow.kind == "admin-v1":
            return self.refuse(
                Refusal(65004, "The admin canceled the request.", error="permission_denied")
            )
        return self.refuse(
            Refusal(
                65004,
                "The resource owner or authorization server denied the request.",
                error="consent_required",
            )
        )

    def refuse(self, refusal: Refusal) -> Response:
        """Tell the app."""
        return self._end(refuse(self.world, self.to, refusal, {"admin_consent": "True"}))

    def question(self, user: User | None = None) -> consent.Question:  # noqa: ARG002
        """Return what is asked for, whoever signs in."""
        if self.flow.kind == "admin-v1":
            return consent.admin_question(self.app, None)
        scope = self.flow.request.get("scope", "")
        if not scope.strip():
            raise missing("scope")
        asked = parse_scopes(self.world, scope)
        check_names(self.app, asked)
        return consent.admin_question(self.app, asked)
