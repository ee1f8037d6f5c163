"""The states of a sign-in, set through the control API."""

import httpx
import pytest

from m365sim.control import control_app
from m365sim.entra.contoso import PUBLIC_APP_ID, TENANT_ID, WEB_APP_ID

MEGAN = "megan@contoso.onmicrosoft.com"


@pytest.fixture
async def control(world):
    transport = httpx.ASGITransport(control_app(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as http:

        async def call(verb, path, **body):
            sent = {"json": body} if body or verb == "POST" else {}
            return await http.request(verb, f"/_m365sim/{path}", **sent)

        yield call


async def test_a_policy_comes_and_goes(browser, control, refusal):
    token = (await browser.signed_in())["refresh_token"]
    put = await control(
        "POST", "policies", control="mfa", name="files", targets=["graph"], users=[MEGAN],
        excludedUsers=["alex@contoso.onmicrosoft.com"], mfaLifetime=3600,
    )  # fmt: skip
    assert put.status_code == 201
    shown = put.json()
    assert (shown["control"], shown["users"], shown["targets"]) == ("mfa", [MEGAN], ["graph"])
    assert (shown["tenant"], shown["mfaLifetime"]) == (TENANT_ID, 3600)
    assert (await control("GET", "policies")).json() == {"policies": [shown]}
    assert refusal(await browser.refresh(token)) == (50076, "invalid_grant")
    assert (await control("DELETE", f"policies/{shown['id']}")).status_code == 204
    assert (await browser.refresh(token)).status_code == 200
    await control("POST", "policies", signInFrequency=1, id="often")
    await control("POST", "policies", control="block", contexts=["C1"])
    assert (await control("DELETE", "policies")).status_code == 204
    assert (await control("GET", "policies")).json() == {"policies": []}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("policies", {}, "a control or a signInFrequency"),
        ("policies", {"control": "hope"}, "A control is one of"),
        ("policies", {"control": "mfa", "target": ["graph"]}, "policies have no target"),
        ("policies", {"control": "mfa", "targets": ["mars"]}, "A target is"),
        ("policies", {"control": "mfa", "users": ["nobody"]}, "no user nobody"),
        ("policies", {"control": "mfa", "tenant": "nowhere"}, "no tenant nowhere"),
        ("users/nobody", {}, "no user nobody"),
        (f"users/{MEGAN}", {"enable": True}, "users have no enable"),
        (f"users/{MEGAN}", {"device": "toaster"}, "A device is one of"),
        ("apps/nothing", {}, "no app nothing"),
        (f"apps/{WEB_APP_ID}", {"enable": True}, "apps have no enable"),
        (f"apps/{WEB_APP_ID}", {"assigned": ["nobody"]}, "no user nobody"),
        ("tenants/nowhere", {}, "no tenant nowhere"),
        (f"tenants/{TENANT_ID}", {"sharepont": True}, "tenants have no sharepont"),
        (f"tenants/{TENANT_ID}", {"outage": "weather"}, "An outage is one of service, directory"),
        (f"apps/{WEB_APP_ID}", {"disabledIn": ["nowhere"]}, "no tenant nowhere"),
        ("consent-requests/nothing", {"approve": True}, "no request nothing"),
    ],
)
async def test_what_cannot_be_meant(control, path, body, reason):
    response = await control("POST", path, **body)
    assert response.status_code == 400
    assert reason in response.json()["error"]


async def test_everything_about_a_person(control, world, megan):
    place = f"users/{MEGAN}"
    shown = (
        await control(
            "POST", place, mfaRequired=True, mfaRegistered=False, passwordExpired=True, locked=True,
            device="joined", mayConsent=False, isAdmin=True, enabled=False,
        )
    ).json()  # fmt: skip
    assert shown == {
        "upn": MEGAN, "enabled": False, "locked": True, "mayConsent": False, "isAdmin": True,
        "mfaRegistered": False, "mfaRequired": True, "passwordExpired": True, "device": "joined",
    }  # fmt: skip
    assert megan.tokens_valid_from is not None
    shown = (await control("POST", place, enabled=True, locked=False, mfaRequired=False)).json()
    assert (shown["enabled"], shown["locked"], shown["mfaRequired"]) == (True, False, False)
    assert shown in (await control("GET", "users")).json()["users"]
    await control("POST", place, password="Another-1")
    assert megan.password == "Another-1"
    assert not megan.password_expired
    assert megan.sessions_revoked_at is None
    await control("POST", place, resetPassword="Another-2")
    assert megan.sessions_revoked_at == world.clock.now()
    await control("POST", place, delete=True)
    assert world.directory.user_by_upn(MEGAN) is None


async def test_everything_about_an_app(control, world):
    place = f"apps/{WEB_APP_ID}"
    app = world.directory.apps[WEB_APP_ID]
    shown = (
        await control(
            "POST", place, enabled=False, idTokens=True, spaRedirectUris=["http://localhost:5173"],
            assigned=[MEGAN], addSecret="second", tenant="contoso.onmicrosoft.com",
        )
    ).json()  # fmt: skip
    assert (shown["enabled"], shown["idTokens"], shown["assigned"]) == (False, True, [MEGAN])
    assert [secret.value for secret in app.secrets][-1] == "second"
    assert app.spa_redirect_uris == ["http://localhost:5173"]
    shown = (await control("POST", place, assigned=None, enabled=True)).json()
    assert (shown["assigned"], shown["enabled"]) == (None, True)


async def test_a_bad_time_comes_and_goes(browser, control, refusal):
    token = (await browser.signed_in())["refresh_token"]
    place = "tenants/contoso.onmicrosoft.com"
    shown = (await control("POST", place, outage="directory", requestBudget=1)).json()
    assert (shown["outage"], shown["requestBudget"]) == ("directory", 1)
    unavailable = "temporarily_unavailable"
    assert refusal(await browser.refresh(token), 503) == (90033, unavailable)
    fields = {"client_id": PUBLIC_APP_ID, "scope": "Sites.Read.All"}
    device = await browser.http.post("/organizations/oauth2/v2.0/devicecode", data=fields)
    assert refusal(device, 503) == (90033, unavailable)
    shown = (await control("POST", place, outage=None)).json()
    assert shown["outage"] is None
    assert (await browser.refresh(token)).status_code == 200
    assert refusal(await browser.refresh(token), 503) == (90024, unavailable)
    await control("POST", place, requestBudget=None)
    shown = (await control("POST", f"apps/{WEB_APP_ID}", disabledIn=[TENANT_ID])).json()
    assert shown["disabledIn"] == [TENANT_ID]
    assert refusal(await browser.refresh(token)) == (70001, "unauthorized_client")


async def test_a_request_reaches_the_administrators(browser, control, answer):
    shown = (await control("POST", f"tenants/{TENANT_ID}", consentRequests=True)).json()
    assert shown["consentRequests"] is True
    await browser.authorize()
    page = await browser.pick("adele")
    assert "Approval required" in page.text
    page = await browser.submit(reason="for the quarter's report")
    assert "Request sent" in page.text
    back = answer(await browser.submit(decision="cancel"))
    assert back["error_description"].startswith("AADSTS90095:")
    (asked,) = (await control("GET", "consent-requests")).json()["requests"]
    assert asked["reason"] == "for the quarter's report"
    assert "Sites.Read.All" in asked["permissions"]["graph"]
    assert (await control("POST", f"consent-requests/{asked['id']}")).status_code == 400
    done = await control("POST", f"consent-requests/{asked['id']}", approve=True)
    assert done.json() == {"id": asked["id"], "approved": True}
    assert answer(await browser.authorize())["code"]  # Adele is not asked any more


async def test_a_request_may_be_denied(browser, control):
    await control("POST", f"tenants/{TENANT_ID}", consentRequests=True)
    await browser.authorize()
    await browser.pick("adele")
    await browser.submit(reason="please")
    (asked,) = (await control("GET", "consent-requests")).json()["requests"]
    await control("POST", f"consent-requests/{asked['id']}", approve=False)
    assert (await control("GET", "consent-requests")).json() == {"requests": []}
    assert "Approval required" in (await browser.authorize()).text


async def test_nobody_can_ask_where_requests_are_not_taken(browser, world):
    await browser.authorize()
    await browser.pick("adele")
    (flow_id,) = world.grants.flows
    page = await browser.http.post("/organizations/request", data={"flow": flow_id, "reason": "x"})
    assert "Need admin approval" in page.text
    assert not world.directory.consent_requests
    page = await browser.http.post("/organizations/request", data={"flow": "x", "reason": "x"})
    assert "This sign-in has ended" in page.text
