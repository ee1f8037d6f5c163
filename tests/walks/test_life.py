"""The life of a connection: what its end user's side does to it, who is told, and the way back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from m365sim.entra.contoso import WEB_APP_ID

PERSON = "megan@contoso.onmicrosoft.com"
FORCED = {"provider_config_key": "sp", "force_refresh": "true"}


def _revoke(cloud: Any) -> None:
    world = cloud.world
    world.directory.revoke_sessions(world.directory.user_by_upn(PERSON), world.clock.now())


def _disable(cloud: Any) -> None:
    cloud.world.directory.user_by_upn(PERSON).enabled = False


def _withdraw(cloud: Any) -> None:
    cloud.world.directory.withdraw_consent(cloud.world.tenant.id, WEB_APP_ID)


async def faults(walk: Any, connection_id: str) -> list[dict[str, Any]]:
    """What is wrong with the connection, as both ways of reading it tell."""
    [listed] = [
        each
        for each in (await walk.get("/connections"))["connections"]
        if each["connection_id"] == connection_id
    ]
    read = await walk.get(f"/connections/{connection_id}", provider_config_key="sp")
    assert read["errors"] == listed["errors"]
    return list(read["errors"])


@pytest.mark.parametrize(
    ("happens", "code", "who_acts"),
    [
        (_revoke, "grant_revoked", "the end user must connect again"),
        (_disable, "account_disabled", "administrator must enable it"),
        (_withdraw, "consent_required", "the end user must connect again"),
    ],
)
async def test_a_grant_ends_and_the_person_comes_back(
    walk: Any, happens: Callable[[Any], None], code: str, who_acts: str
) -> None:
    await walk.set_up()
    connection_id = (await walk.connect())["connection_id"]
    await walk.settled(connection_id=connection_id)
    await walk.alone(connection_id)
    assert await faults(walk, connection_id) == []

    happens(walk.cloud)
    answer = await walk.product.get(f"/connections/{connection_id}", params=FORCED)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["who"]) == (
        424,
        "invalid_credentials",
        "end user",
    )
    assert who_acts in error["message"]
    [fault] = await faults(walk, connection_id)
    assert (fault["type"], fault["code"]) == ("auth", code)
    assert who_acts in fault["message"]

    walk.cloud.world.directory.user_by_upn(PERSON).enabled = True
    # tokens count whole seconds: what is issued in the second of the revocation is revoked too
    walk.cloud.world.clock.advance(timedelta(seconds=2))
    made = await walk.post(
        "/connect/sessions/reconnect", {"connection_id": connection_id, "integration_id": "sp"}
    )
    page = await walk.submit(await walk.browser.get(made["data"]["connect_link"]))
    if "username" in page.text:
        page = await walk.submit(page, username=PERSON, password="Megan-pass-1")
    if 'name="decision"' in page.text:
        page = await walk.submit(page, decision="accept")
    assert "is connected" in page.text, page.text
    assert await faults(walk, connection_id) == []
    assert (await walk.product.get(f"/connections/{connection_id}", params=FORCED)).is_success
    assert len((await walk.get("/connections"))["connections"]) == 1
