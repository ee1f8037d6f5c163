"""Every AADSTS number in every flow: which error it is, who hears of it, what the connection says.

Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from fake_vendor import FakeTransport
from pydantic import SecretStr
from told import told

from fairlead.connect.establish import Establisher
from fairlead.connect.freshen import Freshener
from fairlead.errors import (
    AdminConsentRequired,
    BadClientSecret,
    FairleadError,
    InternalError,
    OperatorError,
    ReconnectRequired,
    Unavailable,
)
from fairlead.model.clock import ManualClock
from fairlead.model.connect_session import OAuthState
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, OAuth2Credentials
from fairlead.model.integration import Integration
from fairlead.sdk import Registry
from fairlead.store import Database, connections, environments, integrations
from fairlead.vault import Vault
from fairlead_microsoft import pack
from fairlead_microsoft.aadsts import MEANINGS
from fairlead_microsoft.clouds import GLOBAL

TENANT = "7d1c9f5e-6b7a-4c1e-9a53-0c8f3c2e4b10"
HOST = "https://contoso.sharepoint.com"

RECONNECT, ADMIN = "reconnect_required", "admin_action_required"
#: number: (OAuth error, class, code, who must do what: a piece of the sentence)
TABLE: dict[int, tuple[str, type[FairleadError], str, str]] = {
    50011: ("invalid_client", OperatorError, "redirect_uri_mismatch", "operator must add it"),
    50020: ("invalid_grant", ReconnectRequired, "wrong_account", "end user must connect with"),
    50033: ("invalid_grant", Unavailable, "provider_unavailable", "try again later"),
    50034: ("invalid_grant", ReconnectRequired, "wrong_account", "end user must connect with"),
    50053: ("invalid_grant", Unavailable, "account_locked", "administrator unlock it"),
    50055: ("invalid_grant", ReconnectRequired, RECONNECT, "end user must change it"),
    50057: ("invalid_grant", ReconnectRequired, "account_disabled", "administrator must enable"),
    50058: ("login_required", ReconnectRequired, RECONNECT, "end user must connect again"),
    50076: ("interaction_required", ReconnectRequired, "mfa_required", "user must connect again"),
    50079: ("interaction_required", ReconnectRequired, "mfa_required", "user must connect again"),
    50105: ("access_denied", OperatorError, ADMIN, "administrator must assign them"),
    50126: ("invalid_grant", ReconnectRequired, RECONNECT, "end user must connect again"),
    50158: ("interaction_required", ReconnectRequired, "mfa_required", "user must connect again"),
    50173: ("invalid_grant", ReconnectRequired, "grant_revoked", "end user must connect again"),
    50194: ("invalid_request", OperatorError, "wrong_tenant", "operator must set"),
    50196: ("invalid_grant", Unavailable, "provider_unavailable", "try again later"),
    53000: (
        "interaction_required",
        OperatorError,
        "conditional_access",
        "administrator must allow",
    ),
    53001: (
        "interaction_required",
        OperatorError,
        "conditional_access",
        "administrator must allow",
    ),
    53002: (
        "interaction_required",
        OperatorError,
        "conditional_access",
        "administrator must allow",
    ),
    53003: ("access_denied", OperatorError, "conditional_access", "administrator must allow"),
    54005: ("invalid_grant", ReconnectRequired, "code_already_used", "end user must start"),
    65001: ("invalid_grant", ReconnectRequired, "consent_required", "end user must connect again"),
    65004: ("access_denied", ReconnectRequired, "access_denied", "end user declined"),
    70000: ("invalid_grant", ReconnectRequired, RECONNECT, "end user must connect again"),
    70001: ("unauthorized_client", BadClientSecret, "unknown_client", "operator must correct"),
    70008: ("invalid_grant", ReconnectRequired, "grant_expired", "end user must connect again"),
    70011: ("invalid_scope", OperatorError, "invalid_scope", "operator must correct"),
    70043: ("invalid_grant", ReconnectRequired, RECONNECT, "end user must connect again"),
    90002: ("invalid_request", OperatorError, "wrong_tenant", "operator must set"),
    90014: ("invalid_request", InternalError, "malformed_token_request", "please report it"),
    90024: ("temporarily_unavailable", Unavailable, "provider_unavailable", "try again later"),
    90033: ("server_error", Unavailable, "provider_unavailable", "try again later"),
    90094: (
        "access_denied",
        AdminConsentRequired,
        "admin_consent_required",
        "administrator must approve",
    ),
    90095: (
        "consent_required",
        AdminConsentRequired,
        "admin_consent_required",
        "administrator must approve",
    ),
    28000: ("invalid_scope", OperatorError, "invalid_scope", "operator must correct"),
    28002: ("invalid_request", OperatorError, "invalid_scope", "operator must correct"),
    28003: ("invalid_request", OperatorError, "invalid_scope", "operator must correct"),
    500011: ("invalid_resource", OperatorError, "unknown_resource", "operator must correct"),
    501481: ("invalid_grant", ReconnectRequired, "code_mismatch", "end user must start"),
    650052: ("invalid_resource", OperatorError, ADMIN, "administrator must subscribe"),
    650057: ("invalid_resource", OperatorError, "unknown_resource", "operator must add it"),
    700005: ("invalid_grant", ReconnectRequired, "code_mismatch", "end user must start"),
    700016: ("unauthorized_client", BadClientSecret, "unknown_client", "operator must correct"),
    700022: ("invalid_scope", OperatorError, "invalid_scope", "operator must correct"),
    700023: ("invalid_scope", OperatorError, "invalid_scope", "operator must correct"),
    700024: ("invalid_client", BadClientSecret, "clock_skew", "operator must set the clock"),
    700025: ("invalid_client", OperatorError, "public_client", "operator must register it"),
    700027: ("invalid_client", BadClientSecret, "certificate_not_registered", "operator must"),
    700082: ("invalid_grant", ReconnectRequired, "grant_expired", "end user must connect again"),
    700084: ("invalid_grant", ReconnectRequired, "registered_as_spa", "operator must register"),
    900144: ("invalid_request", InternalError, "malformed_token_request", "please report it"),
    1002012: ("invalid_scope", OperatorError, "invalid_scope", "operator must correct"),
    7000112: ("unauthorized_client", BadClientSecret, "app_disabled", "administrator must enable"),
    7000215: ("invalid_client", BadClientSecret, "bad_client_secret", "operator must set"),
    7000218: ("invalid_client", BadClientSecret, "client_secret_missing", "operator must set"),
    7000229: ("invalid_client", BadClientSecret, "app_not_in_tenant", "administrator must approve"),
    7000222: ("invalid_client", BadClientSecret, "client_secret_expired", "operator must make"),
    9001023: ("invalid_request", OperatorError, "wrong_tenant", "operator must set"),
}
#: what passes by itself
PASSING = {50033, 50053, 50196, 90024, 90033}
#: what is ours to mend: nobody else is told
OURS = {90014, 900144}
#: refusals that can be about the one API that was asked for, and leave the grant as it is
ABOUT_ONE_API = {
    *(50011, 50076, 50079, 50105, 50158, 50194, 53000, 53001, 53002, 53003, 65001, 65004),
    *(70011, 28000, 28002, 28003, 90002, 90094, 90095, 500011, 650052, 650057),
    *(700022, 700023, 1002012, 9001023, 700025),
}


def refusal(number: int) -> tuple[int, dict[str, Any]]:
    error = TABLE[number][0]
    return 401 if error == "invalid_client" else 400, {
        "error": error,
        "error_description": f"AADSTS{number}: Something.\r\nTrace ID: t\r\nCorrelation ID: c",
        "error_codes": [number],
        "trace_id": "t",
        "correlation_id": "c",
    }


class World:
    """One integration for users and one for the app itself, and a vendor that refuses."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = ManualClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
        self.vault = Vault([b"k" * 32])
        self.registry = Registry([pack(GLOBAL)])
        self.transport = FakeTransport()
        self.integrations: dict[str, Integration] = {}
        numbers = count(1)
        self.new_id = lambda: f"id-{next(numbers)}"
        parts = (db, self.vault, self.registry, self.transport, self.clock, self.new_id)
        self.establisher, self.freshener = Establisher(*parts), Freshener(*parts)

    async def set_up(self) -> None:
        now = self.clock.now()
        async with self.db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="1" * 64, now=now
            )
            for provider in ("sharepoint-online", "sharepoint-online-oauth2-cc"):
                self.integrations[provider] = await integrations.insert(
                    tx,
                    self.vault,
                    environment_id=environment.id,
                    unique_key=provider,
                    provider=provider,
                    display_name="SharePoint",
                    client_id="app",
                    client_secret="secret",
                    scopes=None,
                    webhook_secret=None,
                    forward_webhooks=True,
                    config={},
                    custom={},
                    now=now,
                )

    async def connect(self, number: int, *, minutes: float, is_app: bool = False) -> Connection:
        expires_at = self.clock.now() + timedelta(minutes=minutes)
        user = OAuth2Credentials(
            access_token=SecretStr("at"), refresh_token=SecretStr("rt"), expires_at=expires_at
        )
        app = ClientCredentials(
            token=SecretStr("at"),
            client_id="app",
            client_secret=SecretStr("secret"),
            expires_at=expires_at,
        )
        key = "sharepoint-online-oauth2-cc" if is_app else "sharepoint-online"
        integration = self.integrations[key]
        connection, _ = await self.establisher.import_connection(
            integration.environment_id,
            integration,
            connection_id=f"c{number}",
            credentials=app if is_app else user,
            connection_config={"tenantId": TENANT} if is_app else {"tenant": TENANT},
            metadata=None,
            end_user=None,
            tags={},
            webhook_url_override=None,
        )
        await self.events()
        return connection

    async def events(self) -> list[dict[str, Any]]:
        async with self.db.write() as tx:
            return [event.payload for event in await told(tx, self.clock.now())]

    async def status(self, connection: Connection) -> list[str]:
        async with self.db.read() as tx:
            now = await connections.by_pk(tx, connection.id)
        assert now
        return [f"{fault.type}: {fault.code}: {fault.message}" for fault in now.errors]


@pytest.fixture
async def world(sqlite_url: str) -> Any:
    db = await Database.open(sqlite_url, Vault([b"k" * 32]))
    world = World(db)
    await world.set_up()
    yield world
    await db.close()


def check_error(number: int, error: FairleadError) -> None:
    _, kind, code, words = TABLE[number]
    assert type(error) is kind, number
    assert error.code == code, number
    assert words in error.message, (number, error.message)
    assert error.retryable is (number in PASSING), number
    assert error.detail, number
    assert f"AADSTS{number}" in error.detail


def check_news(number: int, news: list[dict[str, Any]], operation: str) -> None:
    [told] = news
    assert told["type"] == "auth"
    assert (told["operation"], told["success"]) == (operation, False), number
    assert told["error"]["type"] == TABLE[number][2], number
    assert TABLE[number][3] in told["error"]["description"], number


def test_the_table_has_every_number_that_is_known() -> None:
    assert set(TABLE) == set(MEANINGS)


async def test_code_exchange(world: World) -> None:
    """Whatever it is, the trip came to nothing, and that is told; there is no connection."""
    for number in TABLE:
        world.transport.answer = lambda _, number=number: refusal(number)
        state = OAuthState(
            id=f"state-{number}",
            environment_id=world.integrations["sharepoint-online"].environment_id,
            integration_key="sharepoint-online",
            connection_id=f"c{number}",
            code_verifier=SecretStr("v" * 43),
            redirect_uri="https://fairlead.example/oauth/callback",
            connection_config={"tenant": "organizations"},
            created_at=world.clock.now(),
            expires_at=world.clock.now() + timedelta(minutes=30),
        )
        with pytest.raises(FairleadError) as caught:
            await world.establisher.establish(state, None, "code")
        check_error(number, caught.value)
        check_news(number, await world.events(), "creation")
    async with world.db.read() as tx:
        assert await connections.list_all(tx, state.environment_id, limit=9, page=0) == []


@pytest.mark.parametrize("is_app", [False, True], ids=["refresh", "client credentials"])
async def test_renewal(world: World, is_app: bool) -> None:
    """What passes leaves no trace; what is final is told once, and stands at the connection."""
    for number in TABLE:
        world.transport.answer = lambda _, number=number: refusal(number)
        connection = await world.connect(number, minutes=-1, is_app=is_app)
        for _ in range(2):
            with pytest.raises(FairleadError) as caught:
                await world.freshener.fresh_credentials(connection)
            check_error(number, caught.value)
        news, status = await world.events(), await world.status(connection)
        if number in PASSING | OURS:
            assert (news, status) == ([], []), number
        else:
            check_news(number, news, "refresh")
            error = caught.value
            assert status == [f"auth: {error.code}: {error.message}"], number


async def test_a_token_for_a_further_api(world: World) -> None:
    """What is about the one API leaves the connection as it is; what ends the grant ends it."""
    for number in TABLE:
        connection = await world.connect(number, minutes=60)
        is_about_it = number in ABOUT_ONE_API

        def answer(request: Any, number: int = number, is_about_it: bool = is_about_it) -> Any:
            if is_about_it and HOST not in world.transport.sent[-1].form.get("scope", ""):
                return {"access_token": "at-2", "refresh_token": "rt-2", "expires_in": 3600}
            return refusal(number)

        world.transport.answer = answer
        with pytest.raises(FairleadError) as caught:
            await world.freshener.fresh_credentials(connection, audience=HOST)
        check_error(number, caught.value)
        news, status = await world.events(), await world.status(connection)
        if is_about_it or number in PASSING | OURS:
            assert (news, status) == ([], []), number
        else:
            check_news(number, news, "refresh")
            assert len(status) == 1, number


async def test_nothing_of_the_vendors_words_is_told_to_the_product(world: World) -> None:
    status, body = refusal(70000)
    body["error_description"] = "AADSTS70000: token 0.AXYZsecret is over"
    world.transport.answer = lambda _: (status, body)
    connection = await world.connect(1, minutes=-1)
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection)
    assert "AXYZsecret" not in json.dumps(await world.events())
    assert "AXYZsecret" not in "".join(await world.status(connection))
