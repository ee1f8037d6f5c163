"""Who signs in at the authorize endpoint, what they agree to, and what the app is told."""

from datetime import timedelta

import pytest

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID

GRAPH = "https://graph.microsoft.com"


async def test_a_first_visit_asks_who_then_what_then_answers(browser, answer):
    page = await browser.authorize()
    assert "Pick an account" in page.text
    assert "Megan Bowen" in page.text
    page = await browser.pick("megan")
    assert "Permissions requested" in page.text
    assert "Read items in all site collections" in page.text
    assert "Keep access to what you have given it access to" in page.text
    response = await browser.submit(decision="accept")
    back = answer(response)
    assert back["state"] == "xyz"
    assert back["code"]
    assert back["session_state"]


async def test_a_second_visit_needs_no_person(browser, answer):
    await browser.code()
    assert answer(await browser.authorize())["code"]


async def test_only_missing_permissions_are_asked_for(browser):
    await browser.code()
    page = await browser.authorize(scope="Sites.Read.All Files.Read openid")
    assert "Read your files" in page.text
    assert "Read items in all site collections" not in page.text


async def test_a_name_and_password_sign_in_too(browser):
    await browser.authorize()
    page = await browser.submit(username="MEGAN@contoso.onmicrosoft.com", password="Megan-pass-1")
    assert "Permissions requested" in page.text


@pytest.mark.parametrize(
    ("username", "password", "number"),
    [
        ("megan@contoso.onmicrosoft.com", "wrong", 50126),
        ("nobody@contoso.onmicrosoft.com", "x", 50034),
        ("diego@contoso.onmicrosoft.com", "Diego-pass-1", 50057),
    ],
)
async def test_a_failed_sign_in_says_why_and_asks_again(browser, username, password, number):
    await browser.authorize()
    page = await browser.submit(username=username, password=password)
    assert page.status_code == 400
    assert f"AADSTS{number}" in page.text
    assert f'value="{username}"' in page.text
    assert "Permissions requested" in (await browser.pick("megan")).text


async def test_a_disabled_person_cannot_be_picked(browser):
    await browser.authorize()
    assert "AADSTS50057" in (await browser.pick("diego")).text


async def test_cancelling_consent_tells_the_app(browser, answer):
    await browser.authorize()
    await browser.pick("megan")
    back = answer(await browser.submit(decision="cancel"))
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS65004:")
    assert back["state"] == "xyz"
    assert "code" not in back


async def test_cancelling_sign_in_tells_the_app(browser, answer):
    await browser.authorize()
    back = answer(await browser.submit(action="cancel"))
    assert back["error"] == "access_denied"


async def test_who_may_not_consent_is_sent_to_an_admin(browser, answer):
    await browser.authorize()
    page = await browser.pick("adele")
    assert "Need admin approval" in page.text
    back = answer(await browser.submit(decision="cancel"))
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS90094:")


async def test_forging_acceptance_does_not_help_who_may_not_consent(browser, answer):
    await browser.authorize()
    await browser.pick("adele")
    back = answer(await browser.submit(decision="accept"))
    assert back["error_description"].startswith("AADSTS90094:")


async def test_a_permission_for_admins_only_needs_one(browser):
    await browser.authorize(scope="Sites.FullControl.All")
    assert "Need admin approval" in (await browser.pick("megan")).text


async def test_an_admin_can_step_in_and_agree_for_everyone(browser, answer):
    await browser.authorize()
    await browser.pick("adele")
    await browser.submit(action="switch")
    page = await browser.pick("alex")
    assert "Consent on behalf of your organisation" in page.text
    browser.last = page
    assert answer(await browser.submit(decision="accept", everyone="yes"))["code"]
    # and now Adele is not asked any more
    await browser.authorize(prompt="login")
    assert answer(await browser.pick("adele"))["code"]


async def test_consent_for_everyone_is_not_in_the_hands_of_others(browser):
    await browser.authorize()
    page = await browser.pick("megan")
    assert "on behalf of your organisation" not in page.text
    await browser.submit(decision="accept", everyone="yes")
    await browser.authorize(prompt="login")
    assert "Need admin approval" in (await browser.pick("adele")).text


async def test_a_person_of_another_tenant_is_stopped_on_the_page(browser, fabrikam, on_page):
    await browser.authorize(TENANT_ID)
    response = await browser.submit(
        username="fred@fabrikam.onmicrosoft.com", password="Fred-pass-1"
    )
    on_page(response, 50020)


async def test_organizations_takes_people_of_every_tenant(browser, fabrikam, answer):
    await browser.authorize()
    await browser.submit(username="fred@fabrikam.onmicrosoft.com", password="Fred-pass-1")
    assert answer(await browser.submit(decision="accept"))["code"]


async def test_a_finished_sign_in_cannot_be_repeated(browser):
    await browser.authorize()
    page = await browser.pick("megan")
    await browser.submit(decision="accept")
    browser.last = page
    assert "This sign-in has ended" in (await browser.submit(decision="accept")).text


async def test_consent_before_sign_in_is_refused(browser, world):
    await browser.authorize()
    (flow_id,) = world.grants.flows
    response = await browser.http.post(
        "/organizations/consent", data={"flow": flow_id, "decision": "accept"}
    )
    assert "This sign-in has ended" in response.text


async def test_an_abandoned_sign_in_is_forgotten(browser, world):
    await browser.authorize()
    world.clock.advance(timedelta(hours=2))
    await browser.authorize()
    assert len(world.grants.flows) == 1


async def test_logout_ends_the_session(browser):
    await browser.code()
    page = await browser.open("/common/oauth2/v2.0/logout")
    assert "You are signed out" in page.text
    assert "Pick an account" in (await browser.authorize()).text


async def test_logout_goes_back_only_to_registered_addresses(browser):
    back = "http://127.0.0.1:3003/oauth/callback"
    response = await browser.open(f"/common/oauth2/v2.0/logout?post_logout_redirect_uri={back}")
    assert response.headers["location"] == back
    response = await browser.open(
        "/common/oauth2/v2.0/logout?post_logout_redirect_uri=https://evil.example/"
    )
    assert response.status_code == 200


async def test_revoking_sessions_signs_the_browser_out(browser, world):
    await browser.code()
    megan = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    world.directory.revoke_sessions(megan, world.clock.now())
    assert "Pick an account" in (await browser.authorize()).text


async def test_auto_sign_in_answers_at_once(browser, world, answer):
    world.auto_sign_in = "megan@contoso.onmicrosoft.com"
    assert answer(await browser.authorize(prompt="consent"))["code"]


@pytest.mark.parametrize(
    ("name", "number"), [("adele", 90094), ("diego", 50057), ("nobody", 50034)]
)
async def test_auto_sign_in_is_bound_by_the_same_rules(browser, world, answer, name, number):
    world.auto_sign_in = f"{name}@contoso.onmicrosoft.com"
    back = answer(await browser.authorize())
    assert back["error_description"].startswith(f"AADSTS{number}:")


async def test_auto_sign_in_of_another_tenant(browser, world, fabrikam, answer):
    world.auto_sign_in = "fred@fabrikam.onmicrosoft.com"
    back = answer(await browser.authorize(TENANT_ID))
    assert back["error_description"].startswith("AADSTS50020:")


async def test_pages_are_neither_stored_nor_framed(browser):
    page = await browser.authorize()
    assert page.headers["cache-control"].startswith("no-store")
    assert page.headers["x-frame-options"] == "DENY"
    assert "script-src" not in page.headers["content-security-policy"]
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_names_of_apps_are_escaped(browser, world):
    world.directory.apps[WEB_APP_ID].display_name = "<b>evil</b>"
    assert "&lt;b&gt;evil" in (await browser.authorize()).text
