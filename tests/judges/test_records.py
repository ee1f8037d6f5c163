"""Records as the client reads them: paged, filtered, by id, and what changed since."""

import re
from typing import Any

import pytest

KEY = "recorded"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
PEOPLE = {
    "/Verträge",
    "/Verträge/Überstunden.txt",
    "/Verträge/Prämien.csv",
    "/Handbook.docx",
}


@pytest.fixture(scope="module")
def said(judge: Any, world: Any) -> Any:
    drives = [world.drive("/sites/people"), world.drive("/sites/engineering")]
    world.connected(KEY, "megan", metadata={"driveIds": drives})
    return judge("records.js", integration=KEY, drive=drives[0])


def paths(said: Any, call: str) -> list[str]:
    return [record["path"] for record in said.value(call)["records"]]


def test_all(said: Any) -> None:
    everything = said.value("all")
    assert everything["next_cursor"] is None
    assert set(paths(said, "all")) > PEOPLE
    for record in everything["records"]:
        about = record["_nango_metadata"]
        assert re.fullmatch(INSTANT, about["first_seen_at"])
        assert re.fullmatch(INSTANT, about["last_modified_at"])
        assert about["last_action"] == "ADDED"
        assert about["deleted_at"] is None
        assert about["pruned_at"] is None
        assert 0 < len(about["cursor"]) < 1000
        assert record["id"] == f"{record['driveId']}/{record['itemId']}"


def test_pages(said: Any) -> None:
    everything = said.value("all")["records"]
    pages = said.value("pages")
    assert [record for page in pages for record in page] == everything
    assert {len(page) for page in pages[:-1]} == {4}
    assert said.value("fromCursor")["records"] == everything[5:]
    assert said.value("fromLast") == {"records": [], "next_cursor": None}


def test_by_id(said: Any) -> None:
    everything = said.value("all")["records"]
    assert said.value("ids")["records"] == [everything[1], everything[3]]
    assert said.value("idsOne")["records"] == [everything[2]]


def test_filters(said: Any) -> None:
    assert said.value("added") == said.value("all")
    assert said.value("updated")["records"] == []


def test_changes(said: Any) -> None:
    assert said.value("change")["status"] == "SUCCESS"
    changed = said.value("changed")["records"]
    actions = {record["name"]: record["_nango_metadata"]["last_action"] for record in changed}
    assert actions["New.txt"] == "ADDED"
    assert actions["Handbuch.docx"] == "UPDATED"
    assert actions["Prämien.csv"] == "DELETED"
    [gone] = [record for record in changed if record["name"] == "Prämien.csv"]
    assert re.fullmatch(INSTANT, gone["_nango_metadata"]["deleted_at"])
    assert gone["path"] == "/Verträge/Prämien.csv", "the last content is kept"
    for call in ("changedSince", "changedDelta"):
        assert said.value(call)["records"] == changed, call
    assert paths(said, "addedSince") == ["/New.txt"]
    assert "/Handbuch.docx" in paths(said, "updatedSince")
    assert paths(said, "deletedSince") == ["/Verträge/Prämien.csv"]
    both = paths(said, "updatedOrDeleted")
    assert set(both) == set(paths(said, "updatedSince") + paths(said, "deletedSince"))
    assert said.value("inFuture")["records"] == []


def test_nothing_there(said: Any) -> None:
    assert said.value("otherVariant") == {"records": [], "next_cursor": None}
    status, error = said.error("otherModel")
    assert (status, error["code"]) == (404, "unknown_model")


@pytest.mark.parametrize(
    ("call", "code", "field"),
    [
        ("tooManyIds", "invalid_query_params", "ids"),
        ("badModel", "invalid_query_params", "model"),
        ("badCursor", "invalid_query_params", None),
        ("badFilter", "invalid_query_params", "filter"),
        ("badLimit", "invalid_query_params", "limit"),
        ("tooOld", "invalid_query_params", "modified_after"),
        ("ofUnknown", "unknown_connection", None),
        ("ofUnknownIntegration", "unknown_connection", None),
    ],
)
def test_refused(said: Any, call: str, code: str, field: str | None) -> None:
    status, error = said.error(call)
    assert (status, error["code"]) == (400, code)
    assert field is None or error["errors"][0]["path"][0] == field


def test_the_client_itself_wants_a_model(said: Any) -> None:
    assert "model is missing" in said.calls["withoutModel"]["thrown"]
