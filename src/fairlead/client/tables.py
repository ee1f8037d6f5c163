"""Records as tables, for those who have the libraries: extras `arrow` and `pandas`.

Imported only when a table is asked for: the libraries are large.
"""

from collections.abc import Sequence
from typing import Any

from fairlead.client.errors import ExtraMissing


def arrow_table(rows: Sequence[Any]) -> Any:
    """Return rows as a `pyarrow.Table`, one column a key; a row without it has null there."""
    try:
        import pyarrow as pa  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("to_arrow() needs pyarrow: install fairlead[arrow].") from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def data_frame(rows: Sequence[Any]) -> Any:
    """Return rows as a `pandas.DataFrame`, one column a key."""
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError as error:
        raise ExtraMissing("to_pandas() needs pandas: install fairlead[pandas].") from error
    return pd.DataFrame.from_records([dict(row) for row in rows])
