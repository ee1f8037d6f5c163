"""AADSTS numbers by state: the person, the rules of the tenant, and consent. The table is at the end; conftest.py explains it."""

from datetime import timedelta

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID

# -- the person


async def unknown_person(s):
    return await s.password(username="nobody@contoso.onmicrosoft.com")


async def deleted_person(s):
    return await s.refreshed(lambda: s.world.directory.remove_user(s.megan, s.now()))


async def wrong_password(s):
    return await s.password(password="guess")


async def too_many_wrong_passwords(s):
    for _ in range(10):
        await s.password(password="guess")
    return await s.password()


async def expired_password(s):
    s.megan.password_expired = True
    return await s.password()


async def disabled_person(s):
    return await s.refreshed(lambda: s.world.directory.disable_user(s.megan, s.now()))


async def not_assigned(s):
    return await s.refreshed(lambda: s.web.assigned.update({TENANT_ID: set()}))


async def not_assigned_at_sign_in(s):
    s.web.assigned[TENANT_ID] = set()
    return await s.asked()


async def person_of_another_tenant(s):
    await s.browser.authorize(TENANT_ID)
    return await s.browser.submit(username="fred@fabrikam.onmicrosoft.com", password="Fred-pass-1")


async def nobody_signed_in(s):
    return await s.browser.authorize(prompt="none")


async def two_signed_in(s):
    await s.browser.code()
    await s.browser.authorize(prompt="login")
    await s.browser.pick("alex")
    return await s.browser.authorize(prompt="none")


async def revoked_sessions(s):
    return await s.refreshed(lambda: s.world.directory.revoke_sessions(s.megan, s.now()))


# -- Conditional Access


async def second_factor(s):
    return await s.refreshed(lambda: s.policy("mfa"))


async def second_factor_with_a_password(s):
    await s.browser.code(scope="User.Read")
    s.policy("mfa")
    return await s.password()


async def second_factor_at_v1(s):
    token = (await s.browser.signed_in())["refresh_token"]
    s.policy("mfa")
    return await s.browser.token(v1=True, grant_type="refresh_token", refresh_token=token)


async def old_second_factor(s):
    s.policy("mfa", mfa_lifetime=timedelta(hours=1))
    await s.asked()
    await s.browser.submit(decision="approve")
    back = await s.browser.submit(decision="accept")
    code = back.headers["location"].split("code=")[1].split("&")[0]
    token = (await s.browser.redeem(code)).json()["refresh_token"]
    s.world.clock.advance(timedelta(hours=1))
    return await s.browser.refresh(token)


async def no_second_factor_yet(s):
    s.megan.mfa_registered = False
    return await s.refreshed(lambda: s.policy("mfa"))


async def denied_second_factor(s):
    s.policy("mfa")
    await s.asked()
    return await s.browser.submit(decision="deny")


async def somebody_elses_check(s):
    return await s.redeemed(lambda: s.policy("external"))


async def unmanaged_device(s):
    return await s.refreshed(lambda: s.policy("compliant_device"))


async def device_outside_the_domain(s):
    return await s.refreshed(lambda: s.policy("domain_joined_device"))


async def app_that_is_not_approved(s):
    return await s.refreshed(lambda: s.policy("approved_app"))


async def blocked(s):
    return await s.redeemed(lambda: s.policy("block"))


async def blocked_silently(s):
    await s.browser.code()
    s.policy("block")
    return await s.browser.authorize(prompt="none")


async def sign_in_frequency(s):
    s.policy(sign_in_frequency=timedelta(hours=1))
    return await s.refreshed(lambda: s.world.clock.advance(timedelta(hours=1)))


# -- consent


async def consent_taken_back(s):
    return await s.refreshed(lambda: s.world.directory.withdraw_consent(TENANT_ID, WEB_APP_ID))


async def consent_missing_silently(s):
    await s.browser.code()
    return await s.browser.authorize(prompt="none", scope="Files.Read")


async def declined(s):
    await s.asked()
    return await s.browser.submit(decision="cancel")


async def needs_an_administrator(s):
    await s.asked("adele")
    return await s.browser.submit(decision="cancel")


async def needs_a_request(s):
    s.rules.takes_consent_requests = True
    await s.asked("adele")
    return await s.browser.submit(decision="cancel")


CASES = [
    (unknown_person, 50034, "token", "invalid_grant"),
    (deleted_person, 50034, "token", "invalid_grant", "bad_token"),
    (wrong_password, 50126, "token", "invalid_grant"),
    (too_many_wrong_passwords, 50053, "token", "invalid_grant"),
    (expired_password, 50055, "token", "invalid_grant", "user_password_expired"),
    (disabled_person, 50057, "token", "invalid_grant"),
    (not_assigned, 50105, "token", "invalid_grant"),
    (not_assigned_at_sign_in, 50105, "page", None),
    (person_of_another_tenant, 50020, "page", None),
    (nobody_signed_in, 50058, "app", "login_required"),
    (two_signed_in, 16000, "app", "interaction_required"),
    (revoked_sessions, 50173, "token", "invalid_grant", "bad_token"),
    (second_factor, 50076, "token", "invalid_grant", "basic_action", {"claims": True}),
    (
        second_factor_with_a_password,
        50076,
        "token",
        "invalid_grant",
        "basic_action",
        {"claims": True},
    ),
    (second_factor_at_v1, 50076, "token", "interaction_required", "basic_action", {"claims": True}),
    (old_second_factor, 50078, "token", "invalid_grant", "basic_action", {"claims": True}),
    (no_second_factor_yet, 50079, "token", "invalid_grant", "basic_action", {"claims": True}),
    (denied_second_factor, 50074, "page", None),
    (somebody_elses_check, 50158, "token", "invalid_grant", "basic_action", {"claims": True}),
    (unmanaged_device, 53000, "token", "invalid_grant", "additional_action", {"claims": True}),
    (
        device_outside_the_domain,
        53001,
        "token",
        "invalid_grant",
        "additional_action",
        {"claims": True},
    ),
    (
        app_that_is_not_approved,
        53002,
        "token",
        "invalid_grant",
        "additional_action",
        {"claims": True},
    ),
    (blocked, 53003, "token", "invalid_grant", "message_only", {"claims": True}),
    (blocked_silently, 53003, "app", "interaction_required", None, {"claims": True}),
    (sign_in_frequency, 70043, "token", "invalid_grant", "token_expired"),
    (consent_taken_back, 65001, "token", "invalid_grant", "consent_required"),
    (consent_missing_silently, 65001, "app", "interaction_required"),
    (declined, 65004, "app", "access_denied"),
    (needs_an_administrator, 90094, "app", "access_denied"),
    (needs_a_request, 90095, "app", "access_denied"),
]


async def test_number(state, fabrikam, earns, scenario, case):
    earns(await scenario(state), *case)


async def test_a_locked_account_opens_after_a_minute(state):
    await state.browser.code(scope="User.Read")
    await too_many_wrong_passwords(state)
    state.world.clock.advance(timedelta(minutes=1))
    assert (await state.password()).status_code == 200
