"""A key that is made here: registered, accepted, replaced while it signs, retired."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fairlead.connect.expiry import ExpiryWatch
from fairlead.model.clock import ManualClock
from fairlead.store import outbox
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID

KEY = "v1"
PATH = f"/integrations/{KEY}/certificates"


async def integration(walk: Any, provider: str = "sharepoint-online-v1") -> None:
    await walk.post("/integrations", {"provider": provider, "unique_key": KEY})


async def made(walk: Any, **body: Any) -> dict[str, Any]:
    answer = await walk.post(PATH, body)
    return dict(answer["data"])


def register(walk: Any, *certificates: str, app: str = DAEMON_APP_ID) -> None:
    """Do what the operator does at the vendor."""
    walk.cloud.world.directory.apps[app].certificates = [
        x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
        for pem in certificates
    ]


async def connect(walk: Any, **body: Any) -> httpx.Response:
    session = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}})
    query = {
        "connect_session_token": session["data"]["token"],
        "params[tenantId]": TENANT_ID,
        "params[tenantName]": "contoso",
    }
    url = f"{walk.fairlead.url}/auth/two-step/{KEY}"
    answer: httpx.Response = await walk.browser.post(
        url, params=query, json={"clientId": DAEMON_APP_ID} | body
    )
    return answer


async def refreshed(walk: Any, connection_id: str) -> httpx.Response:
    query = {"provider_config_key": KEY, "force_refresh": "true"}
    answer: httpx.Response = await walk.product.get(f"/connections/{connection_id}", params=query)
    return answer


async def states(walk: Any) -> dict[str, str]:
    return {each["id"]: each["state"] for each in (await walk.get(PATH))["data"]}


async def test_from_the_first_key_to_the_third(walk: Any) -> None:
    await integration(walk)
    # without any proof there is nothing to connect with
    assert (await connect(walk)).json()["error"]["code"] == "invalid_body"
    first = await made(walk, common_name="nightly", days=90)
    assert (first["state"], first["connection_id"]) == ("next", None)
    assert "PRIVATE" not in str(first)
    public = x509.load_pem_x509_certificate(first["certificate"].encode())
    assert public.subject.rfc4514_string() == "CN=nightly"
    assert public.not_valid_after_utc - public.not_valid_before_utc < timedelta(days=91)
    # not registered yet
    refused = await connect(walk)
    assert refused.json()["error"]["cause"] == "certificate_not_registered"
    register(walk, first["certificate"])
    answer = await connect(walk)
    assert answer.status_code == 200, answer.text
    connection_id = answer.json()["connectionId"]
    assert await states(walk) == {first["id"]: "active"}
    headers = {"Provider-Config-Key": KEY, "Connection-Id": connection_id}
    web = await walk.product.get("/proxy/_api/web", headers=headers)
    assert web.status_code == 200, web.text

    # the next one is made while the first signs
    second = await made(walk)
    assert (await refreshed(walk, connection_id)).status_code == 200
    assert await states(walk) == {second["id"]: "next", first["id"]: "active"}
    answer = await walk.product.post(f"{PATH}/{second['id']}/activate", json={})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (424, "key_not_accepted")
    assert second["thumbprint"] in error["message"]
    assert (await states(walk))[first["id"]] == "active"
    # registered beside the first: it is asked for, and takes over
    register(walk, first["certificate"], second["certificate"])
    answer = await walk.post(f"{PATH}/{second['id']}/activate", {})
    assert answer["data"]["state"] == "active"
    assert await states(walk) == {second["id"]: "active", first["id"]: "previous"}
    # somebody removes the new one: the old one still serves
    register(walk, first["certificate"])
    assert (await refreshed(walk, connection_id)).status_code == 200
    register(walk, second["certificate"])
    assert (await refreshed(walk, connection_id)).status_code == 200
    answer = await walk.product.post(f"{PATH}/{second['id']}/retire", json={})
    assert answer.json()["error"]["code"] == "key_in_use"
    retired = await walk.post(f"{PATH}/{first['id']}/retire", {})
    assert retired["data"]["state"] == "retired"
    answer = await walk.product.post(f"{PATH}/{first['id']}/activate", json={})
    assert answer.status_code == 409

    # a third, by itself: a renewal finds that it is accepted
    third = await made(walk)
    register(walk, second["certificate"], third["certificate"])
    assert (await refreshed(walk, connection_id)).status_code == 200
    assert (await states(walk))[third["id"]] == "active"
    told = await refreshed(walk, connection_id)
    assert "PRIVATE KEY" not in told.text
    assert "client_certificate" not in told.json()["credentials"]


async def test_a_pasted_certificate_is_followed_by_a_key_of_ours(walk: Any, pair: Any) -> None:
    await integration(walk)
    register(walk, pair.pem)
    answer = await connect(walk, client_certificate=pair.pem + pair.key_pem)
    connection_id = answer.json()["connectionId"]
    mine = await made(walk, connection_id=connection_id)
    assert mine["connection_id"] == connection_id
    assert (await refreshed(walk, connection_id)).status_code == 200
    register(walk, mine["certificate"])
    # the pasted one is refused now, and the new one was tried a moment ago: it still heals
    assert (await refreshed(walk, connection_id)).status_code == 200
    assert await states(walk) == {mine["id"]: "active"}
    register(walk)
    refused = await refreshed(walk, connection_id)
    assert refused.status_code == 424
    assert refused.json()["error"]["payload"]["cause"] == "certificate_not_registered"


async def test_users_sign_in_with_a_key_instead_of_a_secret(walk: Any) -> None:
    await walk.set_up()
    key = (await walk.post("/integrations/sp/certificates", {}))["data"]
    walk.cloud.world.directory.apps[WEB_APP_ID].secrets.clear()
    register(walk, key["certificate"], app=WEB_APP_ID)
    made = await walk.connect()
    query = {"provider_config_key": "sp", "force_refresh": "true"}
    answer = await walk.product.get(f"/connections/{made['connection_id']}", params=query)
    assert answer.status_code == 200, answer.text
    [shown] = (await walk.get("/integrations/sp/certificates"))["data"]
    assert (shown["state"], shown["refusal"]) == ("active", None)


async def test_alarms(walk: Any) -> None:
    await integration(walk)
    first = await made(walk, days=60)
    register(walk, first["certificate"])
    await connect(walk)
    services = walk.fairlead.services
    clock = ManualClock(services.clock.now())
    watch = ExpiryWatch(services.db, services.vault, services.registry, clock, services.new_id)
    told: dict[str, Any] = {}
    for days in (29, 2, 15, 8, 6):
        clock.advance(timedelta(days=days))
        await watch.look()
        await watch.look()
        async with services.db.write() as tx:
            due = await outbox.claim(tx, clock.now(), 100)
        # what is not delivered comes up again
        told |= {event.id: event.payload for event, _ in due}
    seen = [payload for payload in told.values() if payload["operation"] == "expiry"]
    assert [each["expiry"]["daysLeft"] for each in seen] == [29, 14, 6, 0]
    last = seen[-1]
    assert (last["type"], last["success"], last["connectionId"]) == ("auth", False, None)
    assert last["error"]["type"] == "certificate_expires"
    assert first["thumbprint"] in last["error"]["description"]
    assert last["expiry"]["keyId"] == first["id"]
    shown = (await walk.get(f"/integrations/{KEY}"))["data"]
    assert shown["warnings"] == [
        {
            "type": "certificate_expires",
            "key_id": first["id"],
            "expires_at": first["expires_at"],
        }
    ]
    # a new key signs: the warning goes without a word
    second = await made(walk, days=365)
    register(walk, first["certificate"], second["certificate"])
    await walk.post(f"{PATH}/{second['id']}/activate", {})
    await watch.look()
    assert "warnings" not in (await walk.get(f"/integrations/{KEY}"))["data"]


@pytest.mark.parametrize(
    ("body", "code"), [({"days": 0}, "invalid_body"), ({"days": 2000}, "invalid_body")]
)
async def test_what_cannot_be_made(walk: Any, body: Any, code: str) -> None:
    await integration(walk)
    answer = await walk.product.post(PATH, json=body)
    assert answer.json()["error"]["code"] == code
    assert (await walk.product.post(f"{PATH}/x/retire", json={})).status_code == 404
    missing = await walk.product.post(PATH, json={"connection_id": "nobody"})
    assert missing.status_code == 404
    await walk.post("/integrations", {"provider": "private-api-basic", "unique_key": "b"})
    answer = await walk.product.post("/integrations/b/certificates", json={})
    assert answer.json()["error"]["code"] == "invalid_auth_mode"
