"""Sign-in on another device, from the code to the tokens."""

from datetime import timedelta

import pytest

from m365sim.entra.contoso import PUBLIC_APP_ID, TENANT_ID, WEB_APP_ID

GRAPH = "https://graph.microsoft.com"


async def approve(browser, user_code, name="megan"):
    await browser.type_in(user_code)
    page = await browser.pick(name)
    return page if page.status_code != 200 else await browser.submit(decision="accept")


async def test_a_device_signs_in(browser, megan, claims):
    codes = await browser.device(scope="Sites.Read.All offline_access openid profile")
    assert set(codes) == {
        "user_code", "device_code", "verification_uri", "expires_in", "interval", "message",
    }  # fmt: skip
    assert (codes["expires_in"], codes["interval"]) == (900, 5)
    assert codes["verification_uri"] == "https://login.microsoft.com/device"
    assert codes["user_code"] in codes["message"]
    page = await browser.type_in(codes["user_code"].lower())
    assert "fairlead on a terminal" in page.text
    assert "Permissions requested" in (await browser.pick("megan")).text
    assert "You have signed in to" in (await browser.submit(decision="accept")).text
    body = (await browser.poll(codes["device_code"])).json()
    access = claims(body["access_token"])
    assert (access["oid"], access["appid"], access["appidacr"]) == (megan.id, PUBLIC_APP_ID, "0")
    assert claims(body["id_token"])["preferred_username"] == megan.upn
    again = await browser.refresh(
        body["refresh_token"], client_id=PUBLIC_APP_ID, client_secret=None
    )
    assert again.status_code == 200


async def test_whoever_consented_before_says_which_app_it_is(browser):
    await approve(browser, (await browser.device())["user_code"])
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    page = await browser.pick("megan")
    assert "Are you trying to sign in to fairlead on a terminal?" in page.text
    assert "You have signed in to" in (await browser.submit(decision="accept")).text


async def test_polling_says_pending_until_then(browser, world, refusal):
    codes = await browser.device()
    for _ in range(3):
        response = await browser.poll(codes["device_code"])
        assert refusal(response) == (70016, "authorization_pending")
        world.clock.advance(timedelta(seconds=codes["interval"]))


async def test_polling_too_often_is_told_to_slow_down(browser, world, refusal):
    codes = await browser.device()
    assert refusal(await browser.poll(codes["device_code"]))[1] == "authorization_pending"
    world.clock.advance(timedelta(seconds=4))
    assert refusal(await browser.poll(codes["device_code"]))[1] == "slow_down"
    world.clock.advance(timedelta(seconds=9))  # five seconds more each time
    assert refusal(await browser.poll(codes["device_code"]))[1] == "slow_down"
    world.clock.advance(timedelta(seconds=15))
    assert refusal(await browser.poll(codes["device_code"]))[1] == "authorization_pending"


async def test_a_code_ends_after_fifteen_minutes(browser, world, refusal):
    codes = await browser.device()
    world.clock.advance(timedelta(minutes=15))
    assert refusal(await browser.poll(codes["device_code"])) == (70020, "expired_token")
    page = await browser.type_in(codes["user_code"])
    assert page.status_code == 400
    assert "AADSTS70019" in page.text
    world.clock.advance(timedelta(minutes=15))
    await browser.device()  # old ones are forgotten in the end
    assert refusal(await browser.poll(codes["device_code"])) == (70018, "bad_verification_code")


async def test_a_code_that_ends_while_somebody_signs_in(browser, world):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    world.clock.advance(timedelta(minutes=15))
    assert "This sign-in has ended" in (await browser.pick("megan")).text


@pytest.mark.parametrize("how", ["consent", "account"])
async def test_declining_tells_the_device(browser, refusal, how):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    if how == "consent":
        await browser.pick("megan")
        page = await browser.submit(decision="cancel")
    else:
        page = await browser.submit(action="cancel")
    assert "You did not sign in" in page.text
    response = await browser.poll(codes["device_code"])
    assert refusal(response) == (65004, "authorization_declined")


async def test_a_code_is_good_once(browser, refusal):
    codes = await browser.device()
    await approve(browser, codes["user_code"])
    assert "AADSTS90120" in (await browser.type_in(codes["user_code"])).text
    assert (await browser.poll(codes["device_code"])).status_code == 200
    response = await browser.poll(codes["device_code"])
    assert refusal(response) == (70018, "bad_verification_code")


@pytest.mark.parametrize(("typed", "number"), [("", 90119), ("NOSUCHONE", 70018)])
async def test_a_code_that_is_none(browser, typed, number):
    page = await browser.type_in(typed)
    assert page.status_code == 400
    assert f"AADSTS{number}" in page.text


async def test_who_may_not_consent_ends_it(browser, refusal):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    assert "Need admin approval" in (await browser.pick("adele")).text
    assert "AADSTS90094" in (await browser.submit(decision="cancel")).text
    response = await browser.poll(codes["device_code"])
    assert refusal(response) == (65004, "authorization_declined")


async def test_an_administrator_may_agree_for_everyone(browser):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    await browser.pick("alex")
    await browser.submit(decision="accept", everyone="yes")
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    assert "Are you trying to sign in" in (await browser.pick("adele")).text


async def test_an_api_that_the_tenant_does_not_have(browser, fabrikam):
    codes = await browser.device(scope="https://fabrikam.sharepoint.com/AllSites.Read")
    await browser.type_in(codes["user_code"])
    page = await browser.pick("megan")
    assert "AADSTS500011" in page.text
    page = await browser.http.post("/organizations/consent", data={"flow": "gone"})
    assert "This sign-in has ended" in page.text


async def test_a_second_factor_is_asked_for(browser, policy, claims):
    policy("mfa")
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    assert "Approve sign in request" in (await browser.pick("megan")).text
    await browser.submit(decision="approve")
    await browser.submit(decision="accept")
    body = (await browser.poll(codes["device_code"])).json()
    assert claims(body["access_token"])["amr"] == ["pwd", "mfa"]


async def test_another_browser_cannot_carry_it_on(browser):
    codes = await browser.device()
    await browser.type_in(codes["user_code"])
    browser.http.cookies.clear()
    assert "This sign-in has ended" in (await browser.pick("megan")).text


async def test_who_was_disabled_since_gets_nothing(browser, megan, refusal):
    codes = await browser.device()
    await approve(browser, codes["user_code"])
    megan.enabled = False
    assert refusal(await browser.poll(codes["device_code"])) == (50057, "invalid_grant")


async def test_another_app_cannot_redeem_it(browser, refusal):
    codes = await browser.device()
    await approve(browser, codes["user_code"])
    response = await browser.poll(
        codes["device_code"],
        client_id=WEB_APP_ID,
        client_secret="fairlead-secret~for-tests-only",
    )
    assert refusal(response) == (70018, "bad_verification_code")


async def test_a_confidential_app_must_prove_itself_when_it_polls(browser, refusal):
    codes = await browser.device(client_id=WEB_APP_ID)
    response = await browser.poll(codes["device_code"], client_id=WEB_APP_ID)
    assert refusal(response, 401) == (7000218, "invalid_client")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"client_id": ""}, (900144, "invalid_request")),
        ({"client_id": "nobody"}, (700016, "unauthorized_client")),
        ({"scope": ""}, (900144, "invalid_request")),
        ({"scope": "Nonsense.Read"}, (650053, "invalid_client")),
        ({"claims": "["}, (90023, "invalid_request")),
    ],
)
async def test_a_faulty_request_for_a_code(browser, refusal, form, expected):
    fields = {"client_id": PUBLIC_APP_ID, "scope": "User.Read", **form}
    response = await browser.http.post("/organizations/oauth2/v2.0/devicecode", data=fields)
    assert refusal(response, 401 if expected[1] == "invalid_client" else 400) == expected


async def test_the_older_endpoint(browser, claims, refusal):
    fields = {"client_id": PUBLIC_APP_ID, "resource": GRAPH}
    response = await browser.http.post(f"/{TENANT_ID}/oauth2/devicecode", data=fields)
    codes = response.json()
    assert (codes["interval"], codes["expires_in"]) == ("5", "900")
    assert codes["verification_url"].endswith("/device")
    await approve(browser, codes["user_code"])
    response = await browser.token(
        TENANT_ID, v1=True, grant_type="device_code", code=codes["device_code"],
        client_id=PUBLIC_APP_ID, client_secret=None, resource=GRAPH,
    )  # fmt: skip
    assert claims(response.json()["access_token"])["aud"] == GRAPH
    response = await browser.http.post(
        f"/{TENANT_ID}/oauth2/devicecode", data={"client_id": PUBLIC_APP_ID}
    )
    assert refusal(response) == (900144, "invalid_request")


@pytest.mark.parametrize("path", ["/devicelogin", "/device"])
async def test_the_short_address_leads_to_the_page(browser, path):
    response = await browser.open(path)
    assert response.headers["location"].endswith("/common/oauth2/deviceauth")


async def test_in_direct_mode_the_page_is_on_this_machine(browser, world):
    from m365sim.world import Urls

    world.urls = Urls.on_ports(4300, 4301, 4302)
    codes = await browser.device()
    assert codes["verification_uri"] == "http://127.0.0.1:4300/common/oauth2/deviceauth"


async def test_auto_sign_in_answers_the_first_poll(browser, world, claims, refusal):
    world.auto_sign_in = "megan@contoso.onmicrosoft.com"
    body = (await browser.poll((await browser.device())["device_code"])).json()
    assert claims(body["access_token"])["upn"] == world.auto_sign_in
    for name, number in (("nobody", 50034), ("diego", 50057)):
        world.auto_sign_in = f"{name}@contoso.onmicrosoft.com"
        codes = await browser.device()
        assert refusal(await browser.poll(codes["device_code"])) == (number, "invalid_grant")
    world.auto_sign_in = "adele@contoso.onmicrosoft.com"
    codes = await browser.device()
    assert refusal(await browser.poll(codes["device_code"])) == (90094, "access_denied")
