import base64
import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from joserfc import jwt

from m365sim.entra.contoso import DAEMON_APP_ID, EXPIRED_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.entra.keys import signing_key
from m365sim.tenant import AppRegistration

GRAPH = "https://graph.microsoft.com"
SHAREPOINT = "https://contoso.sharepoint.com"
VERIFIER = "v" * 64
DAEMON = {"client_id": DAEMON_APP_ID, "client_secret": "daemon-secret~for-tests-only"}


def claims(token):
    return jwt.decode(token, signing_key().key, algorithms=["RS256"]).claims


def challenge(browser):
    import hashlib

    digest = hashlib.sha256(VERIFIER.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture
def megan(world):
    return world.directory.user_by_upn("megan@contoso.onmicrosoft.com")


# -- authorization code


async def test_a_code_becomes_tokens(browser, world, megan):
    response = await browser.redeem(await browser.code(nonce="n-1"), client_info="1")
    assert response.status_code == 200
    assert response.headers["cache-control"].startswith("no-store")
    body = response.json()
    assert body["token_type"] == "Bearer"
    assert 3599 <= body["expires_in"] <= 5399
    assert body["scope"] == "Sites.Read.All openid"
    assert body["refresh_token"]
    access = claims(body["access_token"])
    assert access["aud"] == GRAPH
    assert access["iss"] == f"https://sts.windows.net/{TENANT_ID}/"
    assert access["scp"] == "Sites.Read.All openid profile"
    assert access["upn"] == megan.upn
    assert access["oid"] == megan.id
    assert access["tid"] == TENANT_ID
    assert access["appid"] == WEB_APP_ID
    assert (access["appidacr"], access["idtyp"], access["ver"]) == ("1", "user", "1.0")
    assert access["exp"] - access["iat"] == body["expires_in"]
    identity = claims(body["id_token"])
    assert identity["iss"] == f"https://login.microsoftonline.com/{TENANT_ID}/v2.0"
    assert (identity["aud"], identity["nonce"], identity["oid"]) == (WEB_APP_ID, "n-1", megan.id)
    padded = body["client_info"] + "=" * (-len(body["client_info"]) % 4)
    assert json.loads(base64.urlsafe_b64decode(padded)) == {"uid": megan.id, "utid": TENANT_ID}


async def test_lifetimes_are_drawn_anew(browser):
    code = await browser.code()
    token = (await browser.redeem(code)).json()["refresh_token"]
    drawn = {(await browser.refresh(token)).json()["expires_in"] for _ in range(5)}
    assert len(drawn) > 1


async def test_without_offline_access_there_is_no_refresh_token(browser):
    body = (await browser.redeem(await browser.code(scope="Sites.Read.All"))).json()
    assert "refresh_token" not in body
    assert "id_token" not in body


async def test_earlier_grants_are_in_later_tokens(browser):
    await browser.code(scope="Files.Read")
    body = (await browser.redeem(await browser.code())).json()
    assert set(body["scope"].split()) == {"Files.Read", "Sites.Read.All", "openid"}


async def test_scope_names_come_back_as_they_were_asked(browser):
    code = await browser.code(scope=f"{GRAPH}/Sites.Read.All offline_access")
    body = (await browser.redeem(code)).json()
    assert body["scope"] == f"{GRAPH}/Sites.Read.All"


async def test_default_comes_back_too(browser, world):
    world.directory.apps[WEB_APP_ID].delegated_permissions = {"graph": frozenset({"Files.Read"})}
    code = await browser.code(scope=f"{GRAPH}/.default offline_access")
    body = (await browser.redeem(code)).json()
    assert body["scope"] == f"{GRAPH}/Files.Read {GRAPH}/.default"


@pytest.mark.parametrize("method", ["S256", "plain", None])
async def test_pkce(browser, refusal, method):
    sent = challenge(browser) if method == "S256" else VERIFIER
    params = {"code_challenge": sent, "code_challenge_method": method}
    code = await browser.code(**params)
    assert refusal(await browser.redeem(code, code_verifier="w" * 64)) == (501481, "invalid_grant")
    assert refusal(await browser.redeem(code)) == (501481, "invalid_grant")
    assert (await browser.redeem(code, code_verifier=VERIFIER)).status_code == 200


async def test_a_verifier_without_a_challenge_is_wrong(browser, refusal):
    code = await browser.code()
    assert refusal(await browser.redeem(code, code_verifier=VERIFIER)) == (501481, "invalid_grant")


async def test_a_code_is_good_once(browser, refusal):
    code = await browser.code()
    assert (await browser.redeem(code)).status_code == 200
    assert refusal(await browser.redeem(code)) == (54005, "invalid_grant")


async def test_a_code_ends_after_ten_minutes(browser, world, refusal):
    code = await browser.code()
    world.clock.advance(timedelta(minutes=10))
    assert refusal(await browser.redeem(code)) == (70008, "invalid_grant")


async def test_an_unknown_code(browser, refusal):
    assert refusal(await browser.redeem("nonsense")) == (70000, "invalid_grant")


async def test_a_code_of_another_app(browser, world, refusal):
    world.directory.apps[EXPIRED_APP_ID].secrets = world.directory.apps[WEB_APP_ID].secrets
    response = await browser.redeem(await browser.code(), client_id=EXPIRED_APP_ID)
    assert refusal(response) == (70000, "invalid_grant")


async def test_a_code_is_redeemed_where_it_was_asked_for(browser, refusal):
    code = await browser.code(path="organizations")
    assert refusal(await browser.redeem(code, path=TENANT_ID)) == (700005, "invalid_grant")
    assert (await browser.redeem(code, path="organizations")).status_code == 200


async def test_the_redirect_uri_is_the_same_again(browser, refusal):
    response = await browser.redeem(
        await browser.code(), redirect_uri="http://localhost:3003/oauth/callback"
    )
    assert refusal(response, 401) == (500112, "invalid_client")


async def test_a_code_of_somebody_who_was_disabled_since(browser, megan, refusal):
    code = await browser.code()
    megan.enabled = False
    assert refusal(await browser.redeem(code)) == (50057, "invalid_grant")


async def test_two_apis_in_one_token_request(browser, refusal):
    code = await browser.code(scope=f"Sites.Read.All {SHAREPOINT}/AllSites.Read")
    response = await browser.redeem(code, scope=f"Sites.Read.All {SHAREPOINT}/AllSites.Read")
    assert refusal(response) == (28000, "invalid_scope")
    assert claims((await browser.redeem(code)).json()["access_token"])["aud"] == GRAPH  # the first


@pytest.mark.parametrize(
    ("missing", "form"),
    [
        ("grant_type", {"grant_type": None}),
        ("client_id", {"client_id": None}),
        ("code", {"code": None}),
        ("redirect_uri", {"redirect_uri": None}),
    ],
)
async def test_a_missing_field_is_named(browser, refusal, missing, form):
    response = await browser.token(
        **{"grant_type": "authorization_code", "code": "x", "redirect_uri": "y", **form}
    )
    assert refusal(response) == (900144, "invalid_request")
    assert f"'{missing}'" in response.json()["error_description"]


# -- who asks


@pytest.mark.parametrize(
    ("path", "form", "status", "expected"),
    [
        ("organizations", {"client_secret": None}, 401, (7000218, "invalid_client")),
        ("organizations", {"client_secret": "wrong"}, 401, (7000215, "invalid_client")),
        (
            "organizations",
            {"client_id": EXPIRED_APP_ID, "client_secret": "expired-secret~for-tests-only"},
            401,
            (7000222, "invalid_client"),
        ),
        ("organizations", {"client_id": "no-such-app"}, 400, (700016, "unauthorized_client")),
        ("nowhere", {}, 400, (90002, "invalid_request")),
        ("common", DAEMON, 400, (50194, "invalid_request")),
        ("organizations", {"grant_type": "saml"}, 400, (70003, "unsupported_grant_type")),
        ("organizations", {"resource": GRAPH}, 400, (901002, "invalid_request")),
    ],
)
async def test_a_request_that_cannot_be_served(browser, refusal, path, form, status, expected):
    response = await browser.token(
        path, **{"grant_type": "refresh_token", "refresh_token": "x", **form}
    )
    assert refusal(response, status) == expected


async def test_the_secret_is_not_in_the_refusal(browser):
    response = await browser.token(grant_type="refresh_token", client_secret="wrong-but-private")
    assert "wrong-but-private" not in response.text


async def test_basic_authentication(browser, world):
    code = await browser.code()
    secret = "s3cret with:colon/+&"
    world.directory.apps[WEB_APP_ID].secrets[:] = [
        type(world.directory.apps[WEB_APP_ID].secrets[0])(
            secret, world.clock.now() + timedelta(days=1)
        )
    ]
    credentials = f"{quote(WEB_APP_ID, safe='')}:{quote(secret, safe='')}".encode()
    response = await browser.http.post(
        "/organizations/oauth2/v2.0/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://127.0.0.1:3003/oauth/callback",
        },
        headers={"Authorization": f"Basic {base64.b64encode(credentials).decode()}"},
    )
    assert response.status_code == 200


async def test_a_broken_basic_header_proves_nothing(browser, refusal):
    response = await browser.http.post(
        "/organizations/oauth2/v2.0/token",
        data={"grant_type": "refresh_token", "client_id": WEB_APP_ID},
        headers={"Authorization": "Basic !!!"},
    )
    assert refusal(response, 401) == (7000218, "invalid_client")


async def test_a_public_app_needs_no_secret_and_may_send_none(browser, world, refusal):
    world.directory.add_app(
        AppRegistration(
            "cli", TENANT_ID, "cli", ["http://localhost/cb"], is_public=True, multi_tenant=True
        )
    )
    await browser.authorize(
        client_id="cli", redirect_uri="http://localhost:5/cb", code_challenge=VERIFIER
    )
    await browser.pick("megan")
    location = (await browser.submit(decision="accept")).headers["location"]
    code = location.split("code=")[1].split("&")[0]
    form = {"client_id": "cli", "redirect_uri": "http://localhost:5/cb", "code_verifier": VERIFIER}
    assert refusal(await browser.redeem(code, **form), 401) == (700025, "invalid_client")
    response = await browser.redeem(code, **form, client_secret=None)
    assert claims(response.json()["access_token"])["appidacr"] == "0"


async def test_correlation_ids_are_kept(browser):
    mine = "0c7b0a9e-64a5-4d5c-9d7c-0f6b3e8f0a11"
    response = await browser.http.post(
        "/organizations/oauth2/v2.0/token", data={}, headers={"client-request-id": mine}
    )
    assert response.json()["correlation_id"] == mine
    assert response.headers["x-ms-request-id"] == response.json()["trace_id"]


async def test_only_post_is_accepted(browser, refusal):
    response = await browser.open("/organizations/oauth2/v2.0/token")
    assert refusal(response) == (900561, "invalid_request")


# -- refresh


async def granted(browser, **params):
    return (await browser.redeem(await browser.code(**params))).json()["refresh_token"]


async def test_a_refresh_gives_a_new_token_and_leaves_the_old(browser):
    first = await granted(browser)
    body = (await browser.refresh(first)).json()
    assert body["refresh_token"] != first
    assert (await browser.refresh(first)).status_code == 200
    assert (await browser.refresh(body["refresh_token"])).status_code == 200


async def test_a_refresh_without_offline_access_keeps_the_old(browser):
    body = (await browser.refresh(await granted(browser), scope="Sites.Read.All")).json()
    assert "refresh_token" not in body


async def test_each_refresh_token_has_its_own_ninety_days(browser, world, refusal):
    first = await granted(browser)
    world.clock.advance(timedelta(days=60))
    second = (await browser.refresh(first)).json()["refresh_token"]
    world.clock.advance(timedelta(days=30))
    assert refusal(await browser.refresh(first)) == (700082, "invalid_grant")
    assert (await browser.refresh(second)).status_code == 200


async def test_one_refresh_token_serves_both_apis(browser):
    token = await granted(
        browser, scope=f"Sites.Read.All {SHAREPOINT}/AllSites.Read offline_access"
    )
    body = (await browser.refresh(token, scope=f"{SHAREPOINT}/AllSites.Read")).json()
    assert body["scope"] == f"{SHAREPOINT}/AllSites.Read"
    assert claims(body["access_token"])["aud"] == SHAREPOINT
    both = f"{SHAREPOINT}/.default offline_access"
    assert (
        claims((await browser.refresh(token, scope=both)).json()["access_token"])["scp"]
        == "AllSites.Read"
    )


async def test_of_two_apis_a_refresh_serves_the_first(browser):
    token = await granted(
        browser, scope=f"Sites.Read.All {SHAREPOINT}/AllSites.Read offline_access"
    )
    body = (await browser.refresh(token, scope=f"{SHAREPOINT}/AllSites.Read Sites.Read.All")).json()
    assert claims(body["access_token"])["aud"] == SHAREPOINT


async def test_a_refresh_at_the_tenants_own_path(browser):
    assert (await browser.refresh(await granted(browser), path=TENANT_ID)).status_code == 200


async def test_a_refresh_at_another_tenants_path(browser, fabrikam, refusal):
    response = await browser.refresh(await granted(browser), path=fabrikam.id)
    assert refusal(response) == (50020, "invalid_grant")


async def test_an_unknown_refresh_token(browser, refusal):
    assert refusal(await browser.refresh("nonsense")) == (70000, "invalid_grant")


async def test_a_missing_refresh_token(browser, refusal):
    assert refusal(await browser.token(grant_type="refresh_token")) == (900144, "invalid_request")


async def test_a_refresh_token_of_another_app(browser, world, refusal):
    token = await granted(browser)
    world.directory.apps[EXPIRED_APP_ID].secrets = world.directory.apps[WEB_APP_ID].secrets
    assert refusal(await browser.refresh(token, client_id=EXPIRED_APP_ID)) == (
        70000,
        "invalid_grant",
    )


async def test_a_disabled_person_cannot_refresh(browser, megan, refusal):
    token = await granted(browser)
    megan.enabled = False
    assert refusal(await browser.refresh(token)) == (50057, "invalid_grant")


async def test_revoked_sessions_end_refresh_tokens(browser, world, megan, refusal):
    token = await granted(browser)
    world.clock.advance(timedelta(minutes=1))
    world.directory.revoke_sessions(megan, world.clock.now())
    response = await browser.refresh(token)
    assert refusal(response) == (50173, "invalid_grant")
    world.clock.advance(timedelta(minutes=1))
    assert (await browser.refresh(await granted(browser))).status_code == 200


async def test_withdrawn_consent(browser, world, refusal):
    token = await granted(browser)
    world.directory.withdraw_consent(TENANT_ID, WEB_APP_ID)
    response = await browser.refresh(token)
    assert refusal(response) == (65001, "invalid_grant")
    assert response.json()["suberror"] == "consent_required"


async def test_a_permission_nobody_consented_to(browser, refusal):
    token = await granted(browser)
    assert refusal(await browser.refresh(token, scope="Files.Read")) == (65001, "invalid_grant")
    response = await browser.refresh(token, scope=f"{SHAREPOINT}/.default")
    assert refusal(response) == (65001, "invalid_grant")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("Nonsense.Read", (70011, "invalid_scope")),
        (f"{GRAPH}/.default Sites.Read.All", (70011, "invalid_scope")),
        ("https://api.example/.default", (500011, "invalid_resource")),
        ("https://fabrikam.sharepoint.com/.default", (500011, "invalid_resource")),
    ],
)
async def test_a_scope_that_is_not_valid(browser, fabrikam, refusal, scope, expected):
    assert refusal(await browser.refresh(await granted(browser), scope=scope)) == expected


async def test_an_expired_secret_stops_refreshing(browser, world, refusal):
    token = await granted(browser)
    world.directory.expire_secrets(world.directory.apps[WEB_APP_ID], world.clock.now())
    assert refusal(await browser.refresh(token), 401) == (7000222, "invalid_client")


async def test_sharepoint_by_its_id_is_that_of_the_persons_own_tenant(browser, fabrikam, answer):
    scope = "00000003-0000-0ff1-ce00-000000000000/AllSites.Read offline_access"
    await browser.authorize(scope="https://fabrikam.sharepoint.com/AllSites.Read offline_access")
    await browser.submit(username="fred@fabrikam.onmicrosoft.com", password="Fred-pass-1")
    code = answer(await browser.submit(decision="accept"))["code"]
    body = (await browser.redeem(code, scope=scope)).json()
    audience = "https://fabrikam.sharepoint.com"
    assert claims(body["access_token"])["aud"] == audience
    body = (await browser.refresh(body["refresh_token"], scope=scope)).json()
    assert claims(body["access_token"])["aud"] == audience
