"""AADSTS numbers by state: codes, refresh tokens, pages and devices. The table is at the end; conftest.py explains it."""

from datetime import timedelta

import pytest

from m365sim.entra.contoso import TENANT_ID

SPA = "http://localhost:5173/"


# -- codes and tokens


async def unknown_refresh_token(s):
    return await s.browser.refresh("nonsense")


async def code_used_twice(s):
    code = await s.browser.code()
    await s.browser.redeem(code)
    return await s.browser.redeem(code)


async def old_code(s):
    return await s.redeemed(lambda: s.world.clock.advance(timedelta(minutes=10)))


async def code_at_another_path(s):
    return await s.browser.redeem(await s.browser.code(), path=TENANT_ID)


async def another_redirect(s):
    return await s.redeemed(redirect_uri="http://localhost:3003/oauth/callback")


async def wrong_verifier(s):
    code = await s.browser.code(code_challenge="c" * 43)
    return await s.browser.redeem(code, code_verifier="d" * 43)


async def ninety_days(s):
    return await s.refreshed(lambda: s.world.clock.advance(timedelta(days=90)))


async def _from_a_page(s):
    s.single_page()
    code = await s.browser.code(redirect_uri=SPA)
    return await s.browser.redeem(
        code, redirect_uri=SPA, client_secret=None, origin="http://localhost:5173"
    )


async def a_day_of_a_page(s):
    body = (await _from_a_page(s)).json()
    s.world.clock.advance(timedelta(hours=24))
    return await s.browser.refresh(
        body["refresh_token"], client_secret=None, origin="http://localhost:5173"
    )


async def page_with_a_servers_code(s):
    return await s.redeemed(client_secret=None, origin="http://localhost:5173")


async def server_with_a_pages_code(s):
    s.single_page()
    return await s.browser.redeem(await s.browser.code(redirect_uri=SPA), redirect_uri=SPA)


# -- devices


async def pending(s):
    return await s.browser.poll((await s.polled())["device_code"])


async def polling_too_often(s):
    codes = await s.polled()
    await s.browser.poll(codes["device_code"])
    return await s.browser.poll(codes["device_code"])


async def unknown_device_code(s):
    return await s.browser.poll("nonsense")


async def old_device_code(s):
    codes = await s.polled()
    s.world.clock.advance(timedelta(minutes=15))
    return await s.browser.poll(codes["device_code"])


async def old_user_code(s):
    codes = await s.polled()
    s.world.clock.advance(timedelta(minutes=15))
    return await s.browser.type_in(codes["user_code"])


async def no_user_code(s):
    return await s.browser.type_in("")


async def user_code_used_twice(s):
    return await s.browser.type_in((await s.polled(approve=True))["user_code"])


CASES = [
    (unknown_refresh_token, 70000, "token", "invalid_grant"),
    (code_used_twice, 54005, "token", "invalid_grant"),
    (old_code, 70008, "token", "invalid_grant"),
    (code_at_another_path, 700005, "token", "invalid_grant"),
    (another_redirect, 500112, "token", "invalid_client"),
    (wrong_verifier, 501481, "token", "invalid_grant"),
    (ninety_days, 700082, "token", "invalid_grant"),
    (a_day_of_a_page, 700084, "token", "invalid_grant"),
    (page_with_a_servers_code, 9002326, "token", "invalid_request"),
    (server_with_a_pages_code, 9002327, "token", "invalid_request"),
    (pending, 70016, "token", "authorization_pending"),
    (polling_too_often, 70016, "token", "slow_down"),
    (unknown_device_code, 70018, "token", "bad_verification_code"),
    (old_device_code, 70020, "token", "expired_token"),
    (old_user_code, 70019, "page", None),
    (no_user_code, 90119, "page", None),
    (user_code_used_twice, 90120, "page", None),
]


async def test_number(state, fabrikam, earns, scenario, case):
    earns(await scenario(state), *case)


async def test_a_page_of_its_own_gets_tokens_for_a_day(state, claims):
    response = await _from_a_page(state)
    assert response.headers["access-control-allow-origin"] == "*"
    body = response.json()
    assert claims(body["access_token"])["appidacr"] == "0"
    state.world.clock.advance(timedelta(hours=12))
    again = await state.browser.refresh(
        body["refresh_token"], client_secret=None, origin="http://localhost:5173"
    )
    state.world.clock.advance(timedelta(hours=12))  # the clock of the first goes on
    ended = await state.browser.refresh(
        again.json()["refresh_token"], client_secret=None, origin="http://localhost:5173"
    )
    assert ended.json()["error_codes"] == [700084]


async def test_a_page_may_ask_first_whether_it_may_ask(browser):
    response = await browser.http.options("/organizations/oauth2/v2.0/token")
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("form", [{"client_secret": "x"}, {"grant_type": "client_credentials"}])
async def test_a_page_never_proves_itself(browser, refusal, form):
    fields = {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": None, **form}
    response = await browser.token(TENANT_ID, origin="http://localhost", **fields)
    assert refusal(response) == (9002326, "invalid_request")
