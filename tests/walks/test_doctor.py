"""The doctor against m365sim: one misconfiguration at a time, each with a diagnosis of its own."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from certificates import make_pair
from clinic import CALLBACK, Clinic

from fairlead.model.connection import Connection
from fairlead.model.diagnosis import Finding, Level
from m365sim.entra.contoso import DAEMON_APP_ID, EXPIRED_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.sign_in_rules import Policy
from m365sim.testing import delegated_token

NOWHERE = "00000000-0000-0000-0000-000000000001"
Case = Callable[[Clinic, Any], Awaitable[Connection]]
#: code -> (who must act, a piece of the fix, how it comes about)
CASES: dict[str, tuple[str, str, Case]] = {}
#: code -> what it brings along
BESIDE: dict[str, set[str]] = {}


def misconfigured(
    code: str, who: str, fix: str, beside: set[str] | None = None
) -> Callable[[Case], Case]:
    """Register a way to break a connection and the diagnosis that it must get."""

    def register(case: Case) -> Case:
        assert code not in CASES
        CASES[code] = who, fix, case
        BESIDE[code] = {code, *(beside or ()), "scopes_too_broad"}
        return case

    return register


def jwt(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.x"


# --- the app and its proof


@misconfigured("certificate_required", "operator", "register a certificate")
async def secret_used_on_rest(clinic: Clinic, _: Any) -> Connection:
    return await clinic.app()


@misconfigured("bad_client_secret", "operator", "secret's value (not its id)")
async def secret_wrong(clinic: Clinic, _: Any) -> Connection:
    return await clinic.app(secret="no")


@misconfigured("client_secret_expired", "operator", "make a new one")
async def secret_expired(clinic: Clinic, _: Any) -> Connection:
    return await clinic.app(client_id=EXPIRED_APP_ID, secret="expired-secret~for-tests-only")


@misconfigured("certificate_expires_soon", "operator", "make a new one")
async def certificate_about_to_expire(clinic: Clinic, pair: Any) -> Connection:
    soon = make_pair(pair.key, not_after=datetime.now(UTC) + timedelta(days=10))
    clinic.registers(soon)
    return await clinic.app(soon)


@misconfigured("certificate_expired", "operator", "make a new one")
async def certificate_expired(clinic: Clinic, pair: Any) -> Connection:
    over = make_pair(pair.key, not_after=datetime.now(UTC) - timedelta(days=1))
    clinic.registers(over)
    return await clinic.app(over)


@misconfigured("certificate_not_registered", "operator", "upload its public part")
async def certificate_not_registered(clinic: Clinic, pair: Any) -> Connection:
    return await clinic.app(pair)


@misconfigured("clock_skew", "operator", "set the clock")
async def clock_skew(clinic: Clinic, pair: Any) -> Connection:
    clinic.registers(pair)
    connection = await clinic.app(pair)
    clinic.clock.wrong_by = timedelta(minutes=17)
    return connection


@misconfigured("unknown_client", "operator", "client id")
async def app_deleted(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    del clinic.world.directory.apps[WEB_APP_ID]
    return connection


@misconfigured("app_disabled", "operator", "administrator must enable it")
async def app_disabled(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.world.directory.apps[WEB_APP_ID].enabled = False
    return connection


@misconfigured("acs_retired", "operator", "register an app in Entra ID", {"no_refresh_token"})
async def principal_of_the_retired_service(clinic: Clinic, _: Any) -> Connection:
    token = jwt(iss=f"00000001-0000-0000-c000-000000000000@{TENANT_ID}", appid=NOWHERE)
    return await clinic.person(can_refresh=False, tokens={"access_token": token})


@misconfigured("admin_consent_missing", "operator", "grant admin consent")
async def admin_consent_missing(clinic: Clinic, pair: Any) -> Connection:
    clinic.registers(pair)
    clinic.world.directory.withdraw_consent(TENANT_ID, DAEMON_APP_ID)
    return await clinic.app(pair)


@misconfigured("redirect_uri_mismatch", "operator", "add it to the app registration")
async def redirect_uri_mismatch(clinic: Clinic, _: Any) -> Connection:
    clinic.world.directory.apps[WEB_APP_ID].redirect_uris.remove(CALLBACK)
    return await clinic.person()


# --- the tenant and its place


@misconfigured("wrong_tenant", "operator", "tenant")
async def wrong_tenant(clinic: Clinic, _: Any) -> Connection:
    return await clinic.app(config={"tenantId": NOWHERE})


@misconfigured("wrong_cloud", "operator", "FAIRLEAD_MICROSOFT_CLOUD")
async def wrong_cloud(clinic: Clinic, _: Any) -> Connection:
    # as the global sign-in service answers about a tenant of the US government
    endpoint = f"https://login.microsoftonline.us/{NOWHERE}/oauth2/v2.0/token"
    body = json.dumps({"token_endpoint": endpoint, "tenant_region_sub_scope": "DODCON"})
    clinic.breaks(host="login", path="*openid-configuration*", status=200, body=body)
    return await clinic.app(config={"tenantId": NOWHERE})


@misconfigured("tenant_name_wrong", "operator", "tenant name")
async def tenant_name_wrong(clinic: Clinic, pair: Any) -> Connection:
    clinic.registers(pair)
    return await clinic.rest_app(pair, tenantName="contosso")


@misconfigured("conditional_access", "operator", "administrator must allow the app")
async def conditional_access(clinic: Clinic, _: Any) -> Connection:
    policy = Policy(id="p1", tenant_id=TENANT_ID, name="No connectors", control="block")
    clinic.world.directory.add_policy(policy)
    return await clinic.person()


# --- the person and the grant


@misconfigured("mfa_required", "end user", "connect again")
async def mfa_required(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.world.directory.require_mfa(clinic.user, clinic.world.clock.now())
    return connection


@misconfigured("no_refresh_token", "operator", "offline_access")
async def no_refresh_token(clinic: Clinic, _: Any) -> Connection:
    tokens = {"access_token": delegated_token(clinic.world, "megan")}
    return await clinic.person(can_refresh=False, tokens=tokens)


@misconfigured("account_disabled", "end user", "another user must connect")
async def user_disabled(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.world.directory.disable_user(clinic.user, clinic.world.clock.now())
    return connection


@misconfigured("consent_required", "end user", "connect again")
async def consent_withdrawn(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.world.directory.withdraw_consent(TENANT_ID, WEB_APP_ID)
    return connection


@misconfigured("grant_revoked", "end user", "connect again")
async def sessions_revoked(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.world.directory.revoke_sessions(clinic.user, clinic.world.clock.now())
    return connection


@misconfigured("grant_expired", "end user", "connect again")
async def refresh_token_expired_by_inactivity(clinic: Clinic, _: Any) -> Connection:
    return await clinic.person(age=timedelta(days=91))


@misconfigured("personal_account", "end user", "work or school account", {"no_refresh_token"})
async def personal_account(clinic: Clinic, _: Any) -> Connection:
    # Graph's tokens for personal accounts are opaque; only the id token tells
    tokens = {
        "access_token": "EwB4A8l6BAAU",
        "id_token": jwt(tid="9188040d-6c67-4c5b-b112-36a304b66dad", oid=NOWHERE),
    }
    return await clinic.person(can_refresh=False, tokens=tokens)


@misconfigured("licence_missing", "operator", "assign a licence")
async def user_lost_the_licence(clinic: Clinic, _: Any) -> Connection:
    said = {"error": {"code": "ResourceNotFound", "message": "User's mysite not found."}}
    clinic.breaks(host="graph", path="*/me/drive*", status=404, body=json.dumps(said))
    return await clinic.person()


# --- what was granted


@misconfigured("missing_scope", "operator", "add it to the app registration")
async def scope_not_granted(clinic: Clinic, _: Any) -> Connection:
    clinic.consents("User.Read")
    scope = "https://graph.microsoft.com/User.Read offline_access"
    return await clinic.person(without_consent=True, scope=scope, scopes=("Files.Read.All",))


@misconfigured("scopes_too_broad", "operator", "name narrower scopes")
async def scopes_too_broad(clinic: Clinic, _: Any) -> Connection:
    return await clinic.person()


@misconfigured("site_not_granted", "operator", "POST /sites/{id}/permissions")
async def site_not_granted(clinic: Clinic, _: Any) -> Connection:
    clinic.consents("Sites.Selected")
    [site, *_] = clinic.world.content.all_sites()
    return await clinic.person(without_consent=True, metadata={"siteIds": [site.id]})


@misconfigured("site_access_lost", "end user", "owner must give the user access")
async def site_access_lost(clinic: Clinic, _: Any) -> Connection:
    clinic.breaks(host="graph", path="*/drives/*", status=403)
    return await clinic.person(metadata={"driveIds": ["b!chosen"]})


# --- the way there


@misconfigured("webhook_unreachable", "operator", "FAIRLEAD_WEBHOOK_URL")
async def webhook_unreachable(clinic: Clinic, _: Any) -> Connection:
    # the discard port: nobody listens
    clinic.webhook_url = "http://127.0.0.1:9/hooks/s3cret-path"
    return await clinic.person()


@misconfigured("webhook_refused", "operator", "FAIRLEAD_WEBHOOK_URL")
async def webhook_on_a_private_network(clinic: Clinic, _: Any) -> Connection:
    clinic.webhook_url = "http://10.1.2.3/hooks"
    return await clinic.person()


@misconfigured("egress_refused", "operator", "FAIRLEAD_EGRESS_ALLOW")
async def egress_refused(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.allow.clear()
    return connection


@misconfigured("provider_unreachable", "operator", "firewall")
async def provider_host_blocked(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.breaks(host="graph", cut_after=0, path="/")
    return connection


@misconfigured("throttled", "vendor", "wait")
async def throttled_now(clinic: Clinic, _: Any) -> Connection:
    clinic.breaks(host="graph", path="/v1.0/*", status=429, retry_after=30)
    return await clinic.person()


@misconfigured("provider_unavailable", "vendor", "try again later")
async def vendor_down(clinic: Clinic, _: Any) -> Connection:
    clinic.breaks(host="login", method="POST", status=503)
    return await clinic.person()


@misconfigured("account_locked", "vendor", "unlock it")
async def account_locked(clinic: Clinic, _: Any) -> Connection:
    connection = await clinic.person()
    clinic.breaks(host="login", method="POST", aadsts=50053)
    return connection


ADVICE = {"scopes_too_broad"}
WARNINGS = {"certificate_required", "certificate_expires_soon"}


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("code", CASES)
async def test_diagnosis(code: str, clinic: Clinic, pair: Any) -> None:
    who, fix, case = CASES[code]
    connection = await case(clinic, pair)
    diagnosis = await clinic.examine(connection)
    found = {finding.code: finding for finding in diagnosis.findings}
    assert code in found, diagnosis
    finding: Finding = found[code]
    assert finding.who == who
    assert fix.lower() in finding.fix.lower()
    assert finding.cause.endswith(".")
    # no other diagnosis beside it: only what is true of every connection here
    assert set(found) <= BESIDE[code], diagnosis
    level = Level.ADVICE if code in ADVICE else Level.WARNING if code in WARNINGS else Level.PROBLEM
    assert finding.level is level
    assert diagnosis.is_healthy is (level is not Level.PROBLEM)
    said = diagnosis.model_dump_json()
    for secret in ("for-tests-only", "rt-", "s3cret-path", "BEGIN PRIVATE"):
        assert secret not in said


async def test_a_healthy_connection_and_what_was_looked_at(clinic: Clinic, pair: Any) -> None:
    clinic.webhook_url = clinic.cloud.control_url
    clinic.registers(pair)
    directory = clinic.world.directory
    directory.withdraw_consent(TENANT_ID, DAEMON_APP_ID)
    for resource in ("graph", "sharepoint"):
        directory.assign_roles(TENANT_ID, DAEMON_APP_ID, resource, frozenset({"Sites.Read.All"}))
    [site, *_] = clinic.world.content.all_sites()
    person = await clinic.person(
        config={"tenant": TENANT_ID},
        scopes=("Files.Read.All", "Sites.ReadWrite.All", "offline_access"),
        metadata={"siteIds": [site.id]},
    )
    for connection in (person, await clinic.app(pair), await clinic.rest_app(pair)):
        diagnosis = await clinic.examine(connection)
        assert diagnosis.is_healthy
        assert diagnosis.findings == (), connection.provider
        assert all(check.outcome == "passed" for check in diagnosis.checks), diagnosis.checks
        assert diagnosis.facts["tenantId"] == TENANT_ID
        names = {check.name for check in diagnosis.checks}
        assert {"clock", "renewal", "permissions", "directory", "webhooks"} <= names
        if connection is person:
            assert diagnosis.facts["user"] == "megan@contoso.onmicrosoft.com"
            assert {"sign-in page", "the user's drive", "root site"} <= names
        else:
            assert diagnosis.facts["appProof"] == "certificate"
            assert "certificate" in names


async def test_sites_that_syncs_of_sharepoints_own_api_are_about(clinic: Clinic) -> None:
    pair = make_pair(not_after=datetime.now(UTC) + timedelta(days=400))
    clinic.registers(pair)
    roles = frozenset({"Sites.Read.All"})
    clinic.world.directory.assign_roles(TENANT_ID, DAEMON_APP_ID, "sharepoint", roles)
    sites = ["/sites/marketing", "/sites/nowhere", "root"]
    diagnosis = await clinic.examine(await clinic.rest_app(pair, {"sites": sites}))
    outcomes = {check.name: check.outcome for check in diagnosis.checks}
    assert outcomes["root site"] == outcomes["/sites/marketing"] == "passed"
    assert outcomes["/sites/nowhere"] == "failed"
    assert [(one.code, one.who) for one in diagnosis.findings] == [("item_not_found", "caller")]


async def test_an_app_that_may_open_chosen_sites_is_examined_on_these(clinic: Clinic) -> None:
    pair = make_pair(not_after=datetime.now(UTC) + timedelta(days=400))
    clinic.registers(pair)
    clinic.world.directory.withdraw_consent(TENANT_ID, DAEMON_APP_ID)
    selected = frozenset({"Sites.Selected"})
    clinic.world.directory.assign_roles(TENANT_ID, DAEMON_APP_ID, "sharepoint", selected)
    content = clinic.world.content
    site = content.site_at(content.host, "/sites/marketing")
    assert site is not None
    content.grant_site(DAEMON_APP_ID, site, frozenset({"read"}))
    good = await clinic.examine(await clinic.rest_app(pair, {"sites": ["/sites/marketing"]}))
    assert [one.code for one in good.findings] == []
    content.grant_site(DAEMON_APP_ID, site, None)
    bad = await clinic.examine(await clinic.rest_app(pair, {"sites": ["/sites/marketing"]}))
    assert [one.code for one in bad.findings] == ["site_not_granted"]


async def test_what_the_caller_wants_reached(clinic: Clinic) -> None:
    connection = await clinic.person(scopes=("Sites.ReadWrite.All", "offline_access"))
    good, bad = "v1.0/sites/root", "v1.0/sites/nowhere.sharepoint.com"
    diagnosis = await clinic.examine(connection, good, bad)
    outcomes = {check.name: check.outcome for check in diagnosis.checks}
    assert outcomes[f"wanted address {good}"] == "passed"
    assert outcomes[f"wanted address {bad}"] == "failed"
    [finding] = diagnosis.findings
    assert finding.who == "caller"
    assert not diagnosis.is_healthy
