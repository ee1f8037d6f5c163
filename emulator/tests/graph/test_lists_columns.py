"""Columns and content types of sites and lists."""

import re

import pytest

from m365sim.testing import delegated_token

FACETS = {
    "boolean", "calculated", "choice", "contentApprovalStatus", "currency", "dateTime",
    "geolocation", "hyperlinkOrPicture", "lookup", "number", "personOrGroup", "term", "text",
    "thumbnail",
}  # fmt: skip


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


@pytest.fixture
def at_site(world, site, graph):
    graph.token = delegated_token(world, scopes=["Sites.Manage.All", "Sites.ReadWrite.All"])
    return f"/sites/{site.id}"


async def test_each_column_has_one_facet_at_most(graph, at_site):
    seen = set()
    for place in ("columns", "lists/Assets/columns", "lists/Documents/columns"):
        columns = (await graph.json(f"{at_site}/{place}"))["value"]
        assert len(columns) >= 34
        for column in columns:
            facets = FACETS & column.keys()
            assert len(facets) <= 1
            seen |= facets
        names = {column["name"] for column in columns}
        assert {"ID", "Title", "ContentType", "Author", "Modified"} <= names
        assert any(column["hidden"] and column["readOnly"] for column in columns)
    assert seen == FACETS - {"contentApprovalStatus"}


async def test_columns_come_in_pages_and_narrowed(graph, at_site):
    first = await graph.json(f"{at_site}/lists/Assets/columns?$top=10&$select=name")
    assert [set(column) for column in first["value"]] == [{"name"}] * 10
    second = await graph.json(first["@odata.nextLink"])
    every = await graph.json(f"{at_site}/lists/Assets/columns")
    names = [column["name"] for page in (first, second) for column in page["value"]]
    assert names == [column["name"] for column in every["value"][:20]]
    assert first["@odata.context"].endswith("/columns")


@pytest.mark.parametrize("owner", ["", "/lists/Assets"])
async def test_the_life_of_a_column(graph, at_site, owner):
    place = f"{at_site}{owner}/columns"
    body = {
        "name": "Frame No",
        "description": "stamped",
        "number": {"minimum": 1, "decimalPlaces": "none"},
        "columnGroup": "Contoso",
        "indexed": True,
        "defaultValue": {"value": "1"},
        "validation": {"formula": "=[Frame No]>0"},
    }
    made = await graph.call("POST", place, json=body)
    assert made.status_code == 201
    assert "etag" not in made.headers
    column = made.json()
    assert (column["name"], column["displayName"]) == ("Frame_x0020_No", "Frame No")
    assert column["number"] == {
        "decimalPlaces": "none",
        "displayAs": "number",
        "maximum": 1.7976931348623157e308,
        "minimum": 1,
    }
    assert column["defaultValue"] == {"value": "1"}
    assert column["validation"] == {"formula": "=[Frame No]>0"}
    again = await graph.call("POST", place, json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nameAlreadyExists")
    member = f"{place}/{column['id']}"
    change = {"displayName": "Frame", "required": True, "number": {"minimum": 2}}
    changed = await graph.call("PATCH", member, json=change)
    assert changed.status_code == 200
    assert (changed.json()["displayName"], changed.json()["required"]) == ("Frame", True)
    assert changed.json()["number"]["minimum"] == 2
    assert changed.json()["number"]["decimalPlaces"] == "none"
    read = await graph.json(member)
    assert {**read, "@odata.context": ""} == {**changed.json(), "@odata.context": ""}
    assert (await graph.json(f"{place}/Frame_x0020_No"))["id"] == column["id"]
    refused = await graph.call("PATCH", member, json={"text": {}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert (await graph.call("DELETE", member)).status_code == 204
    assert (await graph.get(member)).status_code == 404
    assert (await graph.call("DELETE", member)).status_code == 404


async def test_system_columns_stay(graph, at_site):
    for owner in ("", "/lists/Assets"):
        place = f"{at_site}{owner}/columns/Modified"
        assert (await graph.call("DELETE", place)).status_code == 403
        refused = await graph.call("PATCH", place, json={"required": True})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")
        renamed = await graph.call("PATCH", place, json={"displayName": "Geändert"})
        assert renamed.json()["displayName"] == "Geändert"


async def test_a_list_without_a_column_has_no_values_of_it(graph, at_site):
    place = f"{at_site}/lists/Assets"
    etag = (await graph.json(place))["eTag"]
    quantity = (await graph.json(f"{place}/columns/Quantity"))["id"]
    await graph.call("DELETE", f"{place}/columns/{quantity}")
    assert "Quantity" not in (await graph.json(f"{place}/items/1/fields"))
    await graph.call("POST", f"{place}/columns", json={"name": "Quantity", "text": {}})
    assert "Quantity" not in (await graph.json(f"{place}/items/1/fields"))
    assert (await graph.json(place))["eTag"] != etag


async def test_a_hidden_columns_values_are_shown_when_asked_for(graph, at_site):
    place = f"{at_site}/lists/Assets"
    await graph.call("PATCH", f"{place}/columns/Notes", json={"hidden": True})
    assert "Notes" not in await graph.json(f"{place}/items/1/fields")
    assert (await graph.json(f"{place}/items/1/fields?$select=Notes"))["Notes"].startswith("Cal")


async def test_a_lookup_looks_into_a_list_of_the_site(graph, at_site):
    place = f"{at_site}/lists/Assets/columns"
    vendors = (await graph.json(f"{at_site}/lists/Vendors"))["id"]
    lookup = {"listId": vendors.upper(), "columnName": "City"}
    made = await graph.call("POST", place, json={"name": "Home port", "lookup": lookup})
    assert made.status_code == 201
    await graph.call(
        "PATCH", f"{at_site}/lists/Assets/items/1/fields", json={"Home_x0020_portLookupId": 1}
    )
    fields = await graph.json(f"{at_site}/lists/Assets/items/1/fields?$select=Home_x0020_port")
    assert fields["Home_x0020_port"] == "Bergen"
    lookup["listId"] = "22e03ef3-6ef4-424d-a1d3-92a337807c30"
    refused = await graph.call("POST", place, json={"name": "Other", "lookup": lookup})
    assert refused.status_code == 400


# -- content types


async def test_content_types_of_a_site(graph, at_site):
    types = (await graph.json(f"{at_site}/contentTypes"))["value"]
    by_id = {known["id"]: known for known in types}
    assert by_id["0x"]["name"] == "System"
    assert by_id["0x0101"]["base"]["id"] == by_id["0x0101"]["parentId"] == "0x01"
    assert by_id["0x01010901"]["parentId"] == "0x010109"
    assert all(known["isBuiltIn"] and known["@odata.etag"] for known in types)
    page = await graph.json(f"{at_site}/contentTypes?$top=5&$select=id,name")
    assert [set(known) for known in page["value"]] == [{"@odata.etag", "id", "name"}] * 5
    rest = await graph.json(page["@odata.nextLink"])
    assert rest["value"][0]["id"] == types[5]["id"]


async def test_a_content_type_with_its_columns(graph, at_site):
    place = f"{at_site}/contentTypes/0X0101"
    whole = await graph.json(f"{place}?$expand=columns,base,columnLinks,columnPositions,baseTypes")
    assert [column["name"] for column in whole["columns"]] == [
        "ContentType",
        "FileLeafRef",
        "Title",
    ]
    assert whole["columns"][1]["sourceContentType"] == {"id": "0x0101", "name": "Document"}
    assert whole["columns"][1]["isDeletable"] is False
    assert whole["columnPositions"] == whole["columns"]
    assert whole["columnLinks"][2]["name"] == "Title"
    assert whole["baseTypes"] == [whole["base"]]
    listed = await graph.json(f"{place}/columns?$select=name")
    assert listed["value"][0] == {"name": "ContentType"}
    assert (await graph.get(f"{at_site}/contentTypes/0x0999")).status_code == 404


async def test_the_life_of_a_content_type(graph, at_site):
    place = f"{at_site}/contentTypes"
    body = {"name": "Contract", "description": "d", "group": "Legal", "base": {"id": "0x0101"}}
    made = await graph.call("POST", place, json=body)
    assert made.status_code == 201
    known = made.json()
    assert re.fullmatch(r"0x010100[0-9A-F]{32}", known["id"])
    assert (known["parentId"], known["base"]["name"]) == ("0x0101", "Document")
    assert known["isBuiltIn"] is False
    assert (await graph.call("POST", place, json=body)).status_code == 409
    for wrong in (
        {"name": "X"},
        {"name": "X", "base": {}},
        {"base": {"id": "0x01"}},
        {"name": " ", "base": {"id": "0x01"}},
    ):
        assert (await graph.call("POST", place, json=wrong)).status_code == 400
    lost = await graph.call("POST", place, json={"name": "X", "base": {"id": "0x0999"}})
    assert lost.status_code == 404
    member = f"{place}/{known['id']}"
    changed = await graph.call("PATCH", member, json={"name": "Agreement", "hidden": True})
    assert (changed.json()["name"], changed.json()["@odata.etag"]) == ("Agreement", '"1"')
    assert (await graph.call("PATCH", member, json={"hidden": "no"})).status_code == 400
    await graph.call("PATCH", member, json={"readOnly": True})
    assert (await graph.call("PATCH", member, json={"name": "Y"})).status_code == 403
    assert (await graph.call("DELETE", member)).status_code == 403
    await graph.call("PATCH", member, json={"readOnly": False, "sealed": True})
    assert (await graph.call("PATCH", member, json={"name": "Y"})).status_code == 403
    await graph.call("PATCH", member, json={"sealed": False})
    assert (await graph.call("DELETE", member)).status_code == 204
    assert (await graph.get(member)).status_code == 404
    assert (await graph.call("DELETE", f"{place}/0x0101")).status_code == 403


async def test_a_copy_for_a_list(graph, at_site):
    made = (
        await graph.call(
            "POST", f"{at_site}/contentTypes", json={"name": "Contract", "base": {"id": "0x0101"}}
        )
    ).json()
    place = f"{at_site}/lists/Documents/contentTypes"
    url = f"https://graph.microsoft.com/v1.0{at_site}/contentTypes/{made['id']}"
    copied = await graph.call("POST", f"{place}/addCopy", json={"contentType": url})
    assert copied.status_code == 201
    copy = copied.json()
    assert re.fullmatch(made["id"] + r"00[0-9A-F]{32}", copy["id"])
    assert (copy["name"], copy["parentId"]) == ("Contract", made["id"])
    assert copy["id"] in {known["id"] for known in (await graph.json(place))["value"]}
    again = await graph.call("POST", f"{place}/addCopy", json={"contentType": url})
    assert again.status_code == 409
    in_use = await graph.call("DELETE", f"{at_site}/contentTypes/{made['id']}")
    assert (in_use.status_code, in_use.json()["error"]["code"]) == (400, "invalidRequest")
    row = f"{at_site}/lists/Documents/items/1"
    changed = await graph.call("PATCH", row, json={"contentType": {"id": made["id"]}})
    assert changed.json()["contentType"]["name"] == "Contract"
    assert (await graph.call("DELETE", f"{place}/{copy['id']}")).status_code == 400
    await graph.call("PATCH", row, json={"contentType": {"name": "Document"}})
    assert (await graph.call("DELETE", f"{place}/{copy['id']}")).status_code == 204
    for wrong in ({}, {"contentType": 5}, {"contentType": "https://example.com/0x0101"}):
        assert (await graph.call("POST", f"{place}/addCopy", json=wrong)).status_code == 400
    sealed = url.replace(made["id"], "0x0120")
    assert (
        await graph.call("POST", f"{place}/addCopy", json={"contentType": sealed})
    ).status_code == 400
    missing = url.replace(made["id"], "0x0999")
    assert (
        await graph.call("POST", f"{place}/addCopy", json={"contentType": missing})
    ).status_code == 404
