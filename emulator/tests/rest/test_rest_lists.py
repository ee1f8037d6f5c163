"""Lists, columns and items."""

import pytest

VERBOSE = "application/json;odata=verbose"


@pytest.fixture
async def boats(api):
    """A list with a few items."""
    made = await api.post("web/lists", 201, json={"Title": "Boats's", "BaseTemplate": 100})
    place = f"web/lists(guid'{made['Id']}')"
    await api.post(f"{place}/fields", 201, json={"Title": "Length", "FieldTypeKind": 9})
    for title, length in (("Sloop", 9), ("Ketch", 14), ("Yawl", 11)):
        await api.post(f"{place}/items", 201, json={"Title": title, "Length": length})
    return place


async def titles(api, path):
    return [one["Title"] for one in (await api.get(path))["value"]]


async def test_ways_to_a_list(api, boats):
    by_title = await api.get("web/lists/getbytitle('Boats''s')")
    assert by_title["ItemCount"] == 3
    assert by_title["BaseTemplate"] == 100
    assert by_title["ListItemEntityTypeFullName"] == "SP.Data.BoatssListItem"
    assert by_title["CurrentChangeToken"]["StringValue"].startswith(f"1;3;{by_title['Id']};")
    by_id = await api.get(f"web/lists('{by_title['Id']}')")
    assert by_id["Id"] == by_title["Id"]
    by_path = await api.get("web/GetList(@l)?@l='/sites/marketing/Lists/Boatss'")
    assert by_path["Id"] == by_title["Id"]


async def test_libraries(api):
    found = await api.get(
        "web/lists?$filter=Hidden eq false and BaseType eq 1 and IsCatalog eq false"
        "&$select=Title,RootFolder/ServerRelativeUrl&$expand=RootFolder"
    )
    assert {
        "Title": "Documents",
        "RootFolder": {"ServerRelativeUrl": "/sites/marketing/Shared Documents"},
    } in found["value"]


async def test_reading_items(api, boats):
    assert await titles(api, f"{boats}/items?$orderby=Length desc") == ["Ketch", "Yawl", "Sloop"]
    assert await titles(api, f"{boats}/items?$filter=Length gt 9&$top=1") == ["Ketch"]
    wanted = "startswith(Title,'S') or substringof('aw',Title)"
    assert await titles(api, f"{boats}/items?$filter={wanted}") == ["Sloop", "Yawl"]
    (one,) = (await api.get(f"{boats}/items?$filter=Id eq 2"))["value"]
    assert one["FileSystemObjectType"] == 0
    assert one["OData__UIVersionString"] == "1.0"
    expanded = await api.get(f"{boats}/items(2)?$select=Title,Author/Title&$expand=Author")
    assert expanded == {"Title": "Ketch", "Author": {"Title": "SharePoint App"}}
    texts = await api.get(f"{boats}/items(2)/FieldValuesAsText")
    assert texts["Length"] == "14"
    assert texts["OData__x005f_UIVersionString"] == "1.0"


async def test_bad_queries(api, boats):
    for query in ("$filter=Length ~ 9", "$select=Nothing", "$select=Author/Title", "$top=x"):
        refused = await api.get(f"{boats}/items?{query}", 400)
        assert "InvalidClientQueryException" in refused["odata.error"]["code"]
    await api.get(f"{boats}/items(99)", 404)


@pytest.mark.parametrize("query", ["$top=2", "$top=2&$orderby=Length", "$top=2&$skip=1"])
async def test_pages(api, boats, query):
    page = await api.get(f"{boats}/items?{query}&$select=Title,Id")
    assert len(page["value"]) == 2
    link = page["odata.nextLink"]
    assert "%24skiptoken=Paged%3DTRUE%26p_" in link
    rest = await api.get(link)
    assert "odata.nextLink" not in rest
    assert {one["Title"] for one in [*page["value"], *rest["value"]]} == {"Sloop", "Ketch", "Yawl"}
    verbose = await api.get(f"{boats}/items?{query}", accept=VERBOSE)
    assert verbose["d"]["__next"]


async def test_changing_an_item(api, boats):
    item = f"{boats}/items(1)"
    tag = (await api.call("GET", item)).headers["etag"]
    merge = {"x-http-method": "MERGE", "if-match": tag}
    assert (await api.call("POST", item, headers=merge, json={"Length": 10})).status_code == 204
    again = await api.call("POST", item, headers=merge, json={"Length": 11})
    assert again.status_code == 412
    patched = await api.call("PATCH", item, headers={"if-match": "*"}, json={"Title": "Cutter"})
    assert patched.status_code == 204
    shown = await api.get(item)
    assert (shown["Title"], shown["Length"]) == ("Cutter", 10)
    assert (await api.call("POST", item, headers={"x-http-method": "DELETE"})).status_code == 200
    await api.get(item, 404)


async def test_verbose_bodies_must_name_their_type(api, boats):
    headers = {"content-type": VERBOSE}
    body = b'{"Title": "x"}'
    await api.post(f"{boats}/items", 400, headers=headers, content=body)
    body = b'{"__metadata": {"type": "SP.Data.BoatssListItem"}, "Title": "x"}'
    made = await api.post(f"{boats}/items", 201, headers=headers, content=body, accept=VERBOSE)
    assert made["d"]["__metadata"]["type"] == "SP.Data.BoatssListItem"


async def test_lookups(api, boats, world):
    field = {"name": "Skipper", "personOrGroup": {}}
    site = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    found = world.lists.find(site, "Boats's")
    world.lists.add_column(found, field)
    alex = await api.get("web/siteusers/getbyemail('alex@contoso.onmicrosoft.com')")
    await api.call("PATCH", f"{boats}/items(1)", json={"SkipperId": alex["Id"]})
    await api.get(f"{boats}/items(1)?$select=Skipper/Nonsense&$expand=Skipper", 400)
    shown = await api.get(f"{boats}/items(1)?$select=SkipperId,Skipper/Title&$expand=Skipper")
    assert shown == {"SkipperId": alex["Id"], "Skipper": {"Title": "Alex Wilber"}}


async def test_lists_themselves(api, boats):
    merged = {"x-http-method": "MERGE", "if-match": "*"}
    assert (await api.call("POST", boats, headers=merged, json={"Title": "B"})).status_code == 204
    assert (await api.get(boats))["Title"] == "B"
    fields = [f["InternalName"] for f in (await api.get(f"{boats}/fields"))["value"]]
    assert "Length" in fields
    number = await api.get(f"{boats}/fields/getbyinternalnameortitle('Length')")
    assert number["TypeAsString"] == "Number"
    assert (await api.call("DELETE", boats)).status_code == 200
    await api.get(boats, 404)
    await api.post("web/lists", 400, json={"Title": "x", "BaseTemplate": 4711})
