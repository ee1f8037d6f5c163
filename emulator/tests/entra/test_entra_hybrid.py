"""Id tokens from the authorize endpoint, alone and beside a code; hints; the way out."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlsplit

import pytest

from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID


@pytest.fixture
def hybrid(world):
    world.directory.apps[WEB_APP_ID].gives_id_tokens = True


def fragment(response):
    parts = urlsplit(response.headers["location"])
    return dict(parse_qsl(parts.fragment or parts.query))


async def signed_in(browser, **params):
    await browser.authorize(**{"nonce": "n-1", **params})
    await browser.pick("megan")
    return await browser.submit(decision="accept")


async def test_a_code_comes_with_an_id_token(browser, hybrid, claims, megan):
    back = fragment(await signed_in(browser, response_type="code id_token"))
    told = claims(back["id_token"])
    assert (told["aud"], told["nonce"], told["oid"]) == (WEB_APP_ID, "n-1", megan.id)
    half = hashlib.sha256(back["code"].encode()).digest()[:16]
    assert told["c_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (await browser.redeem(back["code"])).status_code == 200


async def test_an_id_token_alone(browser, hybrid, claims, world):
    back = fragment(await signed_in(browser, response_type="id_token", scope="openid profile"))
    assert "code" not in back
    assert "c_hash" not in claims(back["id_token"])
    assert not world.grants.codes


async def test_as_a_form(browser, hybrid):
    page = await signed_in(browser, response_type="code id_token", response_mode="form_post")
    assert 'name="id_token"' in page.text


@pytest.mark.parametrize(
    ("params", "number"),
    [
        ({"nonce": None}, 900144),
        ({"scope": "Sites.Read.All"}, 70005),
        ({"response_mode": "query"}, 70007),
        ({"response_type": "code id_token token"}, 70005),
    ],
)
async def test_what_an_id_token_needs(browser, hybrid, params, number):
    response = await browser.authorize(**{"response_type": "code id_token", "nonce": "n", **params})
    assert fragment(response)["error_description"].startswith(f"AADSTS{number}:")


async def test_a_domain_hint_narrows_the_picker(browser, fabrikam):
    assert "Fred Fox" in (await browser.authorize()).text
    page = await browser.authorize(domain_hint="contoso.onmicrosoft.com")
    assert "Megan Bowen" in page.text
    assert "Fred Fox" not in page.text
    page = await browser.authorize(domain_hint="organizations")  # names no domain
    assert "Fred Fox" in page.text


async def test_the_way_out_keeps_the_state(browser):
    back = "http://127.0.0.1:3003/oauth/callback"
    response = await browser.open(
        f"/{TENANT_ID}/oauth2/v2.0/logout?post_logout_redirect_uri={back}&state=s"
    )
    assert response.headers["location"] == f"{back}?state=s"


async def test_a_persons_token_says_all_that_is_documented(browser, claims, world, megan):
    access = claims((await browser.signed_in(scope="User.Read openid profile"))["access_token"])
    # access-token-claims-reference: the claims of v1.0 tokens that have a value here
    assert access.keys() >= {
        "aud", "iss", "iat", "nbf", "exp", "aio", "acr", "amr", "appid", "appidacr", "name", "scp",
        "wids", "sub", "oid", "tid", "unique_name", "upn", "uti", "rh", "ver", "ipaddr",
        "family_name", "given_name", "idtyp",
    }  # fmt: skip
    assert access.keys().isdisjoint({"azp", "azpacr", "preferred_username", "roles"})
    megan.is_admin = True
    body = await browser.signed_in(scope="User.Read openid profile")
    assert "62e90394-69f5-4237-9190-012177145e10" in claims(body["access_token"])["wids"]
    identity = claims(body["id_token"])
    assert identity.keys() >= {
        "aud", "iss", "iat", "nbf", "exp", "aio", "name", "oid", "preferred_username", "rh", "sub",
        "tid", "uti", "ver",
    }  # fmt: skip


async def test_an_apps_own_token_says_all_that_is_documented(browser, claims):
    response = await browser.token(TENANT_ID, grant_type="client_credentials", scope=".default")
    access = claims(response.json()["access_token"])
    assert access.keys() >= {
        "aud", "iss", "iat", "nbf", "exp", "aio", "appid", "appidacr", "idp", "idtyp", "oid",
        "rh", "sub", "tid", "uti", "ver", "wids",
    }  # fmt: skip
    assert access.keys().isdisjoint({"scp", "upn", "name", "amr", "acr", "unique_name"})


async def test_the_older_endpoint_gives_older_id_tokens(browser, hybrid, claims, megan):
    graph = "https://graph.microsoft.com"
    older = {"v1": True, "scope": None, "resource": graph}
    back = fragment(await signed_in(browser, response_type="code id_token", **older))
    response = await browser.redeem(back["code"], v1=True, resource=graph)
    for token in (back["id_token"], response.json()["id_token"]):
        told = claims(token)
        assert (told["iss"], told["ver"]) == (f"https://sts.windows.net/{TENANT_ID}/", "1.0")
        assert (told["upn"], told["unique_name"]) == (megan.upn, megan.upn)
        assert told["nonce"] == "n-1"
        assert "preferred_username" not in told
