"""Records as they are sent: their stored JSON as it is, with what we know of them spliced in.

Parsing and writing a thousand records anew would take ten times as long as reading them.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from fairlead.api.wire import offset_us
from fairlead.model.clock import from_epoch_us
from fairlead.store.cursor import cursor_at
from fairlead.store.record_lists import RawRow

_NAME = b"_nango_metadata"


def page_of(rows: Sequence[RawRow], *, next_cursor: bytes | None) -> bytes:
    """Return a page of records as JSON; content is an object, and written without blanks."""
    # one join, and no copy before it: the memory for such copies costs more than all the rest
    pieces: list[bytes | memoryview] = [b'{"records":[']
    heads: dict[tuple[Any, ...], bytes] = {}
    for _, content, first, last, deleted, pruned, action, position, _ in rows:
        # most of a page has the same times: they were written by the same batch
        told = (first, last, deleted, pruned, action)
        head = heads.get(told)
        if head is None:
            head = heads[told] = _head(*told)
        cursor = cursor_at(position)
        if _NAME in content or content == b"{}":
            # a field of that name is the sync's own, or only text: ours takes its place
            known = orjson.Fragment(b'%b%b"}' % (head, cursor))
            pieces += (orjson.dumps(orjson.loads(content) | {_NAME.decode(): known}), b",")
        else:
            without_brace = memoryview(content)[:-1]
            pieces += (without_brace, b',"_nango_metadata":', head, cursor, b'"}}', b",")
    if len(pieces) > 1:
        pieces.pop()
    after = b"null" if next_cursor is None else b'"%b"' % next_cursor
    pieces += (b'],"next_cursor":', after, b"}")
    return b"".join(pieces)


def _head(
    first_seen_us: int,
    last_modified_us: int,
    deleted_us: int | None,
    pruned_us: int | None,
    last_action: str,
) -> bytes:
    """Return what is known of a record, up to its cursor."""
    return (
        b'{"first_seen_at":%b,"last_modified_at":%b,"last_action":"%b","deleted_at":%b,'
        b'"pruned_at":%b,"cursor":"'
        % (
            _time(first_seen_us),
            _time(last_modified_us),
            last_action.encode(),
            _time(deleted_us),
            _time(pruned_us),
        )
    )


def _time(microseconds: int | None) -> bytes:
    if microseconds is None:
        return b"null"
    return b'"%b"' % offset_us(from_epoch_us(microseconds)).encode()
