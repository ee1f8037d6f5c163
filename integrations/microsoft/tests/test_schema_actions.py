"""Actions on columns and content types, against what the emulator holds."""

import json

import pytest
from action_cases import CASES, ActionLab, unique

from fairlead.errors import ActionFailed, InvalidInput, Rejected
from fairlead.sdk.testing import Exchange, Replay, run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import CLOUDS

KINDS = {
    "text": {"maxLength": 40},
    "number": {"decimalPlaces": "two", "minimum": 0, "maximum": 9.5},
    "choice": {"choices": ["a", "b"], "displayAs": "radioButtons", "allowTextEntry": True},
    "dateTime": {"format": "dateOnly", "displayAs": "friendly"},
    "boolean": {},
    "currency": {"locale": "en-us"},
    "personOrGroup": {"allowMultipleSelection": True, "chooseFromType": "peopleOnly"},
    "hyperlinkOrPicture": {"isPicture": False},
    "calculated": {"formula": '="a"&"b"', "outputType": "text"},
    "geolocation": {},
}


async def refused(lab: ActionLab, name: str, given: dict) -> str:
    with pytest.raises(Rejected) as told:
        await lab.run(name, given)
    return told.value.code


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["list", "site"])
async def test_a_column_of_each_kind(lab: ActionLab, kind: str, place: str):
    where = await CASES["get-list"](lab) if place == "list" else {"siteId": lab.site()}
    name = unique(kind).replace(" ", "").capitalize()
    given = {
        **where,
        "name": name,
        "displayName": f"My {name}",
        "description": "What it is for.",
        kind: KINDS[kind],
        "required": kind == "text",
        "columnGroup": "Ours",
    }
    made = await lab.run(f"create-{place}-column", given)
    sent = json.loads(lab.requests[-1].body)
    assert sent == {field: value for field, value in given.items() if field not in where}
    assert (made["name"], made["displayName"]) == (name, f"My {name}")
    assert made[kind].items() >= {k: v for k, v in KINDS[kind].items() if v is not None}.items()
    assert made["required"] is (kind == "text")
    if place == "list":
        assert lab.true_list(where)["columnDefinitions"][name]["type"] == kind
    listed = await lab.run(f"list-{place}-columns", where)
    assert made["id"] in [one["id"] for one in listed["columns"]]
    assert await refused(lab, f"create-{place}-column", given) == "name_taken"


async def test_a_lookup_column(lab: ActionLab):
    other, given = await CASES["get-list"](lab), await CASES["get-list"](lab)
    lookup = {"listId": other["listId"], "columnName": "Title"}
    made = await lab.run("create-list-column", {**given, "name": "Seller", "lookup": lookup})
    assert made["lookup"].items() >= lookup.items()
    assert lab.true_list(given)["columnDefinitions"]["Seller"]["type"] == "lookup"


@pytest.mark.parametrize("place", ["list", "site"])
async def test_a_column_is_changed_and_deleted(lab: ActionLab, place: str):
    where = await CASES[f"delete-{place}-column"](lab)
    changes = {"displayName": "Other", "indexed": True}
    given = {**where, "columnDefinition": changes} if place == "list" else {**where, **changes}
    changed = await lab.run(f"update-{place}-column", given)
    assert json.loads(lab.requests[-1].body) == changes
    assert (changed["id"], changed["displayName"]) == (where["columnId"], "Other")
    assert await lab.run(f"delete-{place}-column", where) == {"success": True}
    assert await refused(lab, f"delete-{place}-column", where) == "item_not_found"
    listed = await lab.run(
        f"list-{place}-columns", {k: v for k, v in where.items() if k != "columnId"}
    )
    assert where["columnId"] not in [one["id"] for one in listed["columns"]]


async def test_facets_that_are_none(lab: ActionLab):
    for wrong in ("text", ["text"], 7):
        with pytest.raises(InvalidInput) as told:
            await lab.run("create-site-column", {"siteId": "s", "name": "A", "text": wrong})
        assert told.value.issues[0]["path"][0] == "text"
    assert lab.requests == []


async def test_content_types_from_birth_to_death(lab: ActionLab):
    site, name = lab.site(), unique("Novel")
    given = {"siteId": site, "name": name, "description": "Long.", "group": "Ours"}
    made = await lab.run("create-content-type", given)
    assert json.loads(lab.requests[-1].body)["base"] == {"id": "0x01"}
    assert (made["name"], made["group"], made["parentId"]) == (name, "Ours", "0x01")
    assert made["base"]["name"] == "Item"
    assert (made["id"], name) in [
        (one["id"], one["name"]) for one in lab.truth(site, "contentTypes")
    ]
    assert await refused(lab, "create-content-type", given) == "name_taken"
    child = await lab.run(
        "create-content-type", {**given, "name": unique("Short"), "base": {"id": made["id"]}}
    )
    assert child["parentId"] == made["id"]
    found = await lab.run("get-content-type", {"siteId": site, "contentTypeId": made["id"]})
    assert found["base"]["id"] == "0x01"
    assert "Title" in [one["name"] for one in found["columns"]]
    assert found["isBuiltIn"] is False
    listed = await lab.run("list-content-types", {"siteId": site})
    assert made["id"] in [one["id"] for one in listed["contentTypes"]]
    gone = {"siteId": site, "contentTypeId": child["id"]}
    assert await lab.run("delete-content-type", gone) == {"success": True}
    assert child["id"] not in [one["id"] for one in lab.truth(site, "contentTypes")]
    assert await refused(lab, "get-content-type", gone) == "item_not_found"


async def test_a_list_takes_on_a_content_type(lab: ActionLab):
    where = await CASES["get-list"](lab)
    novel = await CASES["get-content-type"](lab)
    made = await lab.run("add-content-type-to-list", {**where, **novel})
    assert made["parentId"] == novel["contentTypeId"]
    assert made["id"].startswith(novel["contentTypeId"])
    assert made["id"] in [one["id"] for one in lab.true_list(where)["contentTypes"]]
    listed = await lab.run("list-list-content-types", where)
    assert made["id"] in [one["id"] for one in listed["items"]]
    assert await refused(lab, "delete-content-type", novel) == "invalid_request"
    url = (
        f"{lab.tenant.graph_url}/v1.0/sites/{novel['siteId']}/contentTypes/{novel['contentTypeId']}"
    )
    other = await CASES["get-list"](lab)
    by_url = await lab.run("add-content-type-to-list", {**other, "contentTypeUrl": url})
    assert by_url["parentId"] == novel["contentTypeId"]
    nowhere = {**where, "contentTypeUrl": "https://example.com/"}
    assert await refused(lab, "add-content-type-to-list", nowhere) == "invalid_request"
    with pytest.raises(ActionFailed) as told:
        await lab.run("add-content-type-to-list", where)
    assert told.value.code == "invalid_input"


async def test_the_address_of_a_content_type_is_of_the_connections_own_cloud():
    cloud = CLOUDS["china"]
    path = "/v1.0/sites/s/lists/l/contentTypes/addCopy"
    send = Replay([Exchange(method="POST", url=path, status=201, body={"id": "0x0100AB"})])
    given = {"siteId": "s", "listId": "l", "contentTypeId": "0x0100"}
    assert await run_action(pack(cloud), "add-content-type-to-list", given, send) == {
        "id": "0x0100AB"
    }
    assert json.loads(send.requests[0].body) == {
        "contentType": f"{cloud.graph_url}/v1.0/sites/s/contentTypes/0x0100"
    }
