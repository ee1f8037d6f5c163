from datetime import timedelta

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.tenant import AppRegistration

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


async def test_prompt_login_asks_again(browser):
    await browser.code()
    assert "Pick an account" in (await browser.authorize(prompt="login")).text


async def test_prompt_select_account_shows_who_is_signed_in(browser, answer):
    await browser.code()
    page = await browser.authorize(prompt="select_account")
    assert "Pick an account" in page.text
    assert "signed in<" in page.text
    assert answer(await browser.pick("megan"))["code"]


async def test_prompt_consent_asks_again(browser):
    await browser.code()
    page = await browser.authorize(prompt="consent")
    assert "Permissions requested" in page.text
    assert "Read items in all site collections" in page.text


async def test_prompt_consent_shuts_out_who_may_not_consent(browser, world, answer):
    world.directory.grant(TENANT_ID, WEB_APP_ID, "graph", frozenset({"Sites.Read.All"}))
    await browser.authorize()
    assert answer(await browser.pick("adele"))["code"]
    assert "Need admin approval" in (await browser.authorize(prompt="consent")).text


async def test_prompt_blank_is_prompt_omitted(browser, answer):
    await browser.code()
    assert answer(await browser.authorize(prompt=""))["code"]


async def test_prompt_none_succeeds_silently(browser, answer):
    await browser.code()
    assert answer(await browser.authorize(prompt="none"))["code"]


async def test_prompt_none_without_a_session(browser, answer):
    back = answer(await browser.authorize(prompt="none"))
    assert back["error"] == "login_required"
    assert back["error_description"].startswith("AADSTS50058:")


async def test_prompt_none_with_consent_missing(browser, answer):
    await browser.code()
    back = answer(await browser.authorize(prompt="none", scope="Files.Read"))
    assert back["error"] == "interaction_required"
    assert back["error_description"].startswith("AADSTS65001:")


async def test_prompt_none_with_two_people_signed_in(browser, answer):
    await browser.code()
    await browser.authorize(prompt="login")
    await browser.pick("alex")
    back = answer(await browser.authorize(prompt="none"))
    assert back["error"] == "interaction_required"
    assert back["error_description"].startswith("AADSTS16000:")
    hinted = await browser.authorize(prompt="none", login_hint="megan@contoso.onmicrosoft.com")
    assert answer(hinted)["code"]


async def test_with_two_people_signed_in_the_picker_is_shown(browser):
    await browser.code()
    await browser.authorize(prompt="login")
    await browser.pick("alex")
    assert "Pick an account" in (await browser.authorize()).text


async def test_login_hint_fills_in_the_name(browser):
    page = await browser.authorize(login_hint="megan@contoso.onmicrosoft.com")
    assert 'value="megan@contoso.onmicrosoft.com"' in page.text
    assert "<details open>" in page.text


async def test_login_hint_of_somebody_else_does_not_use_the_session(browser):
    await browser.code()
    page = await browser.authorize(login_hint="alex@contoso.onmicrosoft.com")
    assert "Pick an account" in page.text


async def test_an_unknown_prompt_is_refused(browser, answer):
    back = answer(await browser.authorize(prompt="admin_consent"))
    assert back["error"] == "invalid_request"
    assert back["error_description"].startswith("AADSTS90023:")


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


async def test_a_registered_redirect_uri_must_match_exactly(browser, on_page):
    for wrong in (
        "http://127.0.0.1:3004/oauth/callback",
        "http://127.0.0.1:3003/oauth/callback/",
        "https://evil.example/",
    ):
        on_page(await browser.authorize(redirect_uri=wrong), 50011)


async def test_a_public_app_may_listen_on_any_loopback_port(browser, world, on_page):
    world.directory.add_app(
        AppRegistration(
            "cli", TENANT_ID, "cli", ["http://localhost/cb"], is_public=True, multi_tenant=True
        )
    )
    page = await browser.authorize(client_id="cli", redirect_uri="http://localhost:9999/cb")
    assert "Pick an account" in page.text
    on_page(
        await browser.authorize(client_id="cli", redirect_uri="http://localhost:9999/other"), 50011
    )


async def test_without_redirect_uri_the_first_registered_is_used(browser, answer):
    await browser.authorize(redirect_uri=None)
    await browser.pick("megan")
    assert answer(await browser.submit(decision="accept"))["code"]


async def test_an_app_without_reply_addresses_cannot_sign_in(browser, on_page):
    on_page(await browser.authorize(TENANT_ID, client_id=DAEMON_APP_ID), 500113)


@pytest.mark.parametrize(
    ("path", "client_id", "number"),
    [
        ("organizations", "00000000-dead-4bad-beef-000000000000", 700016),
        ("organizations", None, 900144),
        ("nowhere.example", WEB_APP_ID, 90002),
        ("common", DAEMON_APP_ID, 50194),
        ("consumers", WEB_APP_ID, 700016),
    ],
)
async def test_an_app_that_cannot_be_trusted_gets_no_answer(
    browser, on_page, path, client_id, number
):
    on_page(await browser.authorize(path, client_id=client_id), number)


async def test_an_app_of_another_tenant_is_unknown(browser, fabrikam, on_page):
    on_page(await browser.authorize(fabrikam.id, client_id=DAEMON_APP_ID), 700016)


@pytest.mark.parametrize(
    ("params", "error", "number"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"response_type": "code id_token"}, "unsupported_response_type", 700054),
        ({"response_mode": "smoke"}, "invalid_request", 70007),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "Sites.Read.All, Files.Read"}, "invalid_scope", 70011),
        ({"scope": f"{GRAPH}/.default Files.Read"}, "invalid_scope", 70011),
        ({"scope": "Sites.Write.Everything"}, "invalid_client", 650053),
        ({"scope": "https://api.example/.default"}, "invalid_resource", 500011),
        ({"resource": GRAPH}, "invalid_request", 901002),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": "c" * 43, "code_challenge_method": "S512"}, "invalid_request", 90023),
    ],
)
async def test_a_faulty_request_is_answered_to_the_app(browser, answer, params, error, number):
    back = answer(await browser.authorize(**params))
    assert back["error"] == error
    assert back["error_description"].startswith(f"AADSTS{number}: ")
    assert back["error_uri"].endswith(f"code={number}")
    assert back["state"] == "xyz"


async def test_a_sharepoint_host_of_another_tenant_is_no_resource_here(browser, fabrikam, answer):
    await browser.authorize(scope="https://fabrikam.sharepoint.com/AllSites.Read")
    back = answer(await browser.pick("megan"))
    assert back["error"] == "invalid_resource"
    assert back["error_description"].startswith("AADSTS500011:")


async def test_default_of_an_api_outside_the_registration(browser, world, answer):
    world.directory.apps[WEB_APP_ID].delegated_permissions.pop("sharepoint")
    await browser.authorize(scope="https://contoso.sharepoint.com/.default")
    back = answer(await browser.pick("megan"))
    assert back["error_description"].startswith("AADSTS650057:")


async def test_default_asks_for_everything_registered_once(browser, world, answer):
    world.directory.apps[WEB_APP_ID].delegated_permissions["graph"] = frozenset({"Sites.Read.All"})
    await browser.authorize(scope=f"{GRAPH}/.default offline_access openid profile")
    page = await browser.pick("megan")
    assert "Read items in all site collections" in page.text
    assert "Read and write items in all site collections" in page.text  # of SharePoint
    await browser.submit(decision="accept")
    # A permission that is registered later does not reach whoever consented before.
    world.directory.apps[WEB_APP_ID].delegated_permissions["graph"] |= {"Files.Read"}
    assert answer(await browser.authorize(scope=f"{GRAPH}/.default"))["code"]
    page = await browser.authorize(scope=f"{GRAPH}/.default", prompt="consent")
    assert "Read your files" in page.text


async def test_two_apis_can_be_consented_at_once(browser, world):
    await browser.code(
        scope="Sites.Read.All https://contoso.sharepoint.com/AllSites.Read offline_access"
    )
    megan = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    granted = world.directory.granted
    assert "AllSites.Read" in granted(TENANT_ID, WEB_APP_ID, "sharepoint", megan.id)
    assert "Sites.Read.All" in granted(TENANT_ID, WEB_APP_ID, "graph", megan.id)


async def test_fragment_mode(browser):
    await browser.authorize(response_mode="fragment")
    await browser.pick("megan")
    response = await browser.submit(decision="accept")
    assert "#code=" in response.headers["location"]


async def test_form_post_mode_works_without_script(browser):
    await browser.authorize(response_mode="form_post", state='"><script>')
    await browser.pick("megan")
    response = await browser.submit(decision="accept")
    assert response.status_code == 200
    assert 'name="code"' in response.text
    assert 'value="&#34;&gt;&lt;script&gt;"' in response.text
    assert "<button" in response.text


async def test_a_query_in_the_redirect_uri_survives(browser, world):
    world.directory.apps[WEB_APP_ID].redirect_uris.append("http://127.0.0.1:3003/cb?env=dev")
    await browser.authorize(redirect_uri="http://127.0.0.1:3003/cb?env=dev")
    await browser.pick("megan")
    response = await browser.submit(decision="accept")
    assert response.headers["location"].startswith("http://127.0.0.1:3003/cb?env=dev&code=")


async def test_another_browser_cannot_carry_a_sign_in_on(browser, world):
    await browser.authorize()
    browser.http.cookies.clear()
    response = await browser.pick("megan")
    assert response.status_code == 400
    assert "This sign-in has ended" in response.text


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
