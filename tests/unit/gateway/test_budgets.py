"""A process's share of an allowance, on a database, in time that only waits move."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_vendor import FakeResponse

from fairlead.errors import Throttled
from fairlead.gateway.budgets import Budgets
from fairlead.model.budget import Allowance, Priority, Told, Toll
from fairlead.model.exchange import Request
from fairlead.store.database import Database

TENANT = {"tenantId": "t1"}


def toll(request):
    path = request.url.rpartition("/")[2]
    if path == "free":
        return Toll(0)
    return Toll(5, Priority.PERMISSIONS) if path == "dear" else Toll(1, Priority.CHANGES)


ALLOWANCE = Allowance(
    name="acme",
    toll=toll,
    account="tenantId",
    limits=(1_000, 2_000),
    limit_header="x-limit",
    remaining_header="x-left",
    reset_header="x-reset",
)


def sleeper(door):
    """Return a sleep that moves time for who waits; the keepers' sleeps wait for the test."""
    released = asyncio.Event()

    async def sleep(seconds):
        if asyncio.current_task().get_name() == "budget":
            await released.wait()
        else:
            await door._sleep(seconds)

    sleep.released = released
    return sleep


async def until(is_so):
    """Let the others run until it is so."""
    for _ in range(100_000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never was")


@pytest.fixture
async def two_doors(make_door, sqlite_url):
    """Two processes with a database in common, and one clock."""
    opened = []
    for _ in range(2):
        door = make_door(config=TENANT, allowance=ALLOWANCE)
        db = await Database.open(sqlite_url)
        if opened:
            door.clock = opened[0].clock
            door.gateway._clock = door.clock
        door.sleep = sleeper(door)
        door.budgets = Budgets(db, door.clock, sleep=door.sleep)
        door.gateway._budgets = door.budgets
        door.db = db
        opened.append(door)
    # the vendor has spoken of its limit before
    share = opened[0].budgets.share(ALLOWANCE, opened[0].connection, None)
    share.heard(Told(1_000, 1_000, opened[0].clock.now()))
    async with share._turn:
        await share._settle({})
    opened[0].budgets._shares.clear()
    opened[0].clock.advance(timedelta(seconds=10))
    yield opened
    for door in opened:
        await door.budgets.close()
        await door.db.close()


@pytest.fixture
def paid(two_doors):
    return two_doors[0]


def answers(door, *given):
    left = list(given)
    door.transport.answer = lambda request: left.pop(0) if left else FakeResponse(200)


async def patient(door, url="/x", **options):
    waits = []
    send = door.gateway.sender(
        door.connection,
        lambda: None,
        on_wait=lambda seconds, why: waits.append(seconds),
        is_patient=True,
    )
    return await send(Request(url=url, **options)), waits


async def test_who_is_patient_waits_for_units(paid):
    for _ in range(40):
        await patient(paid)
    before = paid.clock.now()
    for _ in range(100):
        await patient(paid)
    gone = (paid.clock.now() - before).total_seconds()
    # 1,000 a minute, of which 92 in 100 are spent; 40 were saved up, less what is kept for others
    assert 5 < gone < 7.5
    assert len(paid.transport.sent) == 140


async def test_what_one_process_spends_the_other_cannot(two_doors):
    first, second = two_doors
    for _ in range(32):
        await patient(first)
    assert not first.waits
    await patient(second)
    assert second.waits


async def test_what_is_not_used_comes_back_within_a_second(two_doors):
    first, second = two_doors
    await patient(first)
    # from the second on, a few are taken in advance
    await patient(first)
    share = next(iter(first.budgets._shares.values()))
    assert sum(share._hand.values()) > 0
    first.sleep.released.set()
    await until(lambda: not share.is_busy)
    before = second.clock.now()
    for _ in range(30):
        await patient(second)
    assert second.clock.now() == before


async def test_a_refusal_of_one_holds_all(two_doors):
    first, second = two_doors
    await patient(second)
    answers(first, FakeResponse(429, headers={"Retry-After": "30"}))
    assert (await first.send(Request(url="/x"))).status == 429
    second.clock.advance(timedelta(seconds=10))
    _, waits = await patient(second)
    assert waits == [20]
    _, waits = await patient(first)
    assert not waits


async def test_a_patient_caller_never_hears_that_it_was_throttled(paid):
    refusals = [FakeResponse(429, headers={"Retry-After": "900"}) for _ in range(8)]
    answers(paid, *refusals)
    answer, waits = await patient(paid)
    assert answer.status == 200
    assert sum(waits) == 8 * 900


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}])
async def test_a_vendor_that_is_out_of_order_is_not_asked_for_ever(paid, headers):
    answers(paid, *(FakeResponse(503, headers=headers) for _ in range(20)))
    answer, _ = await patient(paid)
    assert answer.status == 503
    assert len(paid.transport.sent) == 6


async def test_others_are_told_when_the_wait_is_too_long(two_doors):
    first, second = two_doors
    answers(first, FakeResponse(429, headers={"Retry-After": "900"}))
    await first.send(Request(url="/x"))
    with pytest.raises(Throttled) as told:
        await second.gateway.sender(second.connection, lambda: None)(Request(url="/x"))
    assert told.value.retry_after == 900
    assert not second.transport.sent


async def test_who_waits_for_an_answer_comes_first(two_doors):
    first, second = two_doors
    # as much as may be spent on permissions
    for _ in range(3):
        await patient(first, "/dear")
    before = second.clock.now()
    for _ in range(24):
        answer = await second.gateway.sender(second.connection, lambda: None)(Request(url="/x"))
        assert answer.status == 200
    assert second.clock.now() == before
    with_permissions = await patient(second, "/dear")
    assert with_permissions[1]


async def test_a_proxied_call_is_counted_and_never_waits(two_doors):
    first, second = two_doors
    for _ in range(60):
        await first.send(Request(url="/x"))
    assert not first.waits
    first.sleep.released.set()
    share = next(iter(first.budgets._shares.values()))
    await until(lambda: not share.is_busy)
    _, waits = await patient(second)
    # 20 more than were saved up, and the part that is kept for who waits
    assert sum(waits) == pytest.approx((20 + 8 + 1) * 60 / 920, abs=0.5)


async def test_what_answers_tell_is_told_to_all(two_doors):
    first, second = two_doors
    told = {"X-Limit": "1000", "X-Left": "1", "X-Reset": "8"}
    answers(first, FakeResponse(200, headers=told))
    await patient(first)
    first.sleep.released.set()
    share = next(iter(first.budgets._shares.values()))
    await until(lambda: not share.is_busy)
    await patient(second)
    _, waits = await patient(second)
    assert sum(waits) == pytest.approx(8, abs=0.3)


async def test_what_costs_nothing_and_who_has_no_account_is_not_counted(paid):
    answers(paid)
    await patient(paid, "/free")
    paid.connection = paid.connection.model_copy(update={"connection_config": {}})
    await patient(paid, "/x")
    assert not paid.waits
    assert all(share._purse is None for share in paid.budgets._shares.values())


async def test_apps_and_tenants_have_purses_of_their_own(paid):
    for _ in range(32):
        await patient(paid)
    before = paid.clock.now()
    paid.connection = paid.connection.model_copy(update={"connection_config": {"tenantId": "t2"}})
    # of which nothing is known, so nothing is held back
    for _ in range(200):
        await patient(paid)
    assert paid.clock.now() == before


async def test_a_wait_can_be_cancelled(paid):
    share = paid.budgets.share(ALLOWANCE, paid.connection, None)
    await share.refused(600)
    task = asyncio.create_task(share.take(Toll(1), lambda seconds: None))
    paid.sleep.released.clear()
    paid.budgets.sleep = lambda seconds: asyncio.Event().wait()
    await until(lambda: share._awaited[Priority.CONTENT])
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert not share._awaited[Priority.CONTENT]


async def test_the_app_is_the_integrations_whatever_the_provider(paid, two_doors):
    first, second = two_doors
    second.connection = second.connection.model_copy(update={"integration_id": 2})
    # neither integration is stored, so both have the app "": one purse
    for _ in range(32):
        await patient(first)
    await patient(second)
    assert second.waits
    other = replace(ALLOWANCE, name="other")
    assert second.budgets.share(other, second.connection, None) is not None
