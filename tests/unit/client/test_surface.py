"""What is imported and how: the names, the weight, the signatures, the refusals."""

import inspect
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead import client
from fairlead.client import AsyncFairlead, ExtraMissing, Fairlead, Retries
from fairlead.client.errors import RateLimited, Unreachable, retry_after_seconds
from fairlead.client.tables import arrow_table, data_frame, read_arrow, read_pandas

#: each takes longer to import than the client may altogether
HEAVY = ["aiohttp", "asyncio", "cryptography", "email", "http", "pandas", "pyarrow", "pydantic"]
HEAVY += ["sqlalchemy", "ssl", "socket", "structlog", "urllib3", "fairlead.model", "fairlead.http"]
#: modules that importing it brings in, all of them; it is 90 now, and about 80 ms
MOST_MODULES = 110


def test_it_is_light_to_import() -> None:
    script = (
        "import sys; before = set(sys.modules); import fairlead.client; "
        "print(*(set(sys.modules) - before))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    brought = set(ran.stdout.split())
    assert "fairlead.client" in brought
    assert brought & set(HEAVY) == set()
    assert len(brought) < MOST_MODULES


def test_exported_names() -> None:
    assert sorted(client.__all__) == client.__all__
    for name in client.__all__:
        assert inspect.getdoc(getattr(client, name)), name


def members(kind: type) -> dict[str, Any]:
    made = kind(host="http://h.example", secret_key="k")
    found: dict[str, Any] = {}
    for name, inner in vars(made).items():
        if not name.startswith("_") and name not in {"host", "sender"}:
            methods = [one for one in dir(inner) if not one.startswith("_") and one != "sender"]
            found |= {f"{name}.{one}": getattr(inner, one) for one in methods}
    return found | {one: getattr(made, one) for one in ("health", "authorization_url", "close")}


def test_both_classes_have_the_same_methods() -> None:
    blocking, other = members(Fairlead), members(AsyncFairlead)
    assert blocking.keys() == other.keys()
    assert len(blocking) > 40
    for name, method in blocking.items():
        if not name.startswith("proxy."):
            assert inspect.signature(method) == inspect.signature(other[name]), name
        assert inspect.getdoc(method), name


def test_a_key_is_not_shown() -> None:
    for kind in (Fairlead, AsyncFairlead):
        assert repr(kind(host="http://h", secret_key="hush")) == f"{kind.__name__}(host='http://h')"


@pytest.mark.parametrize(
    "host", ["", "h.example", "ftp://h", "http://", "http://h/?a", "http://h#a"]
)
def test_a_host_that_is_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_HOST", raising=False)
    for kind in (Fairlead, AsyncFairlead):
        with pytest.raises(ValueError, match="FAIRLEAD_HOST"):
            kind(host=host, secret_key="k")


def test_host_and_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLEAD_SECRET_KEY", raising=False)
    with pytest.raises(ValueError, match="FAIRLEAD_SECRET_KEY"):
        Fairlead(host="http://h")
    monkeypatch.setenv("FAIRLEAD_HOST", "http://h:1/")
    monkeypatch.setenv("FAIRLEAD_SECRET_KEY", "k")
    assert Fairlead().host == "http://h:1"


def test_authorization_url() -> None:
    url = Fairlead(host="http://h/f", secret_key="k").authorization_url(
        "t&1", provider_config_key="s p", connection_config={"tenant": "a b"}
    )
    assert url == (
        "http://h/f/oauth/connect/s%20p?connect_session_token=t%261&params%5Btenant%5D=a+b"
    )


def test_waits_double_and_end() -> None:
    retries = Retries(most=9, first_wait_seconds=1, longest_wait_seconds=5, chance=lambda: 0.0)
    waits = [retries.wait_seconds(Unreachable("x"), n, is_idempotent=True) for n in range(10)]
    assert waits == [0.5, 1.0, 2.0, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, None]
    assert retries.wait_seconds(RateLimited("x", status=429), 0, is_idempotent=False) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5"}, 5),
        ({"retry-after": "Tue, 24 Nov 2026 08:00:09 GMT"}, None),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 08:00:09 GMT",
                "date": "Tue, 24 Nov 2026 08:00:00 GMT",
            },
            9,
        ),
        ({"retry-after": "soon", "date": "Tue, 24 Nov 2026 08:00:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


@pytest.mark.parametrize(("library", "make"), [("pyarrow", arrow_table), ("pandas", data_frame)])
def test_an_extra_that_is_missing(library: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing, match=r"install fairlead\["):
        make([{"id": "1"}])


def test_rows_of_several_kinds_become_a_table() -> None:
    rows = [{"id": "1", "size": 1, "odd": 1}, {"id": "2", "odd": "x", "nested": {"a": [1]}}]
    assert arrow_table(rows).to_pylist() == [
        {"id": "1", "size": 1, "odd": "1", "nested": None},
        {"id": "2", "size": None, "odd": '"x"', "nested": {"a": [1]}},
    ]
    assert read_arrow(lambda: b"", "jsonl").num_rows == 0


def test_data_frames_are_made_by_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library itself is too large for this suite: what it is asked for is what is tested."""
    asked: list[Any] = []
    frame = SimpleNamespace(from_records=lambda rows: asked.append(rows) or "frame")
    pandas = SimpleNamespace(
        DataFrame=frame,
        read_csv=lambda file: ("csv", file.read()),
        read_parquet=lambda file: ("parquet", file.read()),
    )
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    assert read_pandas(lambda: b'{"id":"1"}\n{"id":"2"}\n', "jsonl") == "frame"
    assert data_frame([{"id": "3"}]) == "frame"
    assert asked == [[{"id": "1"}, {"id": "2"}], [{"id": "3"}]]
    assert read_pandas(lambda: b"id", "csv") == ("csv", b"id")
    assert read_pandas(lambda: b"PAR1", "parquet") == ("parquet", b"PAR1")
