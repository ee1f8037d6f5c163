"""The browser without a window reads pages as one with a window does."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from fairlead_microsoft.demo.browser import Browser
from fairlead_microsoft.demo.failure import StepFailed

PAGE = """<h1>Pick an <i>account</i></h1><a href="/elsewhere">x</a>
<form method="post" action="/login"><input type="hidden" name="flow" value="f&amp;1">
<input name="password" type="password"><input type="checkbox" name="everyone" value="yes">
<button name="decision" value="accept">Yes</button></form>
<ul><li><b>Read files</b></li></ul>"""


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    async def start(_: web.Request) -> web.Response:
        response = web.Response(status=302, headers={"Location": "/page?a=%2F"})
        response.set_cookie("sid", "1")
        return response

    async def page(request: web.Request) -> web.Response:
        assert request.cookies["sid"] == "1"
        assert request.raw_path == "/page?a=%2F"
        return web.Response(text=PAGE, content_type="text/html")

    async def login(request: web.Request) -> web.Response:
        form = await request.post()
        return web.Response(text=f"<h1>{form['flow']} {form['password']}</h1>")

    async def circle(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/circle"})

    app = web.Application()
    app.router.add_get("/start", start)
    app.router.add_get("/page", page)
    app.router.add_post("/login", login)
    app.router.add_get("/circle", circle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_follows_redirects_keeps_cookies_and_submits(origin: str) -> None:
    browser = Browser()
    page = await browser.open(f"{origin}/start")
    assert page.hops == [f"{origin}/page?a=%2F"]
    assert (page.status, page.heading, page.bold) == (200, "Pick an account", ["Read files"])
    assert page.links == ["/elsewhere"]
    form = page.form_with_field("password")
    assert form is not None
    assert form is page.form_with_button("decision", "accept")
    assert form.fields == {"flow": "f&1", "password": ""}
    answer = await browser.submit(page, form, password="secret")
    assert answer.heading == "f&1 secret"
    await browser.close()


async def test_a_circle_fails_the_step(origin: str) -> None:
    browser = Browser()
    with pytest.raises(StepFailed, match="in circles"):
        await browser.open(f"{origin}/circle")
    await browser.close()
