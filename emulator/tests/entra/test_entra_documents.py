"""The JSON examples of Microsoft's documents, matched in shape: their keys, and the types of values.

Where an example leaves out what the real service was recorded to send beside it, the extra keys are
named. The pages are those of https://learn.microsoft.com/entra/identity-platform/.
"""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, PUBLIC_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.graph import graph_app

JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIs..."
OPAQUE = "AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B4..."
EVERYTHING = "User.Read openid profile email offline_access"

ERROR = {
    "error": "invalid_scope",
    "error_description": "AADSTS70011: ...\r\nTrace ID: ...\r\nCorrelation ID: ...\r\nTimestamp: ...",
    "error_codes": [70011],
    "timestamp": "2016-01-09 02:02:12Z",
    "trace_id": "0000aaaa-11bb-cccc-dd33-eeeeee333333",
    "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
    "error_uri": "https://login.microsoftonline.com/error?code=70011",
}
DELEGATED = {
    "access_token": JWT,
    "token_type": "Bearer",
    "expires_in": 3599,
    "scope": "https%3A%2F%2Fgraph.microsoft.com%2Fmail.read",
    "refresh_token": OPAQUE,
    "id_token": JWT,
}


def shape(value):
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


async def code(s):  # v2-oauth2-auth-code-flow#successful-response-2
    return await s.redeem(await s.code(scope=EVERYTHING))


async def refreshed(s):  # v2-oauth2-auth-code-flow#successful-response-3
    body = await s.signed_in(scope=EVERYTHING)
    return await s.refresh(body["refresh_token"])


async def password(s):  # v2-oauth-ropc#successful-authentication-response
    await s.code(scope=EVERYTHING)
    return await s.token(
        grant_type="password",
        username="megan@contoso.onmicrosoft.com",
        password="Megan-pass-1",
        scope=EVERYTHING,
    )


async def device(s):  # v2-oauth2-device-code#successful-authentication-response
    codes = await s.device(scope=EVERYTHING)
    await s.type_in(codes["user_code"])
    await s.pick("megan")
    await s.submit(decision="accept")
    return await s.poll(codes["device_code"])


@pytest.mark.parametrize("flow", [code, refreshed, password, device])
async def test_a_token_response(browser, flow):
    body = (await flow(browser)).json()
    assert body.pop("ext_expires_in") == body["expires_in"]  # recorded; in no example
    assert shape(body) == shape(DELEGATED)


async def test_a_token_response_for_an_app_alone(browser):
    # v2-oauth2-client-creds-grant-flow#successful-response-1
    example = {"token_type": "Bearer", "expires_in": 3599, "access_token": JWT}
    response = await browser.token(
        TENANT_ID,
        grant_type="client_credentials",
        scope=".default",
        client_id=DAEMON_APP_ID,
        client_secret="daemon-secret~for-tests-only",
    )
    body = response.json()
    del body["ext_expires_in"]
    assert shape(body) == shape(example)


async def test_an_error_response(browser):
    # reference-error-codes#handling-error-codes-in-your-application
    body = await browser.signed_in()
    response = await browser.refresh(
        body["refresh_token"], scope="https://graph.microsoft.com/nonsense"
    )
    assert response.status_code == 400
    refused = response.json()
    assert shape(refused) == shape(ERROR)
    assert (refused["error"], refused["error_codes"]) == (ERROR["error"], ERROR["error_codes"])
    assert len(refused["timestamp"]) == len(ERROR["timestamp"])


async def test_a_conditional_access_challenge(browser, policy):
    # v2-conditional-access-dev-guide; `capolids` for `polids`, a string, and `suberror`: recorded in
    # https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/5491
    body = await browser.signed_in()
    policy("mfa")
    refused = (await browser.refresh(body["refresh_token"])).json()
    assert shape(refused) == shape({**ERROR, "suberror": "basic_action", "claims": "{...}"})
    assert refused["error_description"].startswith(
        "AADSTS50076: Due to a configuration change made by your administrator, or because you "
        "moved to a new location, you must use multi-factor authentication to access "
        "'00000003-0000-0000-c000-000000000000'.\r\nTrace ID: "
    )
    example = {"access_token": {"capolids": {"essential": True, "values": ["GUID"]}}}
    assert shape(json.loads(refused["claims"])) == shape(example)


async def test_a_device_code_response(browser):
    # v2-oauth2-device-code#device-authorization-response, a table
    table = {
        "device_code": "x", "user_code": "x", "verification_uri": "x", "expires_in": 1,
        "interval": 1, "message": "x",
    }  # fmt: skip
    assert shape(await browser.device()) == shape(table)


@pytest.mark.parametrize("version", ["v2.0/", ""])
async def test_the_openid_configuration(browser, version):
    # v2-protocols-oidc#sample-response, and the whole of it as recorded
    path = f"/{TENANT_ID}/{version}.well-known/openid-configuration"
    response = await browser.open(path)
    document = response.json()
    text = {
        "token_endpoint", "jwks_uri", "issuer", "userinfo_endpoint", "authorization_endpoint",
        "device_authorization_endpoint", "end_session_endpoint", "tenant_region_scope",
        "cloud_instance_name", "cloud_graph_host_name", "msgraph_host", "rbac_url",
    }  # fmt: skip
    lists = {
        "token_endpoint_auth_methods_supported", "response_modes_supported", "scopes_supported",
        "subject_types_supported", "id_token_signing_alg_values_supported", "claims_supported",
        "response_types_supported",
    }  # fmt: skip
    switches = {
        "request_uri_parameter_supported", "http_logout_supported", "frontchannel_logout_supported",
    }  # fmt: skip
    if not version:
        switches.add("microsoft_multi_refresh_token")
    expected = dict.fromkeys(text, "str") | {key: ["str"] for key in lists}
    assert shape(document) == expected | dict.fromkeys(switches, "bool")
    assert document["subject_types_supported"] == ["pairwise"]
    assert document["userinfo_endpoint"] == "https://graph.microsoft.com/oidc/userinfo"
    assert document["cloud_instance_name"] == "microsoftonline.com"
    assert response.headers["access-control-allow-origin"] == "*"


async def test_the_answer_of_an_admin(browser):
    # v2-admin-consent#successful-response
    scope = "https://graph.microsoft.com/Files.Read https://graph.microsoft.com/Sites.Read.All"
    back = await _admin(browser, "v2.0/adminconsent", scope, "accept")
    assert back == {
        "admin_consent": "True", "tenant": TENANT_ID, "scope": scope, "state": "12345",
    }  # fmt: skip


async def test_the_no_of_an_admin(browser):
    # v2-admin-consent#error-response
    back = await _admin(browser, "v2.0/adminconsent", "User.Read", "cancel")
    assert back.pop("error_uri")  # recorded; not in the example
    assert back.keys() == {"admin_consent", "error", "error_description", "state"}
    assert (back["admin_consent"], back["error"]) == ("True", "consent_required")
    assert back["error_description"].startswith(
        "AADSTS65004: The resource owner or authorization server denied the request.\r\nTrace ID: "
    )


@pytest.mark.parametrize("path", ["common", TENANT_ID])
async def test_the_older_answer_of_an_admin(browser, path):
    # v2-oauth2-client-creds-grant-flow#successful-response
    back = await _admin(browser, "adminconsent", None, "accept", path)
    assert back == {"tenant": TENANT_ID, "state": "12345", "admin_consent": "True"}


async def test_userinfo(browser, world):
    # userinfo#userinfo-response
    example = {
        "sub": "x", "name": "x", "family_name": "x", "given_name": "x", "picture": "x",
        "email": "x",
    }  # fmt: skip
    token = (await browser.signed_in(scope=EVERYTHING))["access_token"]
    transport = httpx.ASGITransport(graph_app(world))
    async with httpx.AsyncClient(transport=transport, base_url="https://graph") as graph:
        headers = {"Authorization": f"Bearer {token}"}
        for verb in ("GET", "POST"):
            response = await graph.request(verb, "/oidc/userinfo", headers=headers)
            assert shape(response.json()) == shape(example)
        assert (await graph.get("/oidc/userinfo")).status_code == 401
        response = await browser.token(TENANT_ID, grant_type="client_credentials", scope=".default")
        headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
        assert (await graph.get("/oidc/userinfo", headers=headers)).status_code == 403


async def _admin(browser, endpoint, scope, decision, path=TENANT_ID):
    query = {"client_id": WEB_APP_ID, "redirect_uri": "http://127.0.0.1:3003/oauth/callback"}
    query |= {"state": "12345"} | ({"scope": scope} if scope else {})
    await browser.open(f"/{path}/{endpoint}?{urlencode(query)}")
    await browser.pick("alex")
    response = await browser.submit(decision=decision)
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


async def test_a_public_app_gets_the_same(browser):
    assert (await browser.device(client_id=PUBLIC_APP_ID))["interval"] == 5
