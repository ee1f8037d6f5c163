"""The provider `sharepoint-online`: data, and what its hooks find out."""

import json
import re
from base64 import urlsafe_b64encode

import pytest

from fairlead.errors import Unavailable
from fairlead.model.provider import Reply, TokenRequest
from fairlead.oauth import audience_of
from fairlead_microsoft import pack, rest_pack
from fairlead_microsoft.account import find_account, identity_of
from fairlead_microsoft.clouds import CLOUDS, GLOBAL, Cloud

CUSTOM = Cloud(
    "custom", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://{tenant}.sp.localhost:3"
)
TID = "0f0f0f0f-1111-2222-3333-444444444444"
OID = "aaaaaaaa-1111-2222-3333-444444444444"


def token(**claims: object) -> str:
    body = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{body}.signature"


def test_provider_of_the_global_cloud():
    provider = pack(GLOBAL).providers["sharepoint-online"]
    tenant = "https://login.microsoftonline.com/${connectionConfig.tenant}/oauth2/v2.0"
    assert provider.authorization_url == f"{tenant}/authorize"
    assert provider.token_url == f"{tenant}/token"
    assert provider.base_url == "https://graph.microsoft.com"
    assert provider.default_scopes == ("offline_access", ".default")
    assert provider.required_scopes == ("offline_access",)
    assert provider.connection_defaults == {"tenant": "organizations"}
    assert provider.pkce is True
    # without a prompt nobody sees a consent page who need not
    assert provider.authorization_params == {"response_mode": "query"}
    # the token must not leave for these
    assert provider.open_origins == ("https://*.sharepoint.com", "https://*.svc.ms")
    assert provider.credential_origins == ()


def test_provider_of_a_custom_cloud():
    provider = pack(CUSTOM).providers["sharepoint-online"]
    assert provider.base_url == "http://127.0.0.1:2"
    assert provider.open_origins == ("http://*.sp.localhost:3",)
    assert provider.default_scopes == ("offline_access", ".default")


def test_microsofts_other_clouds_need_qualified_scopes():
    provider = pack(CLOUDS["gcc-high"]).providers["sharepoint-online"]
    assert provider.default_scopes == ("offline_access", "https://graph.microsoft.us/.default")


@pytest.mark.parametrize(
    ("cloud", "asked", "sent"),
    [
        (GLOBAL, "offline_access .default", "offline_access .default"),
        (
            CLOUDS["china"],
            "offline_access openid Sites.Read.All https://x/.default",
            f"offline_access openid {CLOUDS['china'].graph_url}/Sites.Read.All https://x/.default",
        ),
        (CUSTOM, ".default offline_access", "http://127.0.0.1:2/.default offline_access"),
    ],
)
def test_token_requests_carry_qualified_scopes(cloud, asked, sent):
    hook = pack(cloud).providers["sharepoint-online"].token_request
    request = TokenRequest(url="u", form={"scope": asked, "grant_type": "refresh_token"})
    form = hook(request, {}).form
    assert form["scope"] == sent
    assert form["grant_type"] == "refresh_token"


@pytest.mark.parametrize("audience", ["", "https://contoso.sharepoint.com"])
def test_every_token_request_says_that_claims_challenges_are_answered(audience):
    hook = pack(GLOBAL).providers["sharepoint-online"].token_request
    form = {"grant_type": "refresh_token"}
    sent = hook(TokenRequest(url="u", form=form, audience=audience), {}).form
    assert json.loads(sent["claims"]) == {"access_token": {"xms_cc": {"values": ["cp1"]}}}
    asked = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}, "id_token": {}}
    form |= {"claims": json.dumps(asked)}
    sent = hook(TokenRequest(url="u", form=form, audience=audience), {}).form
    both = {"nbf": asked["access_token"]["nbf"], "xms_cc": {"values": ["cp1"]}}
    assert json.loads(sent["claims"]) == {"access_token": both, "id_token": {}}


@pytest.mark.parametrize(
    ("cloud", "scope"),
    [
        (GLOBAL, "offline_access .default"),
        (CLOUDS["dod"], f"offline_access {CLOUDS['dod'].graph_url}/.default"),
        (CUSTOM, "offline_access .default"),
    ],
)
def test_a_refresh_says_that_it_is_for_graph(cloud, scope):
    """The newest refresh token may have come with a token for SharePoint's own API."""
    hook = pack(cloud).providers["sharepoint-online"].token_request
    assert (
        hook(TokenRequest(url="u", form={"grant_type": "refresh_token"}), {}).form["scope"] == scope
    )
    code = TokenRequest(url="u", form={"grant_type": "authorization_code"})
    assert "scope" not in hook(code, {}).form


def test_identity_is_read_from_the_tokens():
    claims = {"tid": TID, "oid": OID, "upn": "ada@contoso.com"}
    assert identity_of({"access_token": token(**claims)}) == {
        "tenantId": TID,
        "userId": OID,
        "userPrincipalName": "ada@contoso.com",
    }
    opaque = {"access_token": "EwB4A8l6BAAU", "id_token": token(tid=TID, preferred_username="a@b")}
    assert identity_of(opaque) == {"tenantId": TID, "userPrincipalName": "a@b"}


@pytest.mark.parametrize(
    "tokens",
    [
        {},
        {"access_token": None},
        {"access_token": "opaque"},
        {"access_token": "a.b.c"},
        {"access_token": "a.W10.c"},
        {"access_token": token(tid="../../evil", oid=OID)},
        {"access_token": token(tid=7)},
        {"access_token": token(oid=OID)},
    ],
)
def test_tokens_that_tell_nothing(tokens):
    assert identity_of(tokens) == {}


async def connected(answer: Reply | Exception) -> tuple[dict, list[str]]:
    asked: list[str] = []

    async def send(url: str) -> Reply:
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tokens = {"access_token": token(tid=TID, oid=OID)}
    account = await find_account(GLOBAL)(tokens, {}, send)
    return dict(account.connection_config), asked


async def test_graph_tells_the_tenants_host():
    site = {
        "webUrl": "https://contoso.sharepoint.com",
        "siteCollection": {"hostname": "contoso.sharepoint.com"},
    }
    found, asked = await connected(Reply(200, {}, json.dumps(site).encode()))
    assert found == {"tenantId": TID, "userId": OID, "sharepointHost": "contoso.sharepoint.com"}
    assert asked == ["https://graph.microsoft.com/v1.0/sites/root?$select=webUrl,siteCollection"]


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable(),
        Reply(403, {}, b'{"error":{"code":"accessDenied"}}'),
        Reply(200, {}, b"<html>"),
        Reply(200, {}, b"[]"),
        Reply(200, {}, b'{"siteCollection":[]}'),
        Reply(200, {}, b'{"siteCollection":{"hostname":7}}'),
    ],
)
async def test_a_failed_probe_does_not_fail_the_connection(answer):
    found, _ = await connected(answer)
    assert found == {"tenantId": TID, "userId": OID}


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        ("https://graph.microsoft.com/v1.0/me", ""),
        ("https://contoso.sharepoint.com/_api/web", "https://contoso.sharepoint.com"),
        (
            "https://contoso.sharepoint.com/sites/x/_API/v2.0/drives?$top=1",
            "https://contoso.sharepoint.com",
        ),
        (
            "https://contoso-my.sharepoint.com/_vti_bin/client.svc/ProcessQuery",
            "https://contoso-my.sharepoint.com",
        ),
        ("https://contoso-admin.sharepoint.com/_api/x", "https://contoso-admin.sharepoint.com"),
        # whoever has the address needs no token, and must send none
        (
            "https://contoso.sharepoint.com/_api/v2.0/drives/d/items/i/uploadSession?guid=1&tempauth=v1.x",
            None,
        ),
        ("https://contoso.sharepoint.com/_layouts/15/download.aspx?UniqueId=1&tempauth=x", None),
        ("https://contoso.sharepoint.com/download?next=/_api/x", None),
        ("https://contoso.sharepoint.com.evil.example/_api/web", None),
        ("http://contoso.sharepoint.com/_api/web", None),
    ],
)
@pytest.mark.parametrize("name", ["sharepoint-online", "sharepoint-online-oauth2-cc"])
def test_which_token_an_address_gets(name, url, audience):
    assert audience_of(pack(GLOBAL).providers[name], url, {}) == audience


@pytest.mark.parametrize(
    ("grant", "scope"),
    [
        ("refresh_token", "https://contoso.sharepoint.com/.default offline_access"),
        ("client_credentials", "https://contoso.sharepoint.com/.default"),
    ],
)
def test_a_token_for_a_tenant_host(grant, scope):
    shape = pack(GLOBAL).providers["sharepoint-online"].token_request
    asked = TokenRequest(
        "https://x", {"grant_type": grant}, audience="https://contoso.sharepoint.com"
    )
    assert shape(asked, {}).form["scope"] == scope


def test_an_app_must_name_its_tenant():
    field = pack(GLOBAL).providers["sharepoint-online-oauth2-cc"].connection_config["tenantId"]
    for good in (TID, "contoso.onmicrosoft.com"):
        assert re.fullmatch(field.pattern, good)
    for bad in ("organizations", "common", "a/b.c", f"{TID}/x"):
        assert not re.fullmatch(field.pattern, bad)


def test_both_apis_are_paid_from_one_budget():
    (v1,) = rest_pack(GLOBAL).providers.values()
    assert v1.allowance is not None
    assert v1.allowance is pack(GLOBAL).providers["sharepoint-online"].allowance
