"""Paths, queries and headers are read as the contract's clients write them."""

import pytest

from fairlead.api.routing import NoQuery, PathTolerance, nested_query, validated
from fairlead.errors import InvalidInput


@pytest.mark.parametrize(
    ("query", "parsed"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"ids=1", {"ids": "1"}),
        (b"ids=1&ids=2%2F3", {"ids": ["1", "2/3"]}),
        (b"tags%5Bend_user%5D=D&tags[x]=y", {"tags": {"end_user": "D", "x": "y"}}),
        (b"a[b][c]=d", {"a": {"b": {"c": "d"}}}),
        (b"ids[]=1&ids[]=2", {"ids": ["1", "2"]}),
        (b"a[b=c", {"a[b": "c"}),
        (b"syncs=a,b::v", {"syncs": "a,b::v"}),
    ],
)
def test_brackets_nest(query: bytes, parsed: dict[str, object]) -> None:
    assert nested_query(query) == parsed


@pytest.mark.parametrize("query", [b"a=1&a[b]=2", b"a[b]=1&a[b][c]=2", b"a[b][c][d][e]=1"])
def test_contradictory_brackets_are_refused(query: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        nested_query(query)
    assert refused.value.code == "invalid_query_params"


def test_a_route_without_query_takes_none() -> None:
    with pytest.raises(InvalidInput) as refused:
        validated(NoQuery, {"x": "1"}, "invalid_query_params")
    assert refused.value.issues == [
        {"code": "unrecognized_keys", "message": "Unrecognized key: x", "path": []}
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/records/", "/records"),
        ("/Records", "/records"),
        ("/connect/sessions", "/connect/sessions"),
        ("/CONNECT/Sessions/", "/connect/sessions"),
        ("/integrations/My%20Key/functions/", "/integrations/My%20Key/functions"),
        ("/INTEGRATIONS/KeY", "/integrations/KeY"),
        ("/connections/A/B/", "/connections/A/B"),
        ("/nothing/Of/Ours", "/nothing/Of/Ours"),
        ("/", "/"),
    ],
)
def test_case_and_trailing_slash_do_not_matter(written: str, meant: str) -> None:
    paths = PathTolerance(
        [
            "/records",
            "/connect/sessions",
            "/integrations/{unique_key}",
            "/integrations/{unique_key}/functions",
            "/connections/metadata",
            "/connections/{connection_id}",
        ]
    )
    assert paths.canonical(written) == meant
