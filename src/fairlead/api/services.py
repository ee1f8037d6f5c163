"""Services: everything a request may need, made once at start and handed to every route."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse

from fairlead.connect.app_approvals import AppApprovals
from fairlead.connect.app_keys import AppKeys
from fairlead.connect.approvals import Approvals
from fairlead.connect.branding import Branding
from fairlead.connect.embedders import Embedders
from fairlead.connect.establish import Establisher
from fairlead.connect.freshen import Freshener
from fairlead.connect.sessions import Sessions
from fairlead.connect.submission import Submissions
from fairlead.engine.engine import Engine
from fairlead.gateway.doctor import Doctor
from fairlead.gateway.send import Gateway
from fairlead.http.transport import Transport
from fairlead.model.clock import Clock, NewId
from fairlead.observe.journal import Journal
from fairlead.observe.watch import Watch
from fairlead.people.accounts import Accounts
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings
from fairlead.store.database import Database
from fairlead.store.record_seals import Seals
from fairlead.vault.vault import Vault
from fairlead.webhooks.intake import Intake
from fairlead.webhooks.tending import Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running fairlead, wired."""

    settings: Settings
    db: Database
    vault: Vault
    seals: Seals
    registry: Registry
    transport: Transport
    sessions: Sessions
    establisher: Establisher
    submissions: Submissions
    approvals: Approvals
    apps: AppApprovals
    embedders: Embedders
    branding: Branding
    freshener: Freshener
    app_keys: AppKeys
    gateway: Gateway
    doctor: Doctor
    engine: Engine
    intake: Intake
    tender: Tender
    accounts: Accounts
    clock: Clock
    new_id: NewId
    journal: Journal
    watch: Watch
    #: called when the server is about to stop, for answers that would go on
    stopping: list[Callable[[], None]]
    #: what is opened later, to be closed before the rest
    closing: AsyncExitStack


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a browser's trip to a vendor ended, for the page that says so."""

    succeeded: bool
    #: for the contract's message to the window that opened this one
    error_type: str = ""
    #: one sentence: what happened, who must do what
    sentence: str = ""
    #: name of what was connected
    provider_name: str = ""
    #: where the person may try again, "" = on the connect page, if that is where they came from
    retry_url: str = ""
    #: the vendor's own words, shown small
    vendor_words: str = ""
    integration_key: str = ""
    connection_id: str = ""
    environment_id: int | None = None
    #: to be forwarded to an administrator, on whom this waits
    admin_url: str = ""
    #: an administrator approved; somebody else goes on
    is_approval: bool = False


class ResultPage(Protocol):
    """Draw the page that ends a trip to a vendor."""

    async def __call__(self, request: Request, outcome: Outcome) -> HTMLResponse: ...


def services_of(connection: HTTPConnection) -> Services:
    """Return the services of the application that serves this request."""
    services = connection.app.state.services
    assert isinstance(services, Services)
    return services


async def _given(connection: HTTPConnection) -> Services:  # or it gets a thread
    return services_of(connection)


Given = Annotated[Services, Depends(_given)]
