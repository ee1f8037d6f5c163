"""What a request to authorize may ask for, and where its answer goes."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.tenant import AppRegistration

GRAPH = "https://graph.microsoft.com"


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
