"""`sharepoint-online-v1` in each cloud: where tokens come from, what they are for, where calls go."""

import base64
import json

import pytest
from fake_vendor import FakeTransport
from pydantic import SecretStr

from fairlead.errors import EgressRefused
from fairlead.gateway.authorise import target_of
from fairlead.model.clock import SystemClock
from fairlead.model.credentials import TwoStepCredentials
from fairlead.oauth import two_step
from fairlead_microsoft.clouds import VARIABLE, chosen_cloud
from fairlead_microsoft.providers import sharepoint_online_v1

TENANT_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
CONFIG = {"tenantId": TENANT_ID, "tenantName": "contoso", "assertionAlgorithm": "PS256"}
CUSTOM = {
    "login_url": "https://login.cloud.example",
    "graph_url": "https://graph.cloud.example",
    "sharepoint_url": "https://{tenant}.files.cloud.example",
}
HOSTS = {
    "global": ("https://login.microsoftonline.com", "https://contoso.sharepoint.com"),
    "gcc-high": ("https://login.microsoftonline.us", "https://contoso.sharepoint.us"),
    "dod": ("https://login.microsoftonline.us", "https://contoso.sharepoint-mil.us"),
    "china": ("https://login.partner.microsoftonline.cn", "https://contoso.sharepoint.cn"),
    "custom": ("https://login.cloud.example", "https://contoso.files.cloud.example"),
}


@pytest.fixture(params=HOSTS)
def cloud(request, tmp_path):
    """Returns provider, and the hosts of sign-in and files, of each cloud."""
    name = request.param
    if name == "custom":
        file = tmp_path / "cloud.json"
        file.write_text(json.dumps(CUSTOM))
        name = str(file)
    made = sharepoint_online_v1(chosen_cloud({VARIABLE: name}))
    return made, *HOSTS[request.param]


async def asked(provider, credentials, **more):
    """Ask for a token; return what the vendor gets."""
    transport = FakeTransport()
    transport.answer = lambda _: {"access_token": "at-1", "expires_in": 3600}
    await two_step(
        transport,
        provider,
        credentials=credentials,
        connection_config=CONFIG,
        clock=SystemClock(),
        **more,
    )
    [sent] = transport.sent
    return sent


def claims_of(assertion):
    payload = assertion.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.mark.parametrize("suffix", ["", "-my", "-admin"])
async def test_a_token_is_signed_for_the_clouds_own_hosts(cloud, pair, suffix):
    provider, login, files = cloud
    credentials = TwoStepCredentials(
        token=SecretStr(""),
        fields={"clientId": SecretStr("app")},
        client_certificate=pair.pem,
        client_private_key=SecretStr(pair.key_pem),
    )
    host = files.replace("contoso", f"contoso{suffix}")
    sent = await asked(provider, credentials, **({"audience": host} if suffix else {}))
    token_url = f"{login}/{TENANT_ID}/oauth2/v2.0/token"
    assert sent.request.url == token_url
    assert sent.form["scope"] == f"{host}/.default"
    claims = claims_of(sent.form["client_assertion"])
    assert (claims["aud"], claims["iss"], claims["sub"]) == (token_url, "app", "app")


async def test_a_pasted_statement_goes_along_as_it_is(cloud):
    provider, login, files = cloud
    fields = {"clientId": SecretStr("app"), "assertion": SecretStr("a.b.c")}
    sent = await asked(provider, TwoStepCredentials(token=SecretStr(""), fields=fields))
    assert sent.request.url.startswith(f"{login}/{TENANT_ID}/")
    assert sent.form["scope"] == f"{files}/.default"
    assert sent.form["client_assertion"] == "a.b.c"


def test_calls_go_to_the_tenants_api_and_to_no_other_cloud(cloud):
    provider, _, files = cloud
    target = target_of(provider, "_api/web/lists", CONFIG)
    assert (target.url, target.is_audience) == (f"{files}/_api/web/lists", True)
    for _, elsewhere in HOSTS.values():
        if elsewhere != files:
            with pytest.raises(EgressRefused):
                target_of(provider, f"{elsewhere}/_api/web", CONFIG)
