from urllib.parse import urlencode

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID

REDIRECT = "http://127.0.0.1:3003/oauth/callback"
GRAPH = "https://graph.microsoft.com"


@pytest.fixture
def ask(browser):
    async def opened(path=TENANT_ID, *, v1=False, **params):
        query = {
            "client_id": WEB_APP_ID,
            "redirect_uri": REDIRECT,
            "state": "s",
            "scope": f"{GRAPH}/.default",
            **params,
        }
        query = {k: v for k, v in query.items() if v is not None}
        endpoint = "adminconsent" if v1 else "v2.0/adminconsent"
        return await browser.open(f"/{path}/{endpoint}?{urlencode(query)}")

    return opened


async def test_an_admin_agrees_for_everyone(browser, ask, answer, world):
    assert "Pick an account" in (await ask()).text
    page = await browser.pick("alex")
    assert "Review for everyone in" in page.text
    back = answer(await browser.submit(decision="accept"))
    assert back == {
        "admin_consent": "True",
        "tenant": TENANT_ID,
        "scope": f"{GRAPH}/.default",
        "state": "s",
    }
    await browser.authorize(prompt="login")
    assert answer(await browser.pick("adele"))["code"]


async def test_application_permissions_come_with_default_only(browser, ask, answer, world):
    app = world.directory.apps[WEB_APP_ID]
    app.application_permissions = {"graph": frozenset({"Sites.Read.All"})}
    await ask(scope="Sites.Read.All")
    await browser.pick("alex")
    answer(await browser.submit(decision="accept"))
    assert world.directory.roles(TENANT_ID, WEB_APP_ID, "graph") == frozenset()
    page = await ask()
    assert "without a signed-in user" in page.text
    answer(await browser.submit(decision="accept"))
    assert world.directory.roles(TENANT_ID, WEB_APP_ID, "graph") == {"Sites.Read.All"}


async def test_an_app_that_was_brought_in_can_act_by_itself(browser, fabrikam, world, answer):
    world.directory.users["fred-id"].is_admin = True
    await browser.open(
        f"/{fabrikam.id}/adminconsent?{urlencode({'client_id': WEB_APP_ID, 'redirect_uri': REDIRECT})}"
    )
    await browser.submit(account="fred@fabrikam.onmicrosoft.com")
    back = answer(await browser.submit(decision="accept"))
    assert back == {"admin_consent": "True", "tenant": fabrikam.id}
    response = await browser.token(fabrikam.id, grant_type="client_credentials", scope=".default")
    assert response.status_code == 200


async def test_others_are_sent_for_an_admin(browser, ask, answer):
    await ask()
    assert "Need admin approval" in (await browser.pick("megan")).text
    back = answer(await browser.submit(decision="accept"))
    assert back["admin_consent"] == "True"
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS90094:")


async def test_cancelling(browser, ask, answer):
    await ask()
    await browser.pick("alex")
    back = answer(await browser.submit(decision="cancel"))
    assert back["admin_consent"] == "True"
    assert back["error_description"].startswith("AADSTS65004:")


async def test_a_missing_scope(ask, answer):
    back = answer(await ask(scope=None))
    assert back["error_description"].startswith("AADSTS900144:")


async def test_the_older_address_needs_no_scope(browser, ask, answer):
    await ask(v1=True, scope=None)
    await browser.pick("alex")
    assert answer(await browser.submit(decision="accept"))["admin_consent"] == "True"


async def test_an_admin_who_is_signed_in_is_not_asked_again(browser, ask):
    await browser.code("alex")
    assert "Review for everyone in" in (await ask()).text


async def test_faults_of_the_request_are_shown(ask, on_page):
    on_page(await ask(redirect_uri="https://evil.example/"), 50011)
    on_page(await ask(client_id=DAEMON_APP_ID), 500113)


@pytest.mark.parametrize(
    ("name", "number"), [("megan", 90094), ("diego", 50057), ("nobody", 50034)]
)
async def test_auto_sign_in_is_bound_by_the_same_rules(ask, answer, world, name, number):
    world.auto_sign_in = f"{name}@contoso.onmicrosoft.com"
    assert answer(await ask())["error_description"].startswith(f"AADSTS{number}:")


async def test_auto_sign_in_as_an_admin(ask, answer, world):
    world.auto_sign_in = "alex@contoso.onmicrosoft.com"
    assert "error" not in answer(await ask())


async def test_an_admins_no_at_the_older_address(browser, ask, answer):
    await ask(v1=True, scope=None)
    await browser.pick("alex")
    back = answer(await browser.submit(decision="cancel"))
    assert (back["admin_consent"], back["error"]) == ("True", "permission_denied")


async def test_a_permission_that_there_is_not(ask, answer):
    back = answer(await ask(scope="Sites.Write.Everything"))
    assert back["error_description"].startswith("AADSTS650053:")
