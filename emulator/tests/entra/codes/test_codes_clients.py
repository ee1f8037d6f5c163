"""AADSTS numbers by state: who asks, and for what. The table is at the end; conftest.py explains it."""

from datetime import timedelta

from joserfc.jwk import RSAKey

from m365sim.entra.contoso import DAEMON_APP_ID, EXPIRED_APP_ID, TENANT_ID, WEB_APP_ID

GRAPH = "https://graph.microsoft.com"
SHAREPOINT = "https://contoso.sharepoint.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


# -- who asks, and where


async def unknown_tenant(s):
    return await s.alone("nowhere.example")


async def unknown_app(s):
    return await s.alone(client_id="11111111-2222-3333-4444-555555555555")


async def disabled_app(s):
    return await s.refreshed(lambda: setattr(s.web, "enabled", False))


async def single_tenant_app_on_common(s):
    return await s.alone("common")


async def no_tenant_named(s):
    return await s.alone(
        "organizations", client_id=WEB_APP_ID, client_secret="fairlead-secret~for-tests-only"
    )


async def password_on_common(s):
    return await s.password("common")


async def no_proof(s):
    return await s.alone(client_secret=None)


async def wrong_secret(s):
    return await s.alone(client_secret="guess")


async def expired_secret(s):
    change = lambda: s.world.directory.expire_secrets(s.web, s.now())  # noqa: E731
    return await s.refreshed(change)


async def public_app_with_a_secret(s):
    codes = await s.polled()
    return await s.browser.poll(codes["device_code"], client_secret="x")


async def assertion_of_another_app(s):
    return await s.by_assertion(iss=EXPIRED_APP_ID)


async def assertion_for_another_audience(s):
    return await s.by_assertion(aud="https://login.microsoftonline.com/common/oauth2/v2.0/token")


async def assertion_of_yesterday(s):
    return await s.by_assertion(exp=int(s.now().timestamp()) - 86400)


async def assertion_by_another_key(s):
    key = RSAKey.generate_key(2048)
    return await s.by_assertion(key)


async def expired_certificate(s):
    s.world.clock.advance(timedelta(days=365))
    s.world.directory.apps[DAEMON_APP_ID].secrets.clear()
    return await s.by_assertion()


async def assertion_that_is_none(s):
    return await s.alone(
        client_secret=None, client_assertion="e30.e30", client_assertion_type=ASSERTION
    )


async def missing_field(s):
    return await s.browser.token(grant_type=None)


async def missing_password(s):
    return await s.password(password=None)


async def get_instead_of_post(s):
    return await s.browser.open("/organizations/oauth2/v2.0/token")


async def resource_at_v2(s):
    return await s.alone(resource=GRAPH)


async def unknown_grant(s):
    return await s.browser.token(grant_type="urn:ietf:params:oauth:grant-type:saml2-bearer")


async def loop(s):
    s.rules.loop_limit = 3
    token = (await s.browser.signed_in())["refresh_token"]
    for _ in range(3):
        await s.browser.refresh(token)
    return await s.browser.refresh(token)


async def switched_off_in_the_tenant(s):
    return await s.refreshed(lambda: s.web.disabled_in.add(TENANT_ID))


async def daemon_switched_off_in_the_tenant(s):
    s.world.directory.apps[DAEMON_APP_ID].disabled_in.add(TENANT_ID)
    return await s.alone()


async def sign_in_to_an_app_that_is_switched_off(s):
    s.web.disabled_in.add(TENANT_ID)
    return await s.asked()


async def token_service_down(s):
    return await s.refreshed(lambda: setattr(s.rules, "outage", "service"))


async def sign_in_while_the_token_service_is_down(s):
    s.rules.outage = "service"
    return await s.browser.authorize()


async def directory_down(s):
    s.rules.outage = "directory"
    return await s.alone()


async def over_the_budget(s):
    s.rules.request_budget = 2
    for _ in range(2):
        assert (await s.alone()).status_code == 200
    over = await s.alone()
    s.world.clock.advance(timedelta(minutes=1))
    assert (await s.alone()).status_code == 200
    return over


# -- what is asked for


async def foreign_redirect(s):
    return await s.browser.authorize(redirect_uri="https://evil.example/")


async def no_redirect_registered(s):
    return await s.browser.authorize(TENANT_ID, client_id=DAEMON_APP_ID)


async def implicit_token(s):
    return await s.browser.authorize(response_type="token")


async def id_token_not_enabled(s):
    return await s.browser.authorize(response_type="code id_token", nonce="n")


async def unknown_response_mode(s):
    return await s.browser.authorize(response_mode="smoke")


async def unknown_prompt(s):
    return await s.browser.authorize(prompt="create")


async def short_challenge(s):
    return await s.browser.authorize(code_challenge="short")


async def unknown_permission(s):
    return await s.browser.authorize(scope="Sites.Write.Everything")


async def no_sharepoint_subscription(s):
    s.rules.has_sharepoint = False
    return await s.asked(scope=f"{SHAREPOINT}/AllSites.Read")


async def api_outside_the_registration(s):
    s.web.delegated_permissions.pop("sharepoint")
    return await s.asked(scope=f"{SHAREPOINT}/.default")


async def api_of_another_tenant(s):
    return await s.alone(scope="https://fabrikam.sharepoint.com/.default")


async def api_without_subscription(s):
    s.rules.has_sharepoint = False
    return await s.alone(scope=f"{SHAREPOINT}/.default")


async def default_and_a_name(s):
    return await s.refreshed(scope=f"{GRAPH}/.default Sites.Read.All")


async def role_as_scope(s):
    return await s.alone(scope="Sites.Read.All")


async def two_apis_for_an_app(s):
    return await s.alone(scope=f"{GRAPH}/.default {SHAREPOINT}/.default")


async def two_apis_for_a_code(s):
    return await s.redeemed(scope=f"Sites.Read.All {SHAREPOINT}/AllSites.Read")


async def unknown_permission_for_a_code(s):
    return await s.redeemed(scope="Sites.Write.Everything")


async def code_of_v1_at_v2(s):
    await s.browser.authorize(v1=True, scope=None, resource=GRAPH)
    await s.browser.pick("megan")
    back = await s.browser.submit(decision="accept")
    return await s.browser.redeem(back.headers["location"].split("code=")[1].split("&")[0])


CASES = [
    (unknown_tenant, 90002, "token", "invalid_request"),
    (unknown_app, 700016, "token", "unauthorized_client"),
    (disabled_app, 7000112, "token", "unauthorized_client"),
    (switched_off_in_the_tenant, 70001, "token", "unauthorized_client"),
    (daemon_switched_off_in_the_tenant, 70001, "token", "unauthorized_client"),
    (sign_in_to_an_app_that_is_switched_off, 70001, "page", None),
    (token_service_down, 50033, "token", "temporarily_unavailable"),
    (sign_in_while_the_token_service_is_down, 50033, "app", "temporarily_unavailable"),
    (directory_down, 90033, "token", "temporarily_unavailable"),
    (over_the_budget, 90024, "token", "temporarily_unavailable"),
    (single_tenant_app_on_common, 50194, "token", "invalid_request"),
    (no_tenant_named, 9001023, "token", "invalid_request"),
    (password_on_common, 9001023, "token", "invalid_request"),
    (no_proof, 7000218, "token", "invalid_client"),
    (wrong_secret, 7000215, "token", "invalid_client"),
    (expired_secret, 7000222, "token", "invalid_client"),
    (public_app_with_a_secret, 700025, "token", "invalid_client"),
    (assertion_of_another_app, 700021, "token", "invalid_client"),
    (assertion_for_another_audience, 700023, "token", "invalid_client"),
    (assertion_of_yesterday, 700024, "token", "invalid_client"),
    (assertion_by_another_key, 700027, "token", "invalid_client"),
    (expired_certificate, 700027, "token", "invalid_client"),
    (assertion_that_is_none, 50027, "token", "invalid_request"),
    (missing_field, 900144, "token", "invalid_request"),
    (missing_password, 90014, "token", "invalid_request"),
    (get_instead_of_post, 900561, "token", "invalid_request"),
    (resource_at_v2, 901002, "token", "invalid_request"),
    (unknown_grant, 70003, "token", "unsupported_grant_type"),
    (loop, 50196, "token", "invalid_grant"),
    (foreign_redirect, 50011, "page", None),
    (no_redirect_registered, 500113, "page", None),
    (implicit_token, 70005, "app", "unsupported_response_type"),
    (id_token_not_enabled, 700054, "app", "unsupported_response_type", None, {"fragment": True}),
    (unknown_response_mode, 70007, "app", "invalid_request"),
    (unknown_prompt, 90023, "app", "invalid_request"),
    (short_challenge, 501491, "app", "invalid_request"),
    (unknown_permission, 650053, "app", "invalid_client"),
    (no_sharepoint_subscription, 650052, "app", "invalid_client"),
    (api_outside_the_registration, 650057, "app", "invalid_resource"),
    (api_of_another_tenant, 500011, "token", "invalid_resource"),
    (api_without_subscription, 500011, "token", "invalid_resource"),
    (default_and_a_name, 70011, "token", "invalid_scope"),
    (role_as_scope, 1002012, "token", "invalid_scope"),
    (two_apis_for_an_app, 700022, "token", "invalid_scope"),
    (two_apis_for_a_code, 28000, "token", "invalid_scope"),
    (unknown_permission_for_a_code, 28002, "token", "invalid_scope"),
    (code_of_v1_at_v2, 28003, "token", "invalid_scope"),
]


async def test_number(state, fabrikam, earns, scenario, case):
    earns(await scenario(state), *case)
