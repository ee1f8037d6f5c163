"""Records as Parquet (https://parquet.apache.org/docs/file-format/), a row group at a time.

Needs the extra `fairlead[arrow]`, which is imported only when it is asked for: it is large.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from fairlead.errors import OperatorError, OutputInvalid
from fairlead.model.column import Column
from fairlead.store.record_lists import Listed

#: records of a row group: some ten MB, held in memory until it is written
_GROUP = 10_000


class _Sink:
    """A file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0
        self.closed = False

    def write(self, piece: Any) -> int:
        kept = bytes(piece)
        self._pieces.append(kept)
        self._written += len(kept)
        return len(kept)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class ParquetWriter:
    """Writes records as Parquet; what is no text, number or truth is a column of JSON text."""

    def __init__(self, columns: Sequence[Column]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError as error:
            raise OperatorError(
                "Parquet needs pyarrow: install fairlead[arrow] where fairlead runs, or ask for "
                "jsonl or csv",
                code="extra_missing",
            ) from error
        kinds = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
        self._pa = pa
        self._columns = columns
        self._schema = pa.schema(
            [(column.name, kinds.get(column.kind, pa.string())) for column in columns]
        )
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[dict[str, Any]] = []

    def begin(self) -> bytes:
        return self._sink.taken()

    def add(self, rows: Sequence[Listed]) -> bytes:
        self._waiting += [orjson.loads(row.content) for row in rows]
        if len(self._waiting) >= _GROUP:
            self._write()
        return self._sink.taken()

    def end(self) -> bytes:
        if self._waiting:
            self._write()
        self._writer.close()
        return self._sink.taken()

    def _write(self) -> None:
        arrays = [
            self._array(column, self._schema.field(column.name).type) for column in self._columns
        ]
        self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = []

    def _array(self, column: Column, kind: Any) -> Any:
        values: list[Any] = [row.get(column.name) for row in self._waiting]
        if column.kind == "json":
            values = [None if one is None else orjson.dumps(one).decode() for one in values]
        try:
            return self._pa.array(values, kind)
        except (self._pa.ArrowInvalid, self._pa.ArrowTypeError, OverflowError) as error:
            raise OutputInvalid(
                f"A record has something in '{column.name}' that its model forbids now: the model "
                "was changed since. Let the sync read everything, or export jsonl.",
                detail=str(error),
            ) from error
