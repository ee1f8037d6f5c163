"""A product's page in a real browser: Debian's Chromium, without a window, driven like a person."""

import mimetypes
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, FrameLocator, Page, sync_playwright

#: of which the first that there is drives; named by FAIRLEAD_CHROMIUM otherwise
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGE = Path(__file__).parents[1] / "page"
#: milliseconds that anything on a page may take
PATIENCE = 15_000


class NoBrowser(Exception):
    """There is no browser here."""


def program() -> str:
    """Return the path of the browser; NoBrowser says how to install one."""
    for name in (os.environ.get("FAIRLEAD_CHROMIUM", ""), *PROGRAMS):
        if name and (found := shutil.which(name)):
            return found
    raise NoBrowser(
        "the connect page is judged in a browser, and there is none: install Chromium (Debian: "
        "apt-get install chromium), or put its path in FAIRLEAD_CHROMIUM"
    )


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Run the browser until the block ends."""
    path = program()
    with sync_playwright() as driver:
        # root, as which containers run, has no sandbox
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", *options])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(modules: Path) -> Iterator[str]:
    """Serve the product's page, and the client's own files below `/frontend/`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/") or "product.html"
            folder = PAGE
            if name.startswith("frontend/"):
                name, folder = name.removeprefix("frontend/"), modules / "@nangohq/frontend/dist"
            file = folder / Path(name).name
            body = file.read_bytes() if file.is_file() else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", mimetypes.guess_type(name)[0] or "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Visit:
    """A person on the product's page."""

    page: Page
    #: of fairlead
    host: str

    def call(self, method: str, *parameters: Any, token: str = "") -> None:
        """Say what the button calls."""
        call = {"host": self.host, "token": token, "method": method, "parameters": parameters}
        self.page.evaluate("call => { window.call = call }", call)

    def press(self) -> None:
        """Press the button."""
        self.page.click("#connect")

    def popup(self, method: str, *parameters: Any, token: str = "") -> Page:
        """Press the button; return the window that it opens."""
        self.call(method, *parameters, token=token)
        with self.page.expect_popup() as opened:
            self.press()
        opened.value.set_default_timeout(PATIENCE)
        return opened.value

    def connect_ui(self, token: str, **parameters: Any) -> FrameLocator:
        """Press the button; return the frame that the client opens."""
        usual = {"baseURL": f"{self.host}/connect", "apiURL": self.host, "sessionToken": token}
        self.call("openConnectUI", usual | parameters)
        self.press()
        return self.page.frame_locator("#connect-ui")

    def frame(self) -> Frame:
        """The same, as something to run scripts in."""
        handle = self.page.wait_for_selector("#connect-ui")
        frame = handle.content_frame() if handle else None
        assert frame
        return frame

    def events(self, count: int) -> list[Any]:
        """What the product's page was told, once it was told so much."""
        self.page.wait_for_function("count => window.events.length >= count", arg=count)
        return list(self.page.evaluate("() => window.events"))

    def outcome(self) -> Any:
        """What the client's promise came to."""
        return self.page.evaluate("() => window.outcome")


@contextmanager
def opened(browser: Browser, **context: Any) -> Iterator[Page]:
    """Open an empty page in a browser that knows no cookie yet."""
    with browser.new_context(**context) as fresh:
        fresh.set_default_timeout(PATIENCE)
        yield fresh.new_page()


@contextmanager
def visiting(browser: Browser, product: str, host: str, **context: Any) -> Iterator[Visit]:
    """Open the product's page in a browser that knows no cookie yet."""
    with opened(browser, **context) as page:
        page.goto(product)
        page.wait_for_selector("body[data-ready]", state="attached")
        yield Visit(page, host)


def sign_in(window: Page, person: str) -> None:
    """Sign in on the vendor's page by the account's button."""
    window.click(f'button[value="{person}@contoso.onmicrosoft.com"]')


def decide(window: Page, decision: str) -> None:
    """Answer on the vendor's page for consent."""
    window.click(f'button[value="{decision}"]')


def barriers(page: Page | Frame, axe: str) -> list[Any]:
    """What axe-core finds on a page by WCAG 2.2 AA: rule, sentence, element."""
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)["violations"]
    return [(each["id"], each["help"], each["nodes"][0]["html"]) for each in found]


def photograph(page: Page, name: str) -> None:
    """Keep a picture of a page, where FAIRLEAD_PICTURES names a folder for them."""
    if folder := os.environ.get("FAIRLEAD_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
