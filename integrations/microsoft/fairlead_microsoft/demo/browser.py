"""A browser without a window: follows redirects, keeps cookies, reads pages, submits forms.

It does what a person does in the authorization-code flow
(https://www.rfc-editor.org/rfc/rfc6749#section-4.1): sign in, agree, come back.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from fairlead_microsoft.demo.failure import StepFailed

#: hops of one click
MAX_HOPS = 10


@dataclass(slots=True)
class Form:
    """One form of a page."""

    action: str
    #: name -> value, as the page filled them
    fields: dict[str, str] = field(default_factory=dict)
    #: (name, value) of each button
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """Where a click ended, and the redirects on the way."""

    url: str
    status: int
    hops: list[str]
    heading: str = ""
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    #: texts in bold, list items' titles among them
    bold: list[str] = field(default_factory=list)

    def form_with_field(self, name: str) -> Form | None:
        """Return the form that has a field of this name."""
        return next((form for form in self.forms if name in form.fields), None)

    def form_with_button(self, name: str, value: str) -> Form | None:
        """Return the form that has this button."""
        return next((form for form in self.forms if (name, value) in form.buttons), None)


class Browser:
    """One person's browser: cookies live as long as it does."""

    def __init__(self) -> None:
        # `unsafe`: cookies of hosts that are IP addresses count too, as they do in a browser.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def close(self) -> None:
        """Forget everything."""
        await self._session.close()

    async def open(self, url: str) -> Page:
        """Go to an address."""
        return await self._go("GET", url, None)

    async def submit(self, page: Page, form: Form, **fields: str) -> Page:
        """Send a form, with these fields filled in or these buttons pressed."""
        return await self._go("POST", urljoin(page.url, form.action), {**form.fields, **fields})

    async def _go(self, method: str, url: str, data: dict[str, str] | None) -> Page:
        hops: list[str] = []
        for _ in range(MAX_HOPS):
            try:
                async with self._session.request(
                    method, URL(url, encoded=True), data=data, allow_redirects=False
                ) as response:
                    text = await response.text()
            except aiohttp.ClientError as error:
                raise StepFailed(f"the browser could not open {url}: {error}") from error
            location = response.headers.get("Location")
            if location is None or not 300 <= response.status < 400:
                return _read(url, response.status, hops, text)
            # A browser repeats the method only for 307 and 308; sign-in pages answer 302 or 303.
            url, method, data = urljoin(url, location), "GET", None
            hops.append(url)
        raise StepFailed(f"the browser was sent around in circles, at last to {url}")


def _read(url: str, status: int, hops: list[str], text: str) -> Page:
    page = Page(url, status, hops)
    _Reader(page).feed(text)
    return page


class _Reader(HTMLParser):
    """Fills a page from its HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._inside: str | None = None
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag in ("h1", "b"):
            self._inside = tag
            if tag == "b":
                self._page.bold.append("")
        elif tag == "a" and named.get("href"):
            self._page.links.append(named["href"])
        elif tag == "form":
            self._form = Form(named.get("action", ""))
            self._page.forms.append(self._form)
        elif self._form is not None and named.get("name"):
            if tag == "button":
                self._form.buttons.append((named["name"], named.get("value", "")))
            elif tag == "input" and named.get("type") != "checkbox":
                self._form.fields[named["name"]] = named.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._inside == "h1":
            self._page.heading += data
        elif self._inside == "b":
            self._page.bold[-1] += data
