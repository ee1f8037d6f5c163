"""Records as they are sent: their stored JSON as it is, with what we know of them spliced in.

Parsing and writing a thousand records anew would take ten times as long as reading them.
"""

from collections.abc import Sequence

import orjson

from fairlead.api.wire import offset_us
from fairlead.model.clock import from_epoch_us
from fairlead.store.cursor import cursor_at
from fairlead.store.record_lists import Listed

_NAME = b"_nango_metadata"


def page_of(rows: Sequence[Listed], *, next_cursor: bytes | None) -> bytes:
    """Return a page of records as JSON."""
    written = _Written()
    after = b"null" if next_cursor is None else b'"%b"' % next_cursor
    return b'{"records":[%b],"next_cursor":%b}' % (b",".join(map(written.record, rows)), after)


class _Written:
    """Writes the records of one page; most of them have the same times."""

    def __init__(self) -> None:
        self._times: dict[int | None, bytes] = {None: b"null"}

    def record(self, row: Listed) -> bytes:
        """Return one record as JSON; content is an object, and written without blanks."""
        content = row.content
        known = (
            b'{"first_seen_at":%b,"last_modified_at":%b,"last_action":"%b","deleted_at":%b,'
            b'"pruned_at":%b,"cursor":"%b"}'
            % (
                self._time(row.first_seen_us),
                self._time(row.last_modified_us),
                row.last_action.encode(),
                self._time(row.deleted_us),
                self._time(row.pruned_us),
                cursor_at(row.position),
            )
        )
        if _NAME in content or content == b"{}":
            # a field of that name is the sync's own, or only text: ours takes its place
            return orjson.dumps(orjson.loads(content) | {_NAME.decode(): orjson.Fragment(known)})
        return b'%b,"_nango_metadata":%b}' % (content[:-1], known)

    def _time(self, microseconds: int | None) -> bytes:
        text = self._times.get(microseconds)
        if text is None:
            assert microseconds is not None
            text = b'"%b"' % offset_us(from_epoch_us(microseconds)).encode()
            self._times[microseconds] = text
        return text
