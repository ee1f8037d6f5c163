"""A cloud over real sockets, and the pack's functions on it: fixture `lab`."""

import io
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest
from yarl import URL

from fairlead.errors import Unavailable
from fairlead.model.exchange import Request, Response
from fairlead.sdk import Pack
from fairlead.sdk.testing import run_action
from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.pack import sharepoint
from m365sim.faults import Fault
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.server import Running, running
from m365sim.testing import app_token, delegated_token

READ = ("Files.Read.All",)
WRITE = ("Files.ReadWrite.All",)


class HttpResponse:
    """A response over the wire."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.raw_headers = response.raw_headers
        self.url = str(response.url)
        self.method = response.method

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self._response.headers.items()}

    async def stream(self) -> AsyncIterator[bytes]:
        async for piece in self._response.content.iter_any():
            yield piece

    async def read(self) -> bytes:
        try:
            return await self._response.read()
        except aiohttp.ClientError as error:
            raise Unavailable("The answer broke off.") from error

    async def json(self) -> Any:
        return await self._response.json(content_type=None)

    async def close(self) -> None:
        self._response.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class Http:
    """A plain Send: the token goes to Graph only, and nothing is ever sent again."""

    def __init__(self, session: aiohttp.ClientSession, graph_url: str) -> None:
        self._session = session
        self._graph = URL(graph_url).origin()
        self.token = ""
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        assert isinstance(request.body, bytes | None)
        url = URL(request.url, encoded=True)
        while True:
            headers = dict(request.headers)
            if url.origin() == self._graph:
                assert not request.is_bare
                headers["Authorization"] = f"Bearer {self.token}"
            else:
                headers["Host"] = f"{url.host}:{url.port}"
                url = url.with_host("127.0.0.1")
            body = None if request.body is None else io.BytesIO(request.body)
            try:
                response = await self._session.request(
                    request.method, url, headers=headers, data=body, allow_redirects=False
                )
            except aiohttp.ClientError as error:
                raise Unavailable("The connection broke off.") from error
            if response.status not in (301, 302, 307, 308):
                return HttpResponse(response)
            url = URL(response.headers["Location"], encoded=True)
            response.release()

    def sent(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]


class Lab:
    """A cloud, who calls it, and what it holds."""

    def __init__(self, cloud: Running, session: aiohttp.ClientSession) -> None:
        self.world = cloud.world
        self.urls = cloud.urls
        self.http = Http(session, cloud.urls.graph)
        self.waits: list[float] = []
        cloud_of_pack = Cloud("custom", **cloud.cloud)
        self.pack: Pack[Graph] = sharepoint.serving(
            [], api=partial(Graph, cloud=cloud_of_pack, sleep=self._sleep)
        )
        self.drive = self.drive_at("/sites/marketing", "Shared Documents")
        self.act_as("alex")

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def drive_at(self, site: str, library: str) -> Any:
        (found,) = (
            drive
            for drive in self.world.content.drives()
            if (drive.site.path, drive.url_name) == (site, library)
        )
        return found

    def act_as(self, user: str | None, scopes: Iterable[str] = WRITE) -> None:
        """Call as a user, or as the app itself, with a token that holds these permissions."""
        if user is None:
            self.http.token = app_token(self.world, roles=scopes)
        else:
            self.http.token = delegated_token(self.world, user, scopes)

    def site(self, drive: Any = None) -> dict[str, str]:
        return {"siteId": (drive or self.drive).site.id}

    def library(self, drive: Any = None) -> dict[str, str]:
        return {**self.site(drive), "driveId": (drive or self.drive).id}

    def item(self, path: str, drive: Any = None) -> Any:
        drive = drive or self.drive
        return drive.resolve(drive.root, [name for name in path.split("/") if name])

    def id_of(self, path: str, drive: Any = None) -> str:
        return (drive or self.drive).item_id(self.item(path, drive).uid)

    def where(self, path: str, drive: Any = None) -> dict[str, str]:
        """Return the ids that most actions take."""
        return {**self.library(drive), "itemId": self.id_of(path, drive)}

    def put(self, path: str, content: bytes, drive: Any = None) -> dict[str, str]:
        """Write a file behind the caller's back."""
        drive = drive or self.drive
        folder, _, name = path.rpartition("/")
        drive.put_file(self.item(folder, drive), name, MemoryBlob(content), SYSTEM)
        return self.where(path, drive)

    def content(self, path: str, drive: Any = None) -> bytes:
        blob = self.item(path, drive).blob
        return b"".join(blob.chunks(0, blob.size))

    def fail(self, **fault: Any) -> Fault:
        """Have a request fail that is to come."""
        return self.world.faults.add(Fault(**fault))

    async def run(self, name: str, /, **values: Any) -> Any:
        """Run an action; ids come from `where` and friends."""
        self.http.requests.clear()
        return await run_action(self.pack, name, values, self.http)


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with running() as cloud, aiohttp.ClientSession() as session:
        yield Lab(cloud, session)
