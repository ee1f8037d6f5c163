"""Apps that act alone, the older endpoint, and the names that APIs have in direct mode."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

GRAPH = "https://graph.microsoft.com"
SHAREPOINT = "https://contoso.sharepoint.com"
DAEMON = {"client_id": DAEMON_APP_ID, "client_secret": "daemon-secret~for-tests-only"}


# -- client credentials


@pytest.mark.parametrize(
    "scope", [f"{GRAPH}/.default", ".default", "00000003-0000-0000-c000-000000000000/.default"]
)
async def test_an_app_by_itself(browser, scope, claims):
    response = await browser.token(
        TENANT_ID, grant_type="client_credentials", scope=scope, **DAEMON
    )
    body = response.json()
    assert set(body) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    access = claims(body["access_token"])
    assert access["aud"] == GRAPH
    assert access["idtyp"] == "app"
    assert "Sites.Read.All" in access["roles"]
    assert "scp" not in access
    assert "upn" not in access


async def test_an_app_by_itself_on_sharepoint(browser, claims):
    response = await browser.token(
        TENANT_ID, grant_type="client_credentials", scope=f"{SHAREPOINT}/.default", **DAEMON
    )
    access = claims(response.json()["access_token"])
    assert (access["aud"], access["appidacr"]) == (SHAREPOINT, "1")


async def test_an_app_that_was_given_nothing_still_gets_a_token(browser, claims):
    response = await browser.token(TENANT_ID, grant_type="client_credentials", scope=".default")
    assert "roles" not in claims(response.json()["access_token"])


@pytest.mark.parametrize(
    ("path", "form", "expected"),
    [
        ("organizations", {}, (9001023, "invalid_request")),
        ("common", {}, (9001023, "invalid_request")),
        (TENANT_ID, {"scope": None}, (900144, "invalid_request")),
        (TENANT_ID, {"scope": "Sites.Read.All"}, (1002012, "invalid_scope")),
        (TENANT_ID, {"scope": f"{GRAPH}/.default openid"}, (70011, "invalid_scope")),
        (TENANT_ID, {"scope": "https://api.example/.default"}, (500011, "invalid_resource")),
        (
            TENANT_ID,
            {"scope": "https://fabrikam.sharepoint.com/.default"},
            (500011, "invalid_resource"),
        ),
    ],
)
async def test_an_app_asks_wrongly(browser, fabrikam, refusal, path, form, expected):
    response = await browser.token(
        path, **{"grant_type": "client_credentials", "scope": ".default", **form}
    )
    assert refusal(response) == expected


async def test_an_app_where_nobody_brought_it(browser, fabrikam, refusal):
    response = await browser.token(fabrikam.id, grant_type="client_credentials", scope=".default")
    assert refusal(response) == (700016, "unauthorized_client")


# -- the older endpoint


async def test_the_older_endpoint_names_a_resource_and_spells_numbers_as_strings(
    browser, world, answer, claims
):
    await browser.authorize(v1=True, scope=None, resource=SHAREPOINT)
    await browser.pick("megan")
    code = answer(await browser.submit(decision="accept"))["code"]
    response = await browser.token(
        v1=True, grant_type="authorization_code", code=code, resource=SHAREPOINT,
        redirect_uri="http://127.0.0.1:3003/oauth/callback",
    )  # fmt: skip
    body = response.json()
    assert isinstance(body["expires_in"], str)
    assert int(body["expires_on"]) - int(world.clock.now().timestamp()) == int(body["expires_in"])
    assert isinstance(body["not_before"], str)
    assert body["resource"] == SHAREPOINT
    assert claims(body["access_token"])["aud"] == SHAREPOINT
    again = await browser.token(
        v1=True, grant_type="refresh_token", refresh_token=body["refresh_token"], resource=GRAPH
    )
    assert claims(again.json()["access_token"])["aud"] == GRAPH


async def test_the_older_endpoint_for_an_app_by_itself(browser, refusal, claims):
    form = {"grant_type": "client_credentials", **DAEMON}
    body = (await browser.token(TENANT_ID, v1=True, resource=f"{GRAPH}/", **form)).json()
    assert claims(body["access_token"])["idtyp"] == "app"
    response = await browser.token(TENANT_ID, v1=True, **form)
    assert refusal(response) == (900144, "invalid_request")


# -- direct mode


async def test_configured_origins_are_resources_too(browser, world, claims):
    from m365sim.world import Urls

    world.urls = Urls.on_ports(4300, 4301, 4302)
    for resource, audience in (
        ("http://127.0.0.1:4301", GRAPH),
        ("http://contoso.localhost:4302", SHAREPOINT),
        ("http://127.0.0.1:4302", SHAREPOINT),
        ("http://contoso-my.localhost:4302", "https://contoso-my.sharepoint.com"),
    ):
        response = await browser.token(
            TENANT_ID, grant_type="client_credentials", scope=f"{resource}/.default", **DAEMON
        )
        assert claims(response.json()["access_token"])["aud"] == audience
