"""One page ahead: whoever asks gets it, its error too; what nobody asks for is given up."""

import asyncio

import pytest

from fairlead_microsoft.graph.ahead import Ahead


class Vendor:
    """Answers when told to, and notes what was asked and given up."""

    def __init__(self):
        self.asked, self.given_up = [], []
        self.may_answer = asyncio.Event()

    async def fetch(self, url):
        self.asked.append(url)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up.append(url)
            raise
        if url == "bad":
            raise ValueError(url)
        return f"page of {url}"


@pytest.fixture
def vendor():
    return Vendor()


async def test_a_page_is_asked_for_once(vendor):
    async with Ahead(vendor.fetch) as pages:
        pages.begin("a")
        await asyncio.sleep(0)
        assert vendor.asked == ["a"]
        vendor.may_answer.set()
        assert await pages.get("a") == "page of a"
        # the second time it is a fresh one
        assert await pages.get("a") == "page of a"
    assert vendor.asked == ["a", "a"]


async def test_its_error_comes_when_it_is_asked_for(vendor):
    vendor.may_answer.set()
    async with Ahead(vendor.fetch) as pages:
        pages.begin("bad")
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="bad"):
            await pages.get("bad")


async def test_another_page_than_the_one_begun(vendor):
    async with Ahead(vendor.fetch) as pages:
        pages.begin("a")
        await asyncio.sleep(0)
        asking = asyncio.create_task(pages.get("b"))
        vendor.may_answer.set()
        assert await asking == "page of b"
    assert vendor.given_up == ["a"]


@pytest.mark.parametrize("url", ["a", "bad"])
async def test_what_nobody_asks_for_is_given_up(vendor, url):
    async with Ahead(vendor.fetch) as pages:
        pages.begin(url)
        await asyncio.sleep(0)
    assert vendor.given_up == [url]
    # nor is it a complaint if it ended before
    vendor.may_answer.set()
    async with Ahead(vendor.fetch) as pages:
        pages.begin(url)
        await asyncio.sleep(0.001)


async def test_whoever_is_cancelled_takes_the_fetch_along(vendor):
    async with Ahead(vendor.fetch) as pages:
        pages.begin("a")
        asking = asyncio.create_task(pages.get("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert vendor.given_up == ["a"]
