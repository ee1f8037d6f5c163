"""Many calls in few exchanges: answers in any order, each throttled and refused by itself."""

import json

import pytest

from fairlead.errors import ProviderError, Rejected, Throttled, Unavailable
from fairlead.sdk.testing import Exchange
from fairlead.sdk.testing.replay import ReplayedResponse
from fairlead_microsoft.graph.batch import MOST_CALLS, read_many

ROOT = "https://graph.microsoft.com"
REFUSAL = {"error": {"code": "activityLimitReached", "message": "Too many."}}


class Vendor:
    """Answers each call of a batch as it is told, the last call first."""

    def __init__(self):
        self.asked, self.waits, self.refusals = [], [], {}

    def refuses(self, path, *answers):
        self.refusals[path] = list(answers)

    async def call(self, request):
        calls = json.loads(request.body)["requests"]
        self.asked.append([one["url"] for one in calls])
        responses = [self.answer(one) for one in reversed(calls)]
        exchange = Exchange(url=request.url, method="POST", body={"responses": responses})
        return ReplayedResponse(exchange, request)

    def answer(self, call):
        left = self.refusals.get(call["url"])
        if left:
            status, headers = left.pop(0)
            return {"id": call["id"], "status": status, "headers": headers, "body": REFUSAL}
        return {"id": call["id"], "status": 200, "headers": {}, "body": {"of": call["url"]}}

    async def sleep(self, seconds):
        self.waits.append(seconds)

    async def read(self, *paths):
        whole = [f"/v1.0{path}" for path in paths]
        return await read_many(self.call, ROOT, whole, sleep=self.sleep)


@pytest.fixture
def vendor():
    return Vendor()


async def test_answers_come_back_in_the_order_of_the_paths(vendor):
    paths = [f"/items/{number}" for number in range(MOST_CALLS + 3)]
    assert await vendor.read(*paths) == [{"of": path} for path in paths]
    assert [len(one) for one in vendor.asked] == [MOST_CALLS, 3]


async def test_only_what_was_throttled_is_asked_again_after_the_longest_wait(vendor):
    vendor.refuses("/b", (429, {"Retry-After": "4"}))
    vendor.refuses("/c", (429, {"Retry-After": "9", "RateLimit-Reset": "11"}))
    vendor.refuses("/d", (503, {"Retry-After": "2"}))
    found = await vendor.read("/a", "/b", "/c", "/d", "/e")
    assert found == [{"of": path} for path in ("/a", "/b", "/c", "/d", "/e")]
    assert vendor.asked == [["/a", "/b", "/c", "/d", "/e"], ["/b", "/c", "/d"]]
    assert vendor.waits == [11]


async def test_one_that_does_not_say_how_long_is_asked_again_soon(vendor):
    vendor.refuses("/a", (503, {}))
    assert await vendor.read("/a") == [{"of": "/a"}]
    assert vendor.waits == [1]


async def test_what_stays_throttled_is_raised(vendor):
    vendor.refuses("/b", *[(429, {"Retry-After": "3"})] * 3)
    with pytest.raises(Throttled) as told:
        await vendor.read("/a", "/b")
    assert told.value.retry_after == 3
    assert vendor.asked == [["/a", "/b"], ["/b"], ["/b"]]


async def test_what_is_refused_stands_in_its_place(vendor):
    vendor.refuses("/b", (404, {}))
    vendor.refuses("/c", *[(503, {})] * 3)
    first, second, third = await vendor.read("/a", "/b", "/c")
    assert first == {"of": "/a"}
    assert isinstance(second, Rejected)
    assert second.provider_status == 404
    assert isinstance(third, Unavailable)


async def test_nothing_is_asked_for_nothing(vendor):
    assert await vendor.read() == []
    assert vendor.asked == []


async def test_an_answer_that_leaves_one_out_is_an_error(vendor):
    vendor.answer = lambda call: {"id": "99", "status": 200, "body": {}}
    with pytest.raises(ProviderError) as told:
        await vendor.read("/a")
    assert told.value.code == "unexpected_reply"
