"""The browser's side of a sign-in on another device: code → account → consent → done.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code. Before anything
is asked the person is told which app waits, for a code may come from somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from m365sim.entra import consent
from m365sim.entra.accounts import proof_of
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import DeviceGrant, Flow
from m365sim.entra.interaction import Interaction
from m365sim.entra.pages import page
from m365sim.entra.scopes import AskedResource, check_available, parse_scopes
from m365sim.tenant import User

if TYPE_CHECKING:
    from m365sim.world import World


class DeviceSignIn(Interaction):
    """One sign-in for a device that waits."""

    def __init__(self, world: World, flow: Flow, grant: DeviceGrant) -> None:
        super().__init__(world, flow, world.directory.apps[grant.app_id])
        self.grant = grant
        self.wanted_claims = grant.wanted
        self._asked = parse_scopes(world, grant.scope)

    @property
    def asked(self) -> tuple[AskedResource, ...]:
        """The APIs that the device asked for."""
        return self._asked.resources

    def begin(self) -> Response:
        """Ask who the person is: a code never uses a session without a click."""
        return self.account_page()

    def ask(self, user: User) -> Response:
        """Ask for consent if any is missing, and whether this app is the one that was meant."""
        try:
            question = self.question(user)
        except Refusal as refusal:
            return self.refuse(refusal)
        if question is None:
            return page("device_confirm.html", flow=self.flow, app=self.app, user=user)
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
            redirect_uri=None,
        )

    def decide(self, user: User, *, accepts: bool, for_everyone: bool) -> Response:
        """Take the person's answer to the consent page, or to the question which app it is."""
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
        self.grant.user_id = user.id
        self.grant.proof = proof_of(self.world, self.flow, user)
        self.grant.state = "approved"
        return self._end(page("device_done.html", app=self.app, refusal=None))

    def cancel(self) -> Response:
        """Let the device know that the person declined."""
        self.grant.state = "declined"
        return self._end(page("device_done.html", app=self.app, refusal=None, is_declined=True))

    def refuse(self, refusal: Refusal) -> Response:
        """Show why it cannot be; the device learns that it was declined."""
        self.grant.state = "declined"
        return self._end(
            page("device_done.html", 400, app=self.app, refusal=refusal, is_declined=True)
        )

    def question(self, user: User) -> consent.Question | None:
        """Return what the person must still agree to."""
        tenant = self.world.directory.tenants[user.tenant_id]
        for one in self.asked:
            check_available(self.world, one.resource, tenant, is_sign_in=True)
        return consent.open_question(self.world, self.app, user, self._asked, is_forced=False)
