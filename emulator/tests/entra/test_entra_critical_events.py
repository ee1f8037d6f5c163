"""Continuous access evaluation: long tokens for clients that can be challenged, and the challenge."""

import base64
import json
import re
from datetime import timedelta

import httpx
import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, PUBLIC_APP_ID, TENANT_ID
from m365sim.entra.tokens import InvalidToken, verify_access_token
from m365sim.graph import graph_app
from m365sim.sharepoint import sharepoint_app

CP1 = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
SHAREPOINT = "https://contoso.sharepoint.com"


def challenged(world, token, audience="graph"):
    """Return the claims of the challenge that a token earns, as text."""
    with pytest.raises(InvalidToken, match="TokenIssuedBeforeRevocationTimestamp") as refused:
        verify_access_token(world, f"Bearer {token}", audience)
    header = refused.value.www_authenticate
    assert header.startswith(
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/'
    )
    assert 'error="insufficient_claims"' in header
    return base64.b64decode(re.search(r'claims="([^"]+)"', header)[1]).decode()


def accepted(world, token, audience="graph"):
    return verify_access_token(world, f"Bearer {token}", audience) is not None


EVENTS = {
    "revoked": lambda d, user, at: d.revoke_sessions(user, at),
    "disabled": lambda d, user, at: d.disable_user(user, at),
    "password": lambda d, user, at: d.change_password(user, "New-pass-2", at),
    "reset": lambda d, user, at: d.change_password(user, "New-pass-2", at, by_admin=True),
    "mfa": lambda d, user, at: d.require_mfa(user, at),
    "deleted": lambda d, user, at: d.remove_user(user, at),
}


async def test_a_client_that_takes_challenges_has_long_tokens(browser, claims):
    body = await browser.signed_in(claims=CP1)
    assert 20 * 3600 <= body["expires_in"] <= 28 * 3600
    assert claims(body["access_token"])["xms_cc"] == ["CP1"]
    body = (await browser.refresh(body["refresh_token"])).json()
    assert body["expires_in"] <= 5399  # each request says it again, or does without
    assert "xms_cc" not in claims(body["access_token"])


@pytest.mark.parametrize("event", EVENTS)
async def test_an_event_ends_a_long_token_at_once(browser, world, megan, event):
    token = (await browser.signed_in(claims=CP1))["access_token"]
    assert accepted(world, token)
    EVENTS[event](world.directory, megan, world.clock.now())
    wanted = json.loads(challenged(world, token))
    value = wanted["access_token"]["nbf"]["value"]
    assert wanted["access_token"]["nbf"]["essential"] is True
    assert 0 <= int(value) - world.clock.now().timestamp() <= 1


@pytest.mark.parametrize("event", [e for e in EVENTS if e != "deleted"])
async def test_a_client_that_does_not_keeps_its_token_to_the_end(browser, world, megan, event):
    token = (await browser.signed_in())["access_token"]
    EVENTS[event](world.directory, megan, world.clock.now())
    assert accepted(world, token)


async def test_the_token_of_a_deleted_person_opens_nothing(browser, world, megan):
    token = (await browser.signed_in())["access_token"]
    assert accepted(world, token)
    world.directory.remove_user(megan, world.clock.now())
    for _ in ("known", "forgotten"):
        with pytest.raises(InvalidToken, match="does not exist"):
            verify_access_token(world, f"Bearer {token}", "graph")
        world.verified.clear()


async def test_a_changed_password_is_answered_by_a_refresh(browser, world, megan):
    body = await browser.signed_in(claims=CP1)
    world.directory.change_password(megan, "New-pass-2", world.clock.now())
    replayed = json.loads(challenged(world, body["access_token"]))
    replayed["access_token"]["xms_cc"] = {"values": ["cp1"]}
    response = await browser.refresh(body["refresh_token"], claims=json.dumps(replayed))
    assert accepted(world, response.json()["access_token"])


async def test_two_events_in_one_second(browser, world, megan):
    body = await browser.signed_in(claims=CP1)
    for password in ("New-pass-2", "New-pass-3"):
        world.directory.change_password(megan, password, world.clock.now())
        assert challenged(world, body["access_token"])
        body = (await browser.refresh(body["refresh_token"], claims=CP1)).json()
        assert accepted(world, body["access_token"])


async def test_a_revocation_takes_a_new_sign_in(browser, world, megan, refusal):
    body = await browser.signed_in(claims=CP1)
    world.directory.revoke_sessions(megan, world.clock.now())
    replayed = challenged(world, body["access_token"])
    response = await browser.refresh(body["refresh_token"], claims=replayed)
    assert refusal(response) == (50173, "invalid_grant")
    world.clock.advance(timedelta(seconds=1))
    page = await browser.authorize(claims=replayed)
    assert "Pick an account" in page.text
    code = (await browser.pick("megan")).headers["location"].split("code=")[1].split("&")[0]
    body = (await browser.redeem(code, claims=CP1)).json()
    assert accepted(world, body["access_token"])


async def test_a_disabled_person_gets_no_other_token(browser, world, megan, refusal):
    body = await browser.signed_in(claims=CP1)
    world.directory.disable_user(megan, world.clock.now())
    replayed = challenged(world, body["access_token"])
    response = await browser.refresh(body["refresh_token"], claims=replayed)
    assert refusal(response) == (50057, "invalid_grant")


async def test_sharepoint_challenges_too(browser, world, megan):
    scope = f"{SHAREPOINT}/AllSites.Read offline_access"
    token = (await browser.signed_in(scope=scope, claims=CP1))["access_token"]
    assert accepted(world, token, "sharepoint")
    world.directory.revoke_sessions(megan, world.clock.now())
    assert challenged(world, token, "sharepoint")


async def test_an_app_by_itself_is_challenged_when_it_is_disabled(browser, world):
    response = await browser.token(
        TENANT_ID,
        grant_type="client_credentials",
        scope=".default",
        client_id=DAEMON_APP_ID,
        client_secret="daemon-secret~for-tests-only",
        claims=CP1,
    )
    token = response.json()["access_token"]
    assert response.json()["expires_in"] >= 20 * 3600
    assert accepted(world, token)
    world.directory.apps[DAEMON_APP_ID].enabled = False
    assert challenged(world, token)


async def test_the_app_of_a_person_may_be_public(browser, world, megan, refusal):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    await browser.pick("megan")
    await browser.submit(decision="accept")
    public = (await browser.poll(codes["device_code"])).json()["refresh_token"]
    confidential = (await browser.signed_in())["refresh_token"]
    world.directory.change_password(megan, "New-pass-2", world.clock.now())
    response = await browser.refresh(public, client_id=PUBLIC_APP_ID, client_secret=None)
    assert refusal(response) == (50173, "invalid_grant")
    assert (await browser.refresh(confidential)).status_code == 200
    world.directory.change_password(megan, "New-pass-3", world.clock.now(), by_admin=True)
    assert refusal(await browser.refresh(confidential)) == (50173, "invalid_grant")


@pytest.mark.parametrize("wrong", ["{", "[]", '"x"', '{"access_token": 5}'])
async def test_claims_that_are_none(browser, answer, refusal, wrong):
    back = answer(await browser.authorize(claims=wrong))
    assert back["error_description"].startswith("AADSTS90023:")
    body = await browser.signed_in()
    response = await browser.refresh(body["refresh_token"], claims=wrong)
    assert refusal(response) == (90023, "invalid_request")


@pytest.mark.parametrize(
    "odd",
    [
        "{}",
        '{"id_token": {"x": null}}',
        '{"access_token": {"nbf": 5, "acrs": null, "xms_cc": {"values": 7}}}',
        '{"access_token": {"nbf": {"value": "soon"}, "xms_cc": {"values": [null, "foo"]}}}',
    ],
)
async def test_claims_that_mean_nothing_to_us_are_ignored(browser, odd):
    body = await browser.signed_in(claims=odd)
    assert body["expires_in"] <= 5399


@pytest.mark.parametrize(
    ("surface", "path", "scope"),
    [
        (graph_app, "/v1.0/me", "User.Read"),
        (sharepoint_app, "/_api/web", f"{SHAREPOINT}/AllSites.Read"),
        (sharepoint_app, "/_api/v2.0/sites/root", f"{SHAREPOINT}/AllSites.Read"),
    ],
)
async def test_the_challenge_on_the_wire(browser, world, megan, surface, path, scope):
    # https://learn.microsoft.com/entra/identity-platform/claims-challenge#claims-challenge-header-format
    token = (await browser.signed_in(scope=scope, claims=CP1))["access_token"]
    world.directory.revoke_sessions(megan, world.clock.now())
    transport = httpx.ASGITransport(surface(world))
    async with httpx.AsyncClient(transport=transport, base_url=SHAREPOINT) as api:
        response = await api.get(path, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    scheme, _, rest = response.headers["www-authenticate"].partition(" ")
    told = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert (scheme, told["realm"], told["error"]) == ("Bearer", "", "insufficient_claims")
    assert told["authorization_uri"].endswith("/common/oauth2/authorize")
    assert "nbf" in json.loads(base64.b64decode(told["claims"]))["access_token"]
