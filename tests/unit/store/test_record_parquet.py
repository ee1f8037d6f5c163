"""Parquet: types of columns, row groups, and what cannot be written."""

import sys
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from fairlead.errors import OperatorError, OutputInvalid
from fairlead.model.column import Column
from fairlead.store.record_export import writer_of
from fairlead.store.record_lists import Listed

COLUMNS = [
    Column("id", "text"),
    Column("size", "integer"),
    Column("share", "number"),
    Column("isOpen", "boolean"),
    Column("tags", "json"),
]


def listed(**content: Any) -> Listed:
    return Listed("x", orjson.dumps(content), 0, 0, None, None, "ADDED", 1, 1)


def written(*pages: list[Listed]) -> tuple[list[int], Any]:
    """Return the sizes of what came out, step by step, and the file as it is read."""
    writer = writer_of("parquet", COLUMNS)
    pieces = [writer.begin(), *(writer.add(page) for page in pages), writer.end()]
    return [len(piece) for piece in pieces], parquet.ParquetFile(pa.BufferReader(b"".join(pieces)))


def test_types_and_what_is_missing() -> None:
    _, file = written(
        [
            listed(id="a", size=1, share=1.5, isOpen=True, tags=["x"], unknown=1),
            listed(id="b", size=None, share=2, tags={"k": None}),
        ]
    )
    assert file.read().to_pylist() == [
        {"id": "a", "size": 1, "share": 1.5, "isOpen": True, "tags": '["x"]'},
        {"id": "b", "size": None, "share": 2.0, "isOpen": None, "tags": '{"k":null}'},
    ]
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types == {
        "id": "string",
        "size": "int64",
        "share": "double",
        "isOpen": "bool",
        "tags": "string",
    }


def test_a_group_is_written_as_soon_as_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.store.record_parquet._GROUP", 4)
    pages = [[listed(id=f"{n}-{k}") for k in range(2)] for n in range(5)]
    sizes, file = written(*pages)
    # the header; then nothing is kept for longer than a group takes
    assert [size > 0 for size in sizes] == [True, False, True, False, True, False, True]
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [4, 4, 2]
    assert file.read().column("id").to_pylist() == [f"{n}-{k}" for n in range(5) for k in range(2)]


def test_no_record_is_a_file_with_its_columns() -> None:
    _, file = written()
    assert (file.metadata.num_rows, file.schema_arrow.names) == (0, [c.name for c in COLUMNS])


@pytest.mark.parametrize("content", [{"size": "1"}, {"size": 2**63}, {"id": 1}, {"isOpen": "no"}])
def test_what_the_model_forbids_now(content: dict[str, Any]) -> None:
    row = listed(**content)
    with pytest.raises(OutputInvalid, match=next(iter(content))):
        written([row])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OperatorError, match=r"install fairlead\[arrow\]") as caught:
        writer_of("parquet", COLUMNS)
    assert caught.value.code == "extra_missing"
