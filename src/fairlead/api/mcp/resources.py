"""Resources: the records that syncs keep, page by page, and files, by the actions that read them.

https://modelcontextprotocol.io/specification/2025-06-18/server/resources

`fairlead://records/{model}` is the first page of a model, and says where the next one is;
`fairlead://content/{action}/{input...}` is what an action reads as bytes, its required inputs in
their order.
"""

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import mcp_types as types
import orjson
from mcp.shared.exceptions import MCPError

from fairlead.api.mcp.agent import Agent
from fairlead.engine import Delivery
from fairlead.errors import ActionFailed, FairleadError
from fairlead.model.function import Action
from fairlead.sdk.content import LARGEST_AS_TEXT
from fairlead.sdk.schemas import input_schema
from fairlead.store import records

SCHEME = "fairlead"
#: records of one page
PAGE = 100
#: kinds of content that are handed over as text
_TEXT = ("text/", "application/json", "application/xml", "image/svg+xml")


async def resources_of(agent: Agent) -> list[types.Resource]:
    """Return a resource for each model that has records."""
    if not agent.may_read_records:
        return []
    async with agent.services.db.read() as tx:
        counts = await records.counts(tx, agent.connection.id)
    return [
        types.Resource(
            name=name,
            uri=f"{SCHEME}://records/{quote(name, safe='')}",
            title=f"{name}: {count:,} records",
            description="Records that are kept in step with the source, oldest change first.",
            mime_type="application/json",
        )
        for name, count in sorted(counts.items())
    ]


async def templates_of(agent: Agent) -> list[types.ResourceTemplate]:
    """Return how to write the address of a page of records, and of each kind of file."""
    found = [
        types.ResourceTemplate(
            name=f"content of {action.name}",
            uri_template=f"{SCHEME}://content/{action.name}"
            + "".join(f"/{{{name}}}" for name in required(action)),
            description=action.description,
        )
        for action in await agent.actions()
        if action.reads_content and action.effect == "read"
    ]
    if agent.may_read_records:
        found.append(
            types.ResourceTemplate(
                name="records",
                uri_template=f"{SCHEME}://records/{{model}}{{?cursor}}",
                description="A page of a model's records; each page says where the next one is.",
                mime_type="application/json",
            )
        )
    return found


def required(action: Action) -> list[str]:
    """Return the names of what an action cannot do without, in their order."""
    schema = input_schema(action)
    return [name for name in schema.get("properties", {}) if name in schema.get("required", ())]


async def read(agent: Agent, uri: str) -> types.ReadResourceResult:
    """Read a resource; MCPError says what is wrong with its address, or why it cannot be read."""
    parts = urlsplit(uri)
    contents: types.TextResourceContents | types.BlobResourceContents
    try:
        if parts.scheme == SCHEME and parts.netloc == "records" and agent.may_read_records:
            contents = await _records(agent, uri)
        elif parts.scheme == SCHEME and parts.netloc == "content":
            contents = await _content(agent, uri)
        else:
            raise MCPError(types.INVALID_PARAMS, f"There is no resource '{uri}'.")
    except FairleadError as error:
        agent.note("resource", parts.netloc, code=error.code)
        raise MCPError(
            types.INTERNAL_ERROR, error.message, {"code": error.code, "who": error.who}
        ) from error
    agent.note("resource", f"{parts.netloc}{parts.path.partition('?')[0]}", code="ok")
    return types.ReadResourceResult(contents=[contents])


async def _records(agent: Agent, uri: str) -> types.TextResourceContents:
    parts = urlsplit(uri)
    name = unquote(parts.path.strip("/"))
    model, _, variant = name.partition("::")
    cursor = parse_qs(parts.query).get("cursor", [""])[0]
    async with agent.services.db.read() as tx:
        found = await records.list_records(
            tx,
            connection_pk=agent.connection.id,
            model=model,
            variant=variant or "base",
            after=records.decode_cursor(cursor) if cursor else 0,
            limit=PAGE + 1,
            seals=agent.services.seals,
        )
    page = found[:PAGE]
    told: dict[str, Any] = {
        "records": [{**one.content, "_deleted": one.deleted_at is not None} for one in page]
    }
    if len(found) > PAGE:
        onward = quote(records.encode_cursor(page[-1]), safe="")
        told["next"] = f"{SCHEME}://records/{quote(name, safe='')}?cursor={onward}"
    return types.TextResourceContents(
        uri=uri, mime_type="application/json", text=orjson.dumps(told).decode()
    )


async def _content(
    agent: Agent, uri: str
) -> types.TextResourceContents | types.BlobResourceContents:
    name, *given = (unquote(part) for part in urlsplit(uri).path.strip("/").split("/"))
    action = agent.services.registry.action(agent.connection.provider, name)
    names = required(action)
    if not action.reads_content or action.effect != "read" or len(given) != len(names):
        raise MCPError(types.INVALID_PARAMS, f"There is no resource '{uri}'.")
    arguments = dict(zip(names, given, strict=True))
    output = await agent.services.engine.deliver_action(agent.connection, name, arguments)
    assert isinstance(output, Delivery), "it reads content"
    content = await _whole(output)
    kind = (output.mime_type or "application/octet-stream").partition(";")[0].strip()
    if kind.startswith(_TEXT):
        try:
            return types.TextResourceContents(uri=uri, mime_type=kind, text=content.decode())
        except UnicodeDecodeError:
            pass
    return types.BlobResourceContents(uri=uri, mime_type=kind, blob=b64encode(content).decode())


async def _whole(delivery: Delivery) -> bytes:
    content = bytearray()
    try:
        async for chunk in delivery.stream():
            content += chunk
            if len(content) > LARGEST_AS_TEXT:
                raise ActionFailed(
                    f"The content is larger than {LARGEST_AS_TEXT:,} bytes; that is more than an "
                    "agent is given at once.",
                    code="file_too_large",
                )
    finally:
        await delivery.close()
    return bytes(content)
