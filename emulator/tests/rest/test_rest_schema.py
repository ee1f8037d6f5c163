"""Fields and content types.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)
"""

import pytest

VERBOSE = "application/json;odata=verbose"
MERGE = {"x-http-method": "MERGE", "if-match": "*"}
BOATS = "web/lists/getbytitle('Boats')"


@pytest.fixture
async def boats(api):
    return await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})


def schema(kind, inner="", **attributes):
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return {"parameters": {"SchemaXml": f'<Field Type="{kind}"{written}>{inner}</Field>'}}


@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        (schema("Text", DisplayName="Sail No", Name="SailNo", MaxLength="9"), 2, "Text"),
        (schema("Note", DisplayName="Story"), 3, "Note"),
        (schema("DateTime", DisplayName="Built", Format="DateTime", Indexed="TRUE"), 4, "DateTime"),
        (schema("Choice", "<CHOICES><CHOICE>a</CHOICE></CHOICES>", DisplayName="Rig"), 6, "Choice"),
        (schema("MultiChoice", "<CHOICES><CHOICE>a</CHOICE></CHOICES>", DisplayName="R"), 15,
         "MultiChoice"),
        (schema("Boolean", "<Default>1</Default>", DisplayName="Afloat"), 8, "Boolean"),
        (schema("Number", DisplayName="Length", Min="1", Max="99", Required="TRUE"), 9, "Number"),
        (schema("Currency", DisplayName="Price"), 10, "Currency"),
        (schema("URL", DisplayName="Page"), 11, "URL"),
        (schema("Calculated", "<Formula>=[Title]</Formula>", DisplayName="Twice"), 17,
         "Calculated"),
        (schema("UserMulti", DisplayName="Crew", Mult="TRUE"), 20, "UserMulti"),
    ],
)  # fmt: skip
async def test_fields_from_xml(api, boats, body, kind, name):
    made = await api.post(f"{BOATS}/Fields/CreateFieldAsXml", json=body)
    assert (made["FieldTypeKind"], made["TypeAsString"]) == (kind, name)
    again = await api.get(f"{BOATS}/Fields/getbyid('{made['Id']}')", accept=VERBOSE)
    assert f'Type="{name}"' in again["d"]["SchemaXml"]


async def test_lookups_and_items_with_new_fields(api, boats):
    xml = schema("Lookup", DisplayName="Sister", List="{" + boats["Id"] + "}", ShowField="Title")
    made = await api.post(f"{BOATS}/Fields/CreateFieldAsXml", json=xml)
    assert made["LookupList"] == "{" + boats["Id"] + "}"
    await api.post(f"{BOATS}/items", 201, json={"Title": "Sloop"})
    await api.post(f"{BOATS}/items", 201, json={"Title": "Ketch", "SisterId": 1})
    shown = await api.get(f"{BOATS}/items(2)?$select=Sister/Title&$expand=Sister")
    assert shown == {"Sister": {"Title": "Sloop"}}
    parameters = {"parameters": {"Title": "Other", "FieldTypeKind": 7, "LookupListId": boats["Id"],
                                 "LookupFieldName": "Title"}}  # fmt: skip
    await api.post(f"{BOATS}/Fields/AddField", json=parameters)


async def test_changing_fields(api, boats):
    body = {
        "Title": "Rig",
        "FieldTypeKind": 6,
        "Choices": {"results": ["gaff"]},
        "Required": "true",
    }
    made = await api.post(f"{BOATS}/Fields", 201, json=body)
    assert made["Choices"] == ["gaff"]
    assert made["Required"] is True
    field = f"{BOATS}/Fields('{made['Id']}')"
    change = {
        "Title": "Rigging",
        "Choices": ["gaff", "lug"],
        "DefaultValue": "lug",
        "Indexed": True,
    }
    assert (await api.call("POST", field, headers=MERGE, json=change)).status_code == 204
    shown = await api.get(f"{BOATS}/Fields/getbytitle('Rigging')")
    assert (shown["InternalName"], shown["DefaultValue"], shown["Indexed"]) == ("Rig", "lug", True)
    item = await api.post(f"{BOATS}/items", 201, json={"Title": "Sloop"})
    assert item["Rig"] == "lug"
    assert (await api.call("DELETE", field)).status_code == 200
    await api.get(field, 404)
    assert "Rig" not in await api.get(f"{BOATS}/items(1)")
    for bad in ({}, schema("Rocket", DisplayName="x"), {"parameters": {"SchemaXml": "<Field"}},
                {"parameters": {"SchemaXml": "<!DOCTYPE x><Field/>"}}):  # fmt: skip
        await api.post(f"{BOATS}/Fields/CreateFieldAsXml", 400, json=bad)
    await api.post(f"{BOATS}/Fields", 400, json={"Title": "x", "FieldTypeKind": 99})
    api.as_user("AllSites.Write")
    await api.post(f"{BOATS}/Fields", 403, json=body)


async def test_fields_of_a_site(api):
    made = await api.post("web/fields", 201, json={"Title": "Mooring", "FieldTypeKind": 2})
    assert (await api.get("web/fields/getbytitle('Mooring')"))["Id"] == made["Id"]
    graph = await api.graph("/sites/contoso.sharepoint.com:/sites/marketing:/columns")
    assert made["Id"] in {one["id"] for one in graph["value"]}
    assert (await api.call("DELETE", f"web/fields('{made['Id']}')")).status_code == 200


async def test_content_types(api, boats):
    own = (await api.get(f"{BOATS}/ContentTypes"))["value"]
    assert [one["Name"] for one in own] == ["Item", "Folder"]
    verbose = await api.get(f"{BOATS}/ContentTypes('{own[0]['StringId']}')", accept=VERBOSE)
    assert verbose["d"]["__metadata"]["type"] == "SP.ContentType"
    assert verbose["d"]["Id"]["StringValue"] == own[0]["StringId"]
    parameters = {"parameters": {"Name": "Boat", "ParentContentType": {"StringValue": "0x01"}}}
    made = await api.post("web/ContentTypes/Add", json=parameters)
    assert made["StringId"].startswith("0x0100")
    taken = await api.post(
        f"{BOATS}/ContentTypes/AddAvailableContentType",
        json={"contentTypeId": made["StringId"]},
    )
    item = await api.post(
        f"{BOATS}/items", 201, json={"Title": "Sloop", "ContentTypeId": taken["StringId"]}
    )
    shown = await api.get(f"{BOATS}/items({item['Id']})/ContentType")
    assert shown["Name"] == "Boat"
    links = (await api.get(f"{BOATS}/ContentTypes('{taken['StringId']}')/FieldLinks"))["value"]
    assert "Title" in [one["Name"] for one in links]
    place = f"web/ContentTypes('{made['StringId']}')"
    assert (await api.call("DELETE", place)).status_code == 400  # in use
    change = {"Name": "Vessel", "Description": "afloat"}
    assert (await api.call("POST", place, headers=MERGE, json=change)).status_code == 204
    assert (await api.get(place))["Name"] == "Vessel"
    await api.call("DELETE", f"{BOATS}/items({item['Id']})")
    gone = await api.call("DELETE", f"{BOATS}/ContentTypes('{taken['StringId']}')")
    assert gone.status_code == 200
    assert (await api.call("DELETE", place)).status_code == 200
    await api.get(place, 404)
    await api.post("web/ContentTypes", 400, json={"Name": 7})
    await api.post("web/ContentTypes", 404, json={"Name": "x", "Id": {"StringValue": "1x"}})
    for wrong, status in (({}, 400), ({"contentTypeId": "0x99"}, 404)):
        await api.post(f"{BOATS}/ContentTypes/AddAvailableContentType", status, json=wrong)
