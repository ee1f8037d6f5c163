"""Requests about records: what syncs brought (contract 2.5, 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fairlead.client.call import Call, Page, Reply, as_connection, body, query, whole
from fairlead.client.forward import Forward
from fairlead.client.shapes import ExportFormat, Pruned, Record, RecordAction

#: records in one answer
_PAGE = 1000


def list_all(
    model: str,
    *,
    provider_config_key: str,
    connection_id: str,
    cursor: str | None = None,
    modified_after: datetime | str | None = None,
    filter: RecordAction | Sequence[RecordAction] | None = None,
    ids: Sequence[str] | None = None,
    variant: str | None = None,
    page_size: int = _PAGE,
) -> Call[Page[Record]]:
    """List records that changed, oldest change first; deletions are among them.

    To keep a copy in step, remember `record["_nango_metadata"]["cursor"]` of the last record you
    have dealt with, and give it as `cursor` the next time.
    """
    since = modified_after.isoformat() if isinstance(modified_after, datetime) else modified_after
    wanted = filter if isinstance(filter, str) or filter is None else ",".join(filter)
    asked = query(
        model=model,
        variant=variant,
        modified_after=since,
        filter=wanted,
        ids=list(ids) if ids else None,
        limit=page_size,
    )
    headers = as_connection(provider_config_key, connection_id)
    return _page(asked, headers, cursor)


def _page(
    asked: list[tuple[str, str]], headers: dict[str, str], cursor: str | None
) -> Call[Page[Record]]:
    def read(reply: Reply) -> Page[Record]:
        answer = reply.json()
        after = answer["next_cursor"]
        return Page(answer["records"], _page(asked, headers, after) if after else None)

    where = [*asked, ("cursor", cursor)] if cursor else asked
    return Call(method="GET", path="/records", query=where, headers=headers, read=read)


@dataclass(frozen=True, slots=True)
class ExportCall:
    """A request whose answer is a stream of records."""

    request: Forward
    form: ExportFormat


def export(
    model: str,
    *,
    provider_config_key: str,
    connection_id: str,
    variant: str | None = None,
    format: ExportFormat = "jsonl",
) -> ExportCall:
    """Export every live record of a model, streamed: its memory does not grow with them.

    `parquet` needs the extra `fairlead[arrow]` on the server.
    """
    asked = urlencode(query(model=model, variant=variant, format=format))
    headers = as_connection(provider_config_key, connection_id)
    request = Forward("GET", f"/records/export?{asked}", headers, None, check=True)
    return ExportCall(request, format)


def delete_stale(
    model: str,
    *,
    provider_config_key: str,
    connection_id: str,
    variant: str | None = None,
) -> Call[dict[str, int]]:
    """Delete the records of a model that no sync keeps any more, for good; return how many lived.

    The answer says `model` or `model::variant` -> records, for what there was.
    """

    def read(reply: Reply) -> dict[str, int]:
        deleted: dict[str, int] = reply.json()["deleted"]
        return deleted

    return Call(
        method="DELETE",
        path="/records",
        query=query(model=model, variant=variant),
        headers=as_connection(provider_config_key, connection_id),
        read=read,
    )


def prune(
    model: str,
    *,
    until_cursor: str,
    provider_config_key: str,
    connection_id: str,
    variant: str | None = None,
    limit: int | None = None,
) -> Call[Pruned]:
    """Empty records up to a cursor, once you have read them; what is known of them stays."""
    return Call(
        method="PATCH",
        path="/records/prune",
        headers=as_connection(provider_config_key, connection_id),
        body=body(model=model, variant=variant, until_cursor=until_cursor, limit=limit),
        read=whole,
        repeatable=True,
    )
