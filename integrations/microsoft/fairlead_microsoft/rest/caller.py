"""One call of `_api`: sent, judged, read; and where the tenant's sites are.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints.
A form digest is for those who come with a cookie; a bearer token needs none. Should a digest be
demanded all the same, one is fetched, once a site.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID, uuid4

from fairlead.errors import InvalidInput, OperatorError, ProviderError, Rejected
from fairlead.model.exchange import Request, Response, Send
from fairlead.model.provider import Reply
from fairlead_microsoft.clouds import GLOBAL, TENANT, Cloud
from fairlead_microsoft.errors import classify
from fairlead_microsoft.graph import urls
from fairlead_microsoft.graph.caller import Sleep, refusal
from fairlead_microsoft.rest.places import Web, guid
from fairlead_microsoft.rest.reading import plain

BARE = "application/json;odata=nometadata"
#: with eTags
MINIMAL = "application/json;odata=minimalmetadata"
#: of a site's id: host, site collection, web
_TRIPLE = 3


class RestCaller:
    """Calls of SharePoint's own API as one connection.

    Errors: those of `fairlead_microsoft.errors.classify`, and what the connection itself raises.
    """

    def __init__(
        self,
        send: Send,
        connection_config: Mapping[str, Any] | None = None,
        *,
        cloud: Cloud = GLOBAL,
        sleep: Sleep = asyncio.sleep,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._send = send
        self._sleep = sleep
        self._cloud = cloud
        self._new_id = new_id
        self._config = connection_config or {}
        self._host: str | None = None
        #: API of a site -> its form digest
        self._digests: dict[str, str] = {}
        self._webs: dict[str, Web] = {}

    # -- where things are

    async def host(self) -> str:
        """Return where the tenant's sites are: `https://contoso.sharepoint.com`.

        The connection's config names it; of one that does not, Graph is asked, once.
        """
        if self._host is None:
            name = self._config.get("tenantName") or self._config.get("sharepointHost")
            if not isinstance(name, str) or not name:
                name = await self._asked_host()
            self._host = self._host_of(name)
        return self._host

    async def web(self, site_id: str) -> Web:
        """Find a site: by its address, its path, `root`, or the id that Graph gives it.

        Such an id (`host,collection,web`) takes two requests, the first time. InvalidInput for what
        names no site of SharePoint.
        """
        if site_id not in self._webs:
            self._webs[site_id] = await self._found(site_id.strip())
        return self._webs[site_id]

    async def _found(self, site_id: str) -> Web:
        if site_id == "root":
            return Web(await self.host())
        if site_id.startswith("/"):
            return Web(f"{await self.host()}{_site_path(site_id)}")
        if "://" in site_id:
            parts = urlsplit(site_id)
            return Web(f"{self._host_of(parts.hostname or '')}{_site_path(unquote(parts.path))}")
        host, colon, path = site_id.partition(":")
        if colon and "." in host and path.startswith("/"):
            return Web(f"{self._host_of(host)}{_site_path(path.rstrip(':'))}")
        names = site_id.split(",")
        ids = [guid(name) for name in names[1:]]
        if len(names) == _TRIPLE and all(ids):
            return await self._by_ids(self._host_of(names[0]), *ids)
        if not colon and "." in host and "/" not in host and "," not in host and host != "..":
            return Web(self._host_of(host))
        raise InvalidInput(
            f"'{site_id}' names no site; give its id, its address, its path or `root`."
        )

    async def _by_ids(self, host: str, collection: UUID | None, web: UUID | None) -> Web:
        """Find a web by the ids of its site collection and of itself."""
        told = await self.post_json(f"{host}/_api/SP.Site.GetUrlById", {"id": str(collection)})
        url = told.get("value") if isinstance(told, dict) else None
        if not isinstance(url, str) or not url:
            raise Rejected(
                "SharePoint has no such site, or the connection may not see it; the caller must "
                "check the site's id.",
                code="item_not_found",
                who="caller",
                provider_status=HTTPStatus.NOT_FOUND,
            )
        top = await self._found(url)
        opened = await self.post_json(f"{top.api}/site/openwebbyid('{web}')")
        return await self._found(str(opened["Url"])) if "Url" in opened else top

    def _host_of(self, name: str) -> str:
        """Return the origin of a tenant's host in this connection's cloud, named by its label."""
        label = name.strip().partition(".")[0].lower()
        if not label or not label.replace("-", "").isalnum() or not label.isascii():
            raise InvalidInput(f"'{name}' is not the host of a tenant.")
        return self._cloud.sharepoint_url.replace(TENANT, label)

    async def _asked_host(self) -> str:
        url = f"{self._cloud.graph_url}/v1.0/sites/root?$select=webUrl"
        said = await self._json(Request(url=url, headers={"Accept": "application/json"}))
        host = urlsplit(str(said.get("webUrl"))).hostname if isinstance(said, dict) else None
        if not host:
            raise OperatorError(
                "Nobody says where the tenant's sites are; the operator must give the connection "
                "`sharepointHost`, such as contoso.sharepoint.com.",
                code="tenant_host_unknown",
            )
        return host

    # -- calls

    async def post_json(
        self, url: str, body: object | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Make something, or have something done; returns the answer, plain, None if empty."""
        return await self._change("POST", url, body, headers or {})

    async def _change(
        self, override: str, url: str, body: object | None, headers: Mapping[str, str]
    ) -> Any:
        sent = {"Accept": BARE, **headers}
        if override != "POST":
            sent["X-HTTP-Method"] = override
        if body is not None:
            sent["Content-Type"] = BARE
        encoded = None
        if body is not None:
            encoded = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return await self._json(
            Request(method="POST", url=url, headers=sent, body=encoded or b"", is_once=True)
        )

    async def _json(self, request: Request) -> Any:
        """Send, and return the JSON of the answer, plain; None for an empty one."""
        response = await self._call(request)
        async with response:
            body = await response.read()
        if not body:
            return None
        try:
            return plain(json.loads(body))
        except ValueError as error:
            raise ProviderError(
                "SharePoint answered with something that is not JSON; try again later.",
                code="unexpected_reply",
                provider_status=response.status,
            ) from error

    async def _call(self, request: Request) -> Response:
        """Send, and return the answer unless it is an error; with a digest if one is demanded."""
        api = f"{request.url.partition('/_api/')[0]}/_api"
        digest = self._digests.get(api)
        if digest is not None and request.method != "GET":
            request = _with_digest(request, digest)
        try:
            return await self._answered(request)
        except Rejected as error:
            may_be_sent_again = not hasattr(request.body, "__anext__")
            if error.code != "invalid_digest" or request.method == "GET" or not may_be_sent_again:
                raise
            if digest is not None:
                del self._digests[api]
        self._digests[api] = fresh = await self._digest(api)
        return await self._answered(_with_digest(request, fresh))

    async def _digest(self, api: str) -> str:
        response = await self._answered(
            Request(method="POST", url=f"{api}/contextinfo", headers={"Accept": BARE}, body=b"")
        )
        async with response:
            told = plain(await response.json())
        value = told.get("FormDigestValue") if isinstance(told, dict) else None
        if not isinstance(value, str):
            raise ProviderError(
                "SharePoint demands a form digest and gives none; try again later.",
                code="unexpected_reply",
            )
        return value

    async def _answered(self, request: Request) -> Response:
        response = await self._send(request)
        if response.status < HTTPStatus.BAD_REQUEST:
            return response
        body, headers = await refusal(response)
        method = request.headers.get("X-HTTP-Method", request.method)
        url = request.url.partition("?")[0]
        raise classify(Reply(response.status, headers, body, url, method))

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._sleep(seconds)

    def refuse_foreign(self, link: str, asked: str) -> None:
        """Refuse a link that leads to another host than the one that gave it: ProviderError."""
        if urls.origin(link) != urls.origin(asked):
            raise ProviderError(
                "SharePoint gave a page link that leads to another host; it was not followed. "
                "Please report it.",
                code="foreign_link",
                detail=urls.origin(link),
            )


def _with_digest(request: Request, digest: str) -> Request:
    return replace(request, headers={**request.headers, "X-RequestDigest": digest})


def _site_path(path: str) -> str:
    """Return the encoded path of a site; InvalidInput for one that would lead elsewhere."""
    names = [name for name in path.split("/") if name]
    if any(name in (".", "..") or name.lower() == "_api" for name in names):
        raise InvalidInput(f"'{path}' is not the path of a site; give it as in its address.")
    return "".join(f"/{quote(name, safe='')}" for name in names)
