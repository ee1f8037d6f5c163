"""Webhooks of lists: renewal, expiry, retries.

https://learn.microsoft.com/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks
"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from m365sim.notify.post import Answer

LIBRARY = "web/lists/getbytitle('Documents')"
FILES = "web/GetFolderByServerRelativePath(decodedurl='/sites/marketing/Shared Documents')/Files"
HOOK = {"notificationUrl": "http://127.0.0.1:9/h", "clientState": "s3cret"}


@pytest.fixture
def receiver(world):
    """A receiver that can be told what to answer; it holds what came."""

    class Receiver:
        def __init__(self):
            self.status, self.came = 200, []

        async def __call__(self, url, _, body):
            token = parse_qs(urlsplit(url).query).get("validationtoken")
            if token:
                return Answer(200, "text/plain", token[0].encode())
            self.came.append(body)
            return Answer(self.status)

    made = Receiver()
    world.notify.post = made
    return made


async def change(api, name):
    await api.post(f"{FILES}/add(url='{name}')", content=b"x")


async def test_five_retries_five_minutes_apart_and_then_dropped(api, world, receiver):
    await api.post(f"{LIBRARY}/subscriptions", 201, json=HOOK)
    receiver.status = 500
    await change(api, "a.txt")
    await world.notify.pump()
    for round_ in range(1, 6):
        world.clock.advance(timedelta(minutes=4))
        await world.notify.pump()
        assert len(receiver.came) == round_  # not before five minutes
        world.clock.advance(timedelta(minutes=1))
        await world.notify.pump()
        assert len(receiver.came) == round_ + 1
    world.clock.advance(timedelta(hours=1))
    await world.notify.pump()
    assert len(receiver.came) == 6
    assert world.notify.counts["given up"] == 1
    receiver.status = 200  # later ones are tried all the same
    api.as_user("AllSites.FullControl")
    await change(api, "b.txt")
    assert await world.notify.pump() == 1
    (poke,) = orjson.loads(receiver.came[-1])["value"]
    assert set(poke) == {
        "subscriptionId", "clientState", "expirationDateTime", "resource", "tenantId",
        "siteUrl", "webId",
    }  # fmt: skip
    assert poke["clientState"] == "s3cret"
    assert poke["expirationDateTime"].endswith(".0000000Z")


async def test_renewal_and_expiry(api, world, receiver):
    end = (world.clock.now() + timedelta(days=1)).isoformat()
    body = {"parameters": {**HOOK, "expirationDateTime": end, "resource": "ignored"}}
    made = await api.post(f"{LIBRARY}/subscriptions/Add", json=body)
    place = f"{LIBRARY}/subscriptions('{made['id']}')"
    late = (world.clock.now() + timedelta(days=200)).isoformat()
    assert (await api.call("PATCH", place, json={"expirationDateTime": late})).status_code == 400
    more = (world.clock.now() + timedelta(days=3)).isoformat()
    assert (await api.call("PATCH", place, json={"expirationDateTime": more})).status_code == 204
    world.clock.advance(timedelta(days=2))
    api.as_user("AllSites.FullControl")
    await change(api, "a.txt")
    assert await world.notify.pump() == 1
    world.clock.advance(timedelta(days=2))
    api.as_user("AllSites.FullControl")
    await api.get(place, 404)
    await change(api, "b.txt")
    assert await world.notify.pump() == 0


async def test_ending_by_name(api, receiver):
    made = await api.post(f"{LIBRARY}/subscriptions", 201, json=HOOK)
    await api.post(f"{LIBRARY}/subscriptions/Remove(subscriptionId='{made['id']}')")
    await api.post(f"{LIBRARY}/subscriptions/Remove(subscriptionId='{made['id']}')", 404)
    again = await api.post(f"{LIBRARY}/subscriptions", 201, json=HOOK)
    place = f"{LIBRARY}/subscriptions/getById('{again['id']}')"
    await api.post(f"{place}/Update", 204, json={"parameters": {"clientState": "t"}})
    assert (await api.get(place))["clientState"] == "t"
    await api.post(f"{place}/Delete", 204)
    assert (await api.get(f"{LIBRARY}/subscriptions"))["value"] == []


async def test_all_that_happens_to_items_is_told(api, world, receiver):
    """Added, updated, deleted, checked in and out, attachments, moved, versions deleted."""
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    boats = "web/lists/getbytitle('Boats')"
    await api.post(f"{boats}/items", 201, json={"Title": "Sloop"})
    for place in (LIBRARY, boats):
        await api.post(f"{place}/subscriptions", 201, json=HOOK)
    await world.notify.pump()
    await change(api, "a.txt")
    file = f"{FILES}('a.txt')"
    item = f"{boats}/items(1)"
    for path, content in (
        (f"{file}/CheckOut", b""),
        (f"{file}/CheckIn(comment='',checkintype=1)", b""),
        (f"{item}/AttachmentFiles/add(FileName='x.txt')", b"x"),
        (f"{item}/AttachmentFiles('x.txt')/RecycleObject", b""),
        (f"{file}/MoveTo(newurl='/sites/marketing/Shared Documents/b.txt',flags=0)", b""),
        (f"{item}/recycle", b""),
    ):
        await world.notify.pump()
        before = len(receiver.came)
        await api.post(path, content=content)
        await world.notify.pump()
        assert len(receiver.came) == before + 1, path
