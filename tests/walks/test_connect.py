"""The connect walk: link, sign-in, consent, and back; and what may go wrong on the way."""

from typing import Any

import pytest

from m365sim.entra.contoso import EXPIRED_APP_ID


async def connections(walk: Any) -> list[Any]:
    return list((await walk.get("/connections"))["connections"])


async def test_a_person_connects(walk: Any) -> None:
    await walk.set_up()
    made = await walk.connect()
    assert made["tags"] == {"end_user_id": "megan"}
    assert made["errors"] == []
    read = await walk.get(f"/connections/{made['connection_id']}", provider_config_key="sp")
    assert read["credentials"]["type"] == "OAUTH2"
    assert read["connection_config"]["tenantId"] == walk.cloud.world.tenant.id
    assert "refresh_token" not in str(read)


async def test_credentials_are_renewed_in_time(walk: Any) -> None:
    await walk.connected()
    first = await walk.get("/connections/walk", provider_config_key="sp")
    again = await walk.get("/connections/walk", provider_config_key="sp", force_refresh="true")
    assert again["credentials"]["access_token"] != first["credentials"]["access_token"]


async def test_cancelled_consent(walk: Any) -> None:
    await walk.set_up()
    page = await walk.submit(await walk.consent_page(), decision="cancel")
    assert page.status_code == 400
    assert "cancelled or refused" in page.text
    assert 'href="/connect/?session_token=' in page.text
    assert await connections(walk) == []


async def test_an_administrator_must_approve(walk: Any) -> None:
    await walk.set_up()
    page = await walk.consent_page("adele")
    assert "admin approval" in page.text
    page = await walk.submit(page, decision="cancel")
    assert page.status_code == 202
    assert "Waiting for an administrator" in page.text


async def test_expired_client_secret(walk: Any) -> None:
    app = walk.cloud.world.directory.apps[EXPIRED_APP_ID]
    app.redirect_uris.append(f"{walk.fairlead.url}/oauth/callback")
    await walk.set_up(client_id=EXPIRED_APP_ID, client_secret="expired-secret~for-tests-only")
    page = await walk.submit(await walk.consent_page(), decision="accept")
    assert page.status_code == 400
    assert "secret" in page.text
    assert "expired-secret" not in page.text
    assert await connections(walk) == []


@pytest.mark.parametrize("status", [500, 503])
async def test_token_endpoint_down(walk: Any, status: int) -> None:
    await walk.set_up()
    page = await walk.consent_page()
    walk.breaks(host="login", path="*/oauth2/v2.0/token*", status=status, count=None)
    page = await walk.submit(page, decision="accept")
    assert page.status_code == 400
    assert "try again" in page.text.lower()
    assert await connections(walk) == []


async def test_the_vendor_takes_the_grant_back(walk: Any) -> None:
    await walk.connected()
    walk.breaks(
        host="login",
        path="*/oauth2/v2.0/token*",
        status=400,
        count=None,
        body='{"error":"invalid_grant","error_description":"AADSTS50173: revoked","error_codes":[50173]}',
    )
    answer = await walk.product.get(
        "/connections/walk", params={"provider_config_key": "sp", "force_refresh": "true"}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["who"]) == (
        424,
        "invalid_credentials",
        "end user",
    )
    assert error["payload"]["connection"]["errors"][0]["type"] == "auth"
