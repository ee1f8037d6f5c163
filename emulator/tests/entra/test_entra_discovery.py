import pytest

from m365sim.entra.contoso import TENANT_ID

LOGIN = "https://login.microsoftonline.com"


@pytest.mark.parametrize("path", [TENANT_ID, "contoso.onmicrosoft.com", "Contoso.OnMicrosoft.com"])
async def test_a_tenant_is_described_by_its_id_however_it_was_named(browser, path):
    document = (await browser.open(f"/{path}/v2.0/.well-known/openid-configuration")).json()
    assert document["issuer"] == f"{LOGIN}/{TENANT_ID}/v2.0"
    assert document["token_endpoint"] == f"{LOGIN}/{TENANT_ID}/oauth2/v2.0/token"
    assert document["authorization_endpoint"] == f"{LOGIN}/{TENANT_ID}/oauth2/v2.0/authorize"
    assert document["jwks_uri"] == f"{LOGIN}/{TENANT_ID}/discovery/v2.0/keys"
    assert document["device_authorization_endpoint"].startswith(LOGIN)


@pytest.mark.parametrize("path", ["common", "organizations"])
async def test_of_many_tenants_the_issuer_is_a_template(browser, path):
    document = (await browser.open(f"/{path}/v2.0/.well-known/openid-configuration")).json()
    assert document["issuer"] == f"{LOGIN}/{{tenantid}}/v2.0"
    assert document["token_endpoint"] == f"{LOGIN}/{path}/oauth2/v2.0/token"


async def test_the_older_document_has_the_older_issuer(browser):
    document = (await browser.open(f"/{TENANT_ID}/.well-known/openid-configuration")).json()
    assert document["issuer"] == f"https://sts.windows.net/{TENANT_ID}/"
    assert document["token_endpoint"] == f"{LOGIN}/{TENANT_ID}/oauth2/token"


async def test_an_unknown_tenant_is_refused(browser, refusal):
    response = await browser.open("/nobody.example/v2.0/.well-known/openid-configuration")
    assert refusal(response) == (90002, "invalid_tenant")


@pytest.mark.parametrize("path", ["common/discovery/v2.0/keys", f"{TENANT_ID}/discovery/keys"])
async def test_the_keys_are_public_only(browser, path):
    (key,) = (await browser.open(f"/{path}")).json()["keys"]
    assert key["kty"] == "RSA"
    assert key["kid"] == key["x5t"]
    assert "d" not in key


async def test_instance_discovery_knows_this_host_and_its_aliases(browser):
    endpoint = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    response = await browser.open(
        f"/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}"
    )
    document = response.json()
    assert document["tenant_discovery_endpoint"].startswith(f"{LOGIN}/common/")
    assert "login.microsoftonline.com" in document["metadata"][0]["aliases"]


async def test_instance_discovery_refuses_a_foreign_host(browser):
    response = await browser.open(
        "/common/discovery/instance?api-version=1.1&authorization_endpoint=https://evil.example/common/x"
    )
    assert response.status_code == 400
    assert response.json() == {"error": "invalid_instance"}


async def test_what_is_not_modelled_is_a_404_page(browser):
    response = await browser.open("/common/oauth2/v2.0/nothing")
    assert response.status_code == 404
    assert "<h1>" in response.text


async def test_error_pages_lead_to_the_list_of_numbers(browser):
    response = await browser.open("/error?code=50011")
    assert "AADSTS50011" in response.text
