"""What is sent when, what is tried again, and what gets lost."""

from datetime import timedelta
from itertools import pairwise

import pytest

from m365sim.notify import Unreachable
from m365sim.sharing.grantees import everyone
from m365sim.sharing.invitations import invite

URL = "http://127.0.0.1:9/hook"


async def test_a_change_is_told_once_and_names_no_item(world, receiver, subscribe, change, drive):
    one = subscribe()
    assert await world.notify.pump() == 0
    change()
    change()
    assert await world.notify.pump() == 1
    assert await world.notify.pump() == 0
    assert receiver.calls == [
        (
            URL,
            [
                {
                    "subscriptionId": one.id,
                    "subscriptionExpirationDateTime": "2026-06-04T01:00:00Z",
                    "tenantId": world.tenant.id,
                    "clientState": "secret",
                    "changeType": "updated",
                    "resource": f"drives/{drive.id}/root",
                    "resourceData": {"@odata.type": "#Microsoft.Graph.DriveItem"},
                }
            ],
        )
    ]


async def test_notifications_for_one_address_come_together(world, receiver, subscribe, change):
    first, second, third = subscribe(), subscribe(), subscribe("http://127.0.0.1:9/other")
    change()
    assert await world.notify.pump() == 3
    assert [[n["subscriptionId"] for n in several] for _, several in receiver.calls] == [
        [first.id, second.id],
        [third.id],
    ]


async def test_permissions_are_told_to_those_who_asked(world, receiver, subscribe, change, drive):
    subscribe()
    wants = subscribe("http://127.0.0.1:9/security", with_security=True)
    invite(world.sharing, drive, drive.root, [everyone()], ("read",))
    assert await world.notify.pump() == 1
    assert receiver.notifications[0]["subscriptionId"] == wants.id
    change()
    assert await world.notify.pump() == 2


async def test_the_delay_gathers_changes(world, receiver, subscribe, change):
    world.notify.delay = timedelta(seconds=30)
    subscribe()
    change()
    assert await world.notify.pump() == 0
    world.clock.advance(timedelta(seconds=29))
    change()
    assert await world.notify.pump() == 0
    world.clock.advance(timedelta(seconds=1))
    assert await world.notify.pump() == 1
    world.clock.advance(timedelta(minutes=5))
    assert await world.notify.pump() == 0


@pytest.mark.parametrize("how", ["status", "late", "unreachable", "timed out"])
async def test_what_did_not_arrive_is_tried_again(world, receiver, subscribe, change, how):
    subscribe()
    change()
    receiver.status = 500 if how == "status" else 202
    receiver.seconds = 11 if how == "late" else 0.1
    if how in ("unreachable", "timed out"):
        receiver.fails = Unreachable(how)
    assert await world.notify.pump() == 0
    receiver.status, receiver.seconds, receiver.fails = 200, 0.1, None
    assert await world.notify.pump() == 0  # not yet
    world.clock.advance(timedelta(seconds=10))
    assert await world.notify.pump() == 1
    assert world.notify.counts["retries"] == 1
    assert world.notify.outbox == []


async def test_after_four_hours_it_is_given_up(world, receiver, subscribe, change):
    subscribe()
    change()
    receiver.status = 503
    waits = []
    while not world.notify.counts["given up"]:
        before = len(receiver.calls)
        await world.notify.pump()
        if len(receiver.calls) > before:
            waits.append(world.clock.now())
        assert len(receiver.calls) < 50
        world.clock.advance(timedelta(seconds=10))
    gaps = [int((b - a).total_seconds()) for a, b in pairwise(waits)]
    assert gaps[:4] == [10, 20, 40, 80]
    assert max(gaps) == 1800
    assert waits[-1] - waits[0] <= timedelta(hours=4)
    assert world.notify.outbox == []


async def test_a_share_is_dropped_on_purpose(world, receiver, subscribe, change):
    subscribe()
    world.notify.drop = 0.5
    for _ in range(40):
        change()
        await world.notify.pump()
    lost = world.notify.counts["dropped on purpose"]
    assert 10 < lost < 30
    assert len(receiver.calls) == 40 - lost


async def test_a_slow_receiver_waits_and_a_slower_one_loses(world, receiver, subscribe, change):
    subscribe()
    for _ in range(18):
        change()
        await world.notify.pump()
    receiver.seconds = 10.5  # 2 of 20: not more than 10 %
    for _ in range(2):
        change()
        await world.notify.pump()
    world.notify.outbox.clear()
    assert world.notify.receivers.state(URL, world.clock.now()) == "normal"
    change()
    await world.notify.pump()  # 3 of 21: slow
    world.notify.outbox.clear()
    assert world.notify.report()["receivers"] == {"http://127.0.0.1:9": "slow"}
    receiver.seconds = 0.1
    change()
    assert await world.notify.pump() == 0
    world.clock.advance(timedelta(seconds=10))
    assert await world.notify.pump() == 1
    receiver.seconds = 10.5
    change()
    await world.notify.pump()
    world.clock.advance(timedelta(seconds=10))
    await world.notify.pump()
    world.notify.outbox.clear()
    assert world.notify.receivers.state(URL, world.clock.now()) == "drop"
    receiver.seconds = 0.1
    change()
    assert await world.notify.pump() == 0
    assert world.notify.counts["dropped for slowness"] == 1
    world.clock.advance(timedelta(minutes=11))
    assert world.notify.receivers.state(URL, world.clock.now()) == "normal"
    assert await world.notify.pump() == 0  # what was dropped never comes
    change()
    assert await world.notify.pump() == 1


async def test_an_old_subscription_ends_in_silence(world, receiver, subscribe, change):
    one = subscribe(minutes=30)
    assert world.notify.find(one.id) is one
    world.clock.advance(timedelta(minutes=30))
    change()
    assert await world.notify.pump() == 0
    assert world.notify.find(one.id) is None
    assert world.notify.of_app("app") == []
    assert receiver.calls == []


async def test_authorization_is_asked_for_before_the_end(world, receiver, subscribe, change):
    one = subscribe(lifecycle_url="http://127.0.0.1:9/life")
    subscribe()  # without a lifecycle address nobody is asked
    world.clock.advance(timedelta(minutes=539))
    assert await world.notify.pump() == 0
    world.clock.advance(timedelta(minutes=1))
    assert await world.notify.pump() == 1
    assert await world.notify.pump() == 0
    url, (event,) = receiver.calls[0]
    assert url == "http://127.0.0.1:9/life"
    assert event["lifecycleEvent"] == "reauthorizationRequired"
    assert event["subscriptionId"] == one.id
    assert not {"resourceData", "changeType", "resource"} & set(event)
    change()
    assert await world.notify.pump() == 2  # changes are told on for a while
    one.renew(world.clock.now(), world.clock.now() + timedelta(minutes=600))
    assert not one.wants_challenge(world.clock.now())


async def test_who_is_challenged_is_told_nothing_until_authorized(
    world, receiver, subscribe, change
):
    one = subscribe(lifecycle_url="http://127.0.0.1:9/life")
    world.notify.challenge()
    change()
    assert await world.notify.pump() == 1  # the challenge itself
    assert world.notify.counts["lost while paused"] == 1
    one.authorize()
    assert await world.notify.pump() == 0
    change()
    assert await world.notify.pump() == 1
