"""What is judged: `fairlead serve` and `m365sim serve` as processes, and a product's server.

The product's server hears webhooks, and echoes whatever else it is asked.
"""

import asyncio
import base64
import gzip
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from fairlead_microsoft.demo.browser import Browser, Page

KEY = "judged-secret-key-of-dev"
SIGNING_KEY = "another-key-that-signs-webhooks"
#: seconds that anything here may take
PATIENCE = 30


@dataclass(frozen=True)
class Heard:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Listener:
    """A server on this machine that remembers what it heard."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def note(self, request: Heard) -> None:
        with self.news:
            self.heard.append(request)
            self.news.notify_all()

    def wait_for(self, wanted: Callable[[Any], bool], path: str = "/hook") -> Heard:
        """Return the first webhook whose body is wanted, once it has come."""

        def find() -> Heard | None:
            hooks = (each for each in self.heard if each.path == path)
            return next((each for each in hooks if wanted(each.json)), None)

        with self.news:
            found = self.news.wait_for(find, PATIENCE)
        assert found, [each.body for each in self.heard]
        return found


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, body)
            listener.note(heard)
            echo = {"method": heard.method, "path": heard.path, "headers": headers}
            said = json.dumps(echo | {"body": body.decode("latin-1")}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            if heard.path.startswith("/gzip"):
                said = gzip.compress(said)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        listener.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, **settings: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m ARGUMENTS` until the block ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    given = {f"FAIRLEAD_{name.upper()}": value for name, value in settings.items()}
    with (
        (folder / f"{arguments[0]}.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env={**kept, **(environ or {}), **given},
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(host: str) -> httpx.Client:
    return httpx.Client(base_url=host, headers={"Authorization": f"Bearer {KEY}"}, timeout=PATIENCE)


@contextmanager
def platform(
    folder: Path, product: httpx.Client, environ: Mapping[str, str], **settings: str
) -> Iterator[Path]:
    """Run `fairlead serve` where `product` expects it; yields the path of its log."""
    host = str(product.base_url).rstrip("/")
    settings |= {
        "database_url": f"sqlite:///{folder}/fairlead.sqlite",
        "encryption_key": base64.b64encode(secrets.token_bytes(32)).decode(),
        "secret_key": KEY,
        "server_url": host,
        "tick_seconds": "0.05",
    }
    port = str(product.base_url.port)
    serve = ("fairlead.cli", "serve", "--port", port)
    with running(folder, *serve, environ=environ, **settings) as process:
        log = folder / "fairlead.cli.log"
        give_up_at = time.monotonic() + PATIENCE
        while not _answers(product):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up_at, log.read_text()
            threading.Event().wait(0.05)
        yield log


def _answers(product: httpx.Client) -> bool:
    try:
        return product.get("/health").status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class World:
    """A platform, the cloud it connects to, the product's server, and a stranger's."""

    host: str
    product: httpx.Client
    #: what `m365sim serve --json` printed
    cloud: dict[str, Any]
    listener: Listener
    #: a server that fairlead was not told it may call
    stranger: Listener

    @property
    def login_url(self) -> str:
        return str(self.cloud["urls"]["login"])

    def drive(self, site: str) -> str:
        """Id of a site's first library."""
        address = "https://contoso.sharepoint.com" + site
        return next(str(each["id"]) for each in self.cloud["drives"] if each["site"] == address)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the cloud's control API."""
        url = f"{self.cloud['urls']['control']}/_m365sim/{path}"
        answer = self.product.request(method, url, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def items(self, site: str) -> dict[str, str]:
        """Path → id of all that lies in a site's first library now."""
        drive = self.drive(site)
        sites = self.control("GET", f"truth?drive={drive}")["sites"]
        [items] = [each["items"] for one in sites for each in one["drives"] if each["id"] == drive]
        return {item["path"]: item["id"] for item in items if item["path"]}

    def breaks(self, **fault: Any) -> None:
        """Make the cloud's next matching requests go wrong."""
        self.control("POST", "faults", fault)

    def app(self, name: str = "fairlead") -> dict[str, Any]:
        """One of the cloud's registered apps."""
        [app] = [each for each in self.cloud["apps"] if each["display_name"] == name]
        return dict(app)

    def withdraw_consent(self) -> None:
        """Let nobody have agreed yet to what the web app asks for."""
        self.control("POST", f"apps/{self.app()['app_id']}", {"withdrawConsent": True})

    def post(self, path: str, body: Any) -> Any:
        """Ask fairlead without the client, for what the client has no method for."""
        answer = self.product.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def credentials(self) -> dict[str, str]:
        """What an integration of the cloud's web app is made with."""
        app = self.app()
        return {
            "type": "OAUTH2",
            "client_id": app["app_id"],
            "client_secret": app["secret"],
        }

    def integration(self, key: str, provider: str = "sharepoint-online") -> str:
        body = {"provider": provider, "unique_key": key}
        self.post("/integrations", body | {"credentials": self.credentials()})
        return key

    def session(self, **body: Any) -> dict[str, str]:
        """Open a connect session."""
        return dict(self.post("/connect/sessions", body)["data"])

    def walk(self, connect_link: str) -> Page:
        """Open a connect link as a person does and follow where it leads."""
        return asyncio.run(_walk(connect_link))

    def connected(self, key: str, connection_id: str, **fields: Any) -> None:
        """Create an integration, connect it as a person does, and import what came of it.

        So the connection has the id and the `fields` that a test wants.
        """
        self.integration(key)
        session = self.session(end_user={"id": "somebody"}, allowed_integrations=[key])
        page = self.walk(session["connect_link"])
        assert page.status == 200, page
        [listed] = self.get("/connections", integrationId=key)["connections"]
        url = f"/connections/{listed['connection_id']}"
        whole = self.get(url, provider_config_key=key, refresh_token="true")
        answer = self.product.delete(url, params={"provider_config_key": key})
        assert answer.is_success, answer.text
        names = ("type", "access_token", "refresh_token", "expires_at")
        credentials = {name: whole["credentials"][name] for name in names}
        self.imported(key, connection_id, credentials=credentials, **fields)

    def imported(self, key: str, connection_id: str, **fields: Any) -> Any:
        """Import a connection."""
        which = {"provider_config_key": key, "connection_id": connection_id}
        return self.post("/connections", which | fields)

    def get(self, path: str, **query: str) -> Any:
        """Read from fairlead without the client."""
        answer = self.product.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()


@contextmanager
def judged(
    folder: Path, *, signed_in: str = "", under_real_names: bool = False, **settings: str
) -> Iterator[World]:
    """Run an emulated cloud, a fairlead that connects to it, and the product's server.

    With `signed_in` the cloud signs that person in without asking; else its pages wait for a click.
    The cloud has addresses of its own, unless it is `under_real_names`, behind a proxy.
    """
    host = f"http://127.0.0.1:{free_port()}"
    cloud_file = folder / "cloud.json"
    kind = ["proxy", "--ca-dir", str(folder / "ca")]
    if not under_real_names:
        kind = ["serve", "--cloud-file", str(cloud_file)]
    cloud = ["m365sim", *kind, "--json", "--port", "0", "--redirect-uri", f"{host}/oauth/callback"]
    cloud += ["--auto-sign-in", signed_in] if signed_in else []
    with (
        listening() as listener,
        listening() as stranger,
        running(folder, *cloud) as emulator,
        client(host) as product,
    ):
        assert emulator.stdout
        line = emulator.stdout.readline()
        assert line, (folder / "m365sim.log").read_text()
        said = json.loads(line)
        settings = {
            "egress_allow": urlsplit(listener.url).netloc,
            "webhook_url": f"{listener.url}/hook",
            "webhook_signing_key": SIGNING_KEY,
        } | settings
        trusted = {}
        if under_real_names:
            settings["egress_proxy"] = said["proxy"]
            trusted["SSL_CERT_FILE"] = said["ca_file"]
        else:
            settings["microsoft_cloud"] = str(cloud_file)
        with platform(folder, product, trusted, **settings) as log:
            yield World(host, product, said, listener, stranger)
    # whatever it was asked, nothing was unforeseen
    written = log.read_text()
    assert "Traceback" not in written, written[-20_000:]


async def _walk(connect_link: str) -> Page:
    browser = Browser()
    try:
        page = await browser.open(connect_link)
        assert page.status == 200, page
        form = page.form_with_field("session_token")
        assert form, page
        return await browser.submit(page, form)
    finally:
        await browser.close()
