"""Conditional Access and second factors: at sign-in, at the code, at refresh."""

import json
from datetime import timedelta

import pytest

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID
from m365sim.sign_in_rules import Proof

SHAREPOINT = "https://contoso.sharepoint.com"
POLICY_ID = "4d1c2b5e-0000-4000-8000-00000000ca01"
CHALLENGE = {"access_token": {"capolids": {"essential": True, "values": [POLICY_ID]}}}


# -- at sign-in


async def test_a_second_factor_is_one_click_and_stands_in_the_token(
    browser, policy, answer, claims
):
    policy("mfa")
    await browser.authorize()
    page = await browser.pick("megan")
    assert "Approve sign in request" in page.text
    assert "Permissions requested" in (await browser.submit(decision="approve")).text
    code = answer(await browser.submit(decision="accept"))["code"]
    body = (await browser.redeem(code)).json()
    assert claims(body["access_token"])["amr"] == ["pwd", "mfa"]
    assert (await browser.refresh(body["refresh_token"])).status_code == 200
    assert answer(await browser.authorize())["code"]  # the session knows the factor


async def test_a_denied_second_factor_can_be_tried_again(browser, policy, answer):
    policy("mfa")
    await browser.authorize()
    await browser.pick("megan")
    page = await browser.submit(decision="deny")
    assert page.status_code == 400
    assert "AADSTS50074" in page.text
    assert "Permissions requested" in (await browser.submit(decision="approve")).text


async def test_whoever_has_no_second_factor_sets_one_up(browser, policy, megan):
    policy("mfa")
    megan.mfa_registered = False
    await browser.authorize()
    assert "More information required" in (await browser.pick("megan")).text
    assert "Permissions requested" in (await browser.submit(decision="approve")).text
    assert megan.mfa_registered


async def test_consent_is_no_way_around_a_second_factor(browser, policy, world):
    policy("mfa")
    await browser.authorize()
    await browser.pick("megan")
    (flow_id,) = world.grants.flows
    page = await browser.http.post(
        "/organizations/consent", data={"flow": flow_id, "decision": "accept"}
    )
    assert "Approve sign in request" in page.text
    assert not world.grants.codes


async def test_a_page_that_was_not_shown_cannot_be_answered(browser, world):
    await browser.authorize()
    await browser.pick("megan")
    (flow_id,) = world.grants.flows
    page = await browser.http.post(
        "/organizations/verify", data={"flow": flow_id, "decision": "approve"}
    )
    assert "This sign-in has ended" in page.text


async def test_somebody_elses_check(browser, policy):
    policy("external")
    await browser.authorize()
    page = await browser.pick("megan")
    assert "Another check is needed" in page.text
    assert "AADSTS50074" in (await browser.submit(decision="deny")).text
    assert "Permissions requested" in (await browser.submit(decision="approve")).text


@pytest.mark.parametrize(
    ("control", "number"),
    [
        ("block", 53003),
        ("compliant_device", 53000),
        ("domain_joined_device", 53001),
        ("approved_app", 53002),
    ],
)
async def test_what_no_click_can_turn_ends_on_a_page(browser, policy, answer, control, number):
    policy(control)
    await browser.authorize()
    page = await browser.pick("megan")
    assert page.status_code == 400
    assert "You cannot access this right now" in page.text
    assert f"AADSTS{number}" in page.text
    assert answer(await browser.submit(action="cancel"))["error"] == "access_denied"


@pytest.mark.parametrize(
    ("control", "device"), [("compliant_device", "compliant"), ("domain_joined_device", "joined")]
)
async def test_the_right_device_is_let_in(browser, policy, megan, claims, control, device):
    policy(control)
    megan.device = device
    body = await browser.signed_in()
    assert claims(body["access_token"])["deviceid"]


@pytest.mark.parametrize(
    ("control", "number"),
    [("mfa", 50076), ("block", 53003), ("compliant_device", 53000), ("external", 50158)],
)
async def test_prompt_none_tells_the_app(browser, policy, answer, control, number):
    await browser.code()
    policy(control)
    back = answer(await browser.authorize(prompt="none"))
    assert back["error"] == "interaction_required"
    assert back["error_description"].startswith(f"AADSTS{number}:")
    assert json.loads(back["claims"]) == CHALLENGE


async def test_an_old_session_must_sign_in_again(browser, policy, world, answer):
    await browser.code()
    policy(sign_in_frequency=timedelta(hours=1))
    assert answer(await browser.authorize())["code"]
    world.clock.advance(timedelta(hours=1))
    page = await browser.authorize()
    assert "asks you to sign in again" in page.text
    assert answer(await browser.pick("megan"))["code"]


async def test_an_administrator_needs_the_factor_too(browser, policy):
    policy("mfa")
    await browser.open(
        f"/{TENANT_ID}/adminconsent?client_id={WEB_APP_ID}&redirect_uri=http://127.0.0.1:3003/oauth/callback"
    )
    assert "Approve sign in request" in (await browser.pick("alex")).text
    assert "Permissions requested" in (await browser.submit(decision="approve")).text


async def test_auto_sign_in_approves_and_is_blocked_like_a_person(browser, policy, world, answer):
    world.auto_sign_in = "megan@contoso.onmicrosoft.com"
    policy("mfa")
    assert answer(await browser.authorize())["code"]
    policy("block")
    assert answer(await browser.authorize())["error_description"].startswith("AADSTS53003:")


# -- whom and what a policy is for


async def test_a_policy_for_others_changes_nothing(browser, policy, megan, world):
    alex = world.directory.user_by_upn("alex@contoso.onmicrosoft.com")
    policy("block", users=frozenset({alex.id}))
    assert await browser.signed_in()
    policy("block", excluded_users=frozenset({megan.id}))
    assert await browser.signed_in(scope="Files.Read")


async def test_a_policy_on_one_api_lets_the_other_through(browser, policy, refusal):
    both = f"Sites.Read.All {SHAREPOINT}/AllSites.Read offline_access"
    token = (await browser.signed_in(scope=both))["refresh_token"]
    policy("mfa", targets=frozenset({"sharepoint"}))
    assert (await browser.refresh(token, scope="Sites.Read.All")).status_code == 200
    response = await browser.refresh(token, scope=f"{SHAREPOINT}/AllSites.Read")
    assert refusal(response) == (50076, "invalid_grant")


async def test_a_policy_on_an_app(browser, policy, refusal):
    token = (await browser.signed_in())["refresh_token"]
    policy("block", targets=frozenset({"another-app"}))
    assert (await browser.refresh(token)).status_code == 200
    policy("block", targets=frozenset({WEB_APP_ID}))
    assert refusal(await browser.refresh(token)) == (53003, "invalid_grant")


async def test_a_policy_on_a_context_waits_until_it_is_asked_for(browser, policy, claims, refusal):
    policy("mfa", contexts=frozenset({"c1"}))
    body = await browser.signed_in()
    asked = json.dumps({"access_token": {"acrs": {"essential": True, "value": "c1"}}})
    response = await browser.refresh(body["refresh_token"], claims=asked)
    assert refusal(response) == (50076, "invalid_grant")
    await browser.authorize(claims=asked)
    assert "Approve sign in request" in browser.last.text
    response = await browser.submit(decision="approve")
    code = response.headers["location"].split("code=")[1].split("&")[0]
    body = (await browser.redeem(code)).json()
    assert claims(body["access_token"])["acrs"] == ["c1"]


# -- at the token endpoint

REFUSED = [
    ("mfa", 50076, "basic_action", True),
    ("external", 50158, "basic_action", True),
    ("block", 53003, "message_only", True),
    ("compliant_device", 53000, "additional_action", True),
    ("domain_joined_device", 53001, "additional_action", True),
    ("approved_app", 53002, "additional_action", True),
]


@pytest.mark.parametrize(("control", "number", "suberror", "has_claims"), REFUSED)
async def test_refresh_and_code_are_refused_alike(
    browser, policy, refusal, control, number, suberror, has_claims
):
    token = (await browser.signed_in())["refresh_token"]
    code = await browser.code()
    policy(control)
    for response in (await browser.refresh(token), await browser.redeem(code)):
        assert refusal(response) == (number, "invalid_grant")
        body = response.json()
        assert body["suberror"] == suberror
        assert json.loads(body["claims"]) == CHALLENGE


async def test_the_older_endpoint_says_interaction_required(browser, policy, refusal):
    token = (await browser.signed_in())["refresh_token"]
    policy("mfa")
    response = await browser.token(
        v1=True,
        grant_type="refresh_token",
        refresh_token=token,
        resource="https://graph.microsoft.com",
    )
    assert refusal(response) == (50076, "interaction_required")


async def test_a_person_without_a_factor_is_told_to_enrol(browser, policy, megan, refusal):
    token = (await browser.signed_in())["refresh_token"]
    megan.mfa_registered = False
    megan.mfa_required = True
    response = await browser.refresh(token)
    assert refusal(response) == (50079, "invalid_grant")
    assert "claims" not in response.json()  # no policy asked: a setting of the person did


async def test_an_approval_grows_old(browser, policy, world, answer, refusal):
    policy("mfa", mfa_lifetime=timedelta(hours=8))
    await browser.authorize()
    await browser.pick("megan")
    await browser.submit(decision="approve")
    code = answer(await browser.submit(decision="accept"))["code"]
    token = (await browser.redeem(code)).json()["refresh_token"]
    world.clock.advance(timedelta(hours=8))
    assert refusal(await browser.refresh(token)) == (50078, "invalid_grant")
    assert "Approve sign in request" in (await browser.authorize()).text


async def test_sign_in_frequency_ends_a_refresh_token(browser, policy, world, refusal):
    token = (await browser.signed_in())["refresh_token"]
    policy(sign_in_frequency=timedelta(hours=10))
    assert (await browser.refresh(token)).status_code == 200
    world.clock.advance(timedelta(hours=10))
    response = await browser.refresh(token)
    assert refusal(response) == (70043, "invalid_grant")
    assert response.json()["suberror"] == "token_expired"
    assert "is 36000." in response.json()["error_description"]


async def test_a_removed_policy_lets_the_same_token_through(browser, policy, world, refusal):
    token = (await browser.signed_in())["refresh_token"]
    policy("mfa")
    assert refusal(await browser.refresh(token)) == (50076, "invalid_grant")
    world.directory.rules(TENANT_ID).policies.clear()
    assert (await browser.refresh(token)).status_code == 200


async def test_other_tenants_policies_are_their_own(browser, policy, world, fabrikam):
    policy("block")
    await browser.authorize()
    await browser.submit(username="fred@fabrikam.onmicrosoft.com", password="Fred-pass-1")
    assert "Permissions requested" in browser.last.text


def test_a_proof_without_a_second_factor_says_so(world):
    assert Proof(world.clock.now()).mfa_at is None
