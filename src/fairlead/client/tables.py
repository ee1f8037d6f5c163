"""Records as tables, for those who have the libraries: extras `arrow` and `pandas`.

Imported only when a table is asked for: the libraries are large.
"""

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from fairlead.client.errors import ExtraMissing
from fairlead.client.shapes import ExportFormat


def arrow_table(rows: Sequence[Any]) -> Any:
    """Return rows as a `pyarrow.Table`, one column a key; a row without it has null there.

    A column whose values are of several kinds becomes JSON text.
    """
    pa = _arrow()
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: _column(pa, [row.get(name) for row in rows]) for name in names})


def _column(pa: Any, values: list[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if one is None else json.dumps(one) for one in values])


def data_frame(rows: Sequence[Any]) -> Any:
    """Return rows as a `pandas.DataFrame`, one column a key."""
    return _pandas().DataFrame.from_records([dict(row) for row in rows])


def read_arrow(read: Callable[[], bytes], form: ExportFormat) -> Any:
    """Return an export as a `pyarrow.Table`; it is read only if the library is there."""
    pa = _arrow()
    if form == "parquet":
        from pyarrow import parquet  # noqa: PLC0415

        return parquet.read_table(pa.BufferReader(read()))
    if form == "csv":
        from pyarrow import csv  # noqa: PLC0415

        return csv.read_csv(pa.BufferReader(read()))
    return arrow_table(_rows(read()))


def read_pandas(read: Callable[[], bytes], form: ExportFormat) -> Any:
    """Return an export as a `pandas.DataFrame`; it is read only if the library is there."""
    pd = _pandas()
    if form == "jsonl":
        return data_frame(_rows(read()))
    parse = pd.read_csv if form == "csv" else pd.read_parquet
    return parse(io.BytesIO(read()))


def _rows(lines: bytes) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


def _arrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("to_arrow() needs pyarrow: install fairlead[arrow].") from error
    return pa


def _pandas() -> Any:
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("to_pandas() needs pandas: install fairlead[pandas].") from error
    return pd
