"""CAML: `GetItems`, `RenderListDataAsStream`, views, and the list view threshold.

Shapes: https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest,
operators: https://learn.microsoft.com/sharepoint/dev/schema/query-schema
"""

import pytest

from m365sim.files import Actor

VERBOSE = "application/json;odata=verbose"
SITE = "/sites/marketing"


@pytest.fixture
async def boats(api, world):
    """A list with a text, a number, a date, a flag, a choice, and a person."""
    made = await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    found = world.lists.find(world.content.site_at("contoso.sharepoint.com", SITE), made["Id"])
    for column in (
        {"name": "Length", "number": {}},
        {"name": "Built", "dateTime": {"format": "dateTime"}},
        {"name": "Afloat", "boolean": {}},
        {
            "name": "Rig",
            "choice": {"choices": ["gaff", "lug", "gunter"], "displayAs": "checkBoxes"},
        },
        {"name": "Skipper", "personOrGroup": {}},
    ):
        world.lists.add_column(found, column)
    alex = next(u for u in world.directory.users.values() if u.upn.startswith("alex"))
    skipper = world.lists.people(found.site).number(Actor(alex.id, alex.display_name, alex.email))
    rows = (
        ("Sloop", 9, "2026-05-01T08:00:00Z", True, ["gaff"], skipper),
        ("Ketch", 14, "2026-06-03T10:00:00Z", False, ["gaff", "lug"], None),
        ("Yawl", 11, None, True, ["gunter"], skipper),
        ("Cutter", 14, "2020-01-01T00:00:00Z", None, [], None),
    )
    for title, length, built, afloat, rig, person in rows:
        values = {"Title": title, "Length": length, "Built": built, "Rig": rig or None}
        values |= {"Afloat": afloat, "Skipper": person}
        found.add(values, Actor(alex.id, alex.display_name, alex.email))
    return f"web/lists(guid'{made['Id']}')"


async def found(api, place, where="", *, order="", view="", **more):
    xml = f"<View{more.pop('scope', '')}><Query>{where and f'<Where>{where}</Where>'}"
    xml += f"{order and f'<OrderBy>{order}</OrderBy>'}</Query>{view}</View>"
    body = {"query": {"ViewXml": xml, **more}}
    return [one.get("Title") for one in (await api.post(f"{place}/GetItems", json=body))["value"]]


def condition(name, field, kind, value, attributes=""):
    return (
        f'<{name}><FieldRef Name="{field}" {attributes}/>'
        f'<Value Type="{kind}">{value}</Value></{name}>'
    )


WHERES = [
    (condition("Eq", "Title", "Text", "sloop"), ["Sloop"]),
    (condition("Neq", "Title", "Text", "Sloop"), ["Ketch", "Yawl", "Cutter"]),
    (condition("Gt", "Length", "Number", "11"), ["Ketch", "Cutter"]),
    (condition("Geq", "Length", "Number", "11"), ["Ketch", "Yawl", "Cutter"]),
    (condition("Lt", "Length", "Number", "11"), ["Sloop"]),
    (condition("Leq", "Length", "Number", "11"), ["Sloop", "Yawl"]),
    (condition("BeginsWith", "Title", "Text", "K"), ["Ketch"]),
    (condition("Contains", "Title", "Text", "aw"), ["Yawl"]),
    ('<IsNull><FieldRef Name="Built"/></IsNull>', ["Yawl"]),
    ('<IsNotNull><FieldRef Name="Built"/></IsNotNull>', ["Sloop", "Ketch", "Cutter"]),
    (condition("Eq", "Afloat", "Boolean", "1"), ["Sloop", "Yawl"]),
    (condition("Eq", "Built", "DateTime", "2026-06-03T00:00:00Z"), ["Ketch"]),
    (condition("Geq", "Built", "DateTime", "<Today OffsetDays='-40'/>"), ["Sloop", "Ketch"]),
    (condition("Eq", "Rig", "Text", "lug"), ["Ketch"]),
    (condition("Neq", "Rig", "Text", "gaff"), ["Yawl", "Cutter"]),
    (condition("Eq", "Skipper", "User", "Alex Wilber"), ["Sloop", "Yawl"]),
    (
        "<And>"
        + condition("Gt", "Length", "Number", "9")
        + condition("Lt", "ID", "Counter", "4")
        + "</And>",
        ["Ketch", "Yawl"],
    ),
    (
        "<Or>"
        + condition("Eq", "ID", "Counter", "1")
        + condition("Eq", "ID", "Counter", "4")
        + "</Or>",
        ["Sloop", "Cutter"],
    ),
    (
        (
            '<In><FieldRef Name="Title"/><Values><Value Type="Text">Yawl</Value>'
            '<Value Type="Text">Sloop</Value></Values></In>'
        ),
        ["Sloop", "Yawl"],
    ),
    (
        '<Membership Type="SPWeb.AllUsers"><FieldRef Name="Skipper"/></Membership>',
        ["Sloop", "Yawl"],
    ),
    ('<Membership Type="CurrentUserGroups"><FieldRef Name="Skipper"/></Membership>', []),
]


@pytest.mark.parametrize(("where", "wanted"), WHERES)
async def test_where(api, boats, where, wanted):
    assert await found(api, boats, where) == wanted


async def test_where_by_number(api, boats):
    api.as_user("AllSites.Read")
    mine = condition("Eq", "Skipper", "Integer", "<UserID/>", 'LookupId="TRUE"')
    assert await found(api, boats, mine) == ["Sloop", "Yawl"]
    exact = '<Eq><FieldRef Name="Built"/><Value Type="DateTime" IncludeTimeValue="TRUE">'
    assert await found(api, boats, f"{exact}2026-06-03T10:00:00Z</Value></Eq>") == ["Ketch"]
    assert await found(api, boats, f"{exact}2026-06-03T10:00:01Z</Value></Eq>") == []


async def test_order_limit_fields_and_pages(api, boats):
    order = '<FieldRef Name="Length" Ascending="FALSE"/><FieldRef Name="Title"/>'
    limit = '<RowLimit Paged="TRUE">2</RowLimit>'
    assert await found(api, boats, order=order, view=limit) == ["Cutter", "Ketch"]
    place = {"PagingInfo": "Paged=TRUE&p_Length=14&p_Title=Ketch&p_ID=2"}
    more = await found(api, boats, order=order, view=limit, ListItemCollectionPosition=place)
    assert more == ["Yawl", "Sloop"]
    place = {"PagingInfo": "Paged=TRUE&p_ID=3"}
    assert await found(api, boats, view=limit, ListItemCollectionPosition=place) == ["Cutter"]
    xml = '<View><ViewFields><FieldRef Name="Length"/></ViewFields><RowLimit>1</RowLimit></View>'
    (one,) = (await api.post(f"{boats}/GetItems", json={"query": {"ViewXml": xml}}))["value"]
    assert one["Length"] == 9
    assert {"Built", "Rig", "AuthorId"}.isdisjoint(one)
    got = await api.get(f'{boats}/GetItems(query=@q)?@q={{"ViewXml":"<View/>"}}&$select=Title')
    assert [one["Title"] for one in got["value"]] == ["Sloop", "Ketch", "Yawl", "Cutter"]
    body = {"query": {"__metadata": {"type": "SP.CamlQuery"}, "ViewXml": "<View/>"}}
    verbose = await api.post(f"{boats}/GetItems?$expand=Author", json=body, accept=VERBOSE)
    assert verbose["d"]["results"][0]["Author"]["Title"] == "Alex Wilber"


async def test_bad_queries(api, boats):
    bad = ("<View", "<Where/>", "<!DOCTYPE x><View/>", "<View><RowLimit>x</RowLimit></View>")
    for xml in bad:
        await api.post(f"{boats}/GetItems", 400, json={"query": {"ViewXml": xml}})
    await api.post(f"{boats}/GetItems", 400, json={})
    for where in (
        "<Near/>",
        condition("Eq", "Built", "DateTime", "soon"),
        "<Membership Type='x'/>",
    ):
        xml = f"<View><Query><Where>{where}</Where></Query></View>"
        await api.post(f"{boats}/GetItems", 400, json={"query": {"ViewXml": xml}})
    xml = f"<View><Query><Where>{condition('Eq', 'None', 'Text', 'x')}</Where></Query></View>"
    refused = await api.post(f"{boats}/GetItems", 500, json={"query": {"ViewXml": xml}})
    assert refused["odata.error"]["code"].startswith("-2130575340")


async def test_scopes_and_folders_of_a_library(api):
    docs, folder = "web/lists/getbytitle('Documents')", f"{SITE}/Shared Documents/Campaigns"
    await api.post(f"web/GetFolderByServerRelativePath(decodedurl='{folder}')/Files/add(url='a.txt')",
                   content=b"a")  # fmt: skip

    async def names(scope="", place=folder):
        query = {"ViewXml": f"<View{scope}/>", "FolderServerRelativeUrl": place}
        body = {"query": query}
        got = await api.post(f"{docs}/GetItems?$select=FileLeafRef", json=body)
        return {one["FileLeafRef"] for one in got["value"]}

    flat = await names()
    assert {"a.txt", "2026 Q3"} <= flat
    assert await names(' Scope="FilesOnly"') == {"a.txt", "Adele's notes+drafts.txt"}
    deep = await names(' Scope="RecursiveAll"')
    assert "Budget #2 (50%).csv" in deep
    assert flat < deep
    assert await names(' Scope="Recursive"') < deep
    assert deep < await names(' Scope="RecursiveAll"', None)
    body = {"query": {"ViewXml": "<View/>", "FolderServerRelativeUrl": f"{folder}/none"}}
    await api.post(f"{docs}/GetItems", 404, json=body)


# -- as a stream


async def test_as_a_stream(api, boats):
    xml = '<View><Query><OrderBy><FieldRef Name="Title"/></OrderBy></Query><RowLimit>3</RowLimit>'
    xml += '<ViewFields><FieldRef Name="Title"/><FieldRef Name="Built"/></ViewFields></View>'
    url = f"{boats}/RenderListDataAsStream"
    page = await api.post(url, json={"parameters": {"ViewXml": xml}})
    assert [row["Title"] for row in page["Row"]] == ["Cutter", "Ketch", "Sloop"]
    assert page["Row"][1]["Built"] == "6/3/2026 10:00 AM"
    assert (page["FirstRow"], page["LastRow"], page["RowLimit"]) == (1, 3, 3)
    following = {"ViewXml": xml, "Paging": page["NextHref"].lstrip("?")}
    rest = await api.post(url, json={"parameters": following})
    assert [row["Title"] for row in rest["Row"]] == ["Yawl"]
    assert rest["FirstRow"] == rest["LastRow"] == 4
    assert "NextHref" not in rest
    schema = await api.post(url, json={"parameters": {"RenderOptions": 8198, "ViewXml": xml}})
    assert schema["ListData"]["Row"]
    assert "Built" in {field["Name"] for field in schema["ListSchema"]["Field"]}
    assert "ParentInfo" in schema
    await api.post(url, 400, json={"parameters": 7})


async def test_overrides(api, boats):
    url = f"{boats}/RenderListDataAsStream"
    where = f"<Where>{condition('Gt', 'Length', 'Number', '9')}</Where>"
    xml = f"<View><Query>{where}</Query><RowLimit>1</RowLimit></View>"
    page = await api.post(url, json={"parameters": {"OverrideViewXml": xml}})
    assert [row["ID"] for row in page["Row"]] == ["2"]
    body = {"parameters": {}, "overrideParameters": {"SortField": "Title", "SortDir": "Desc"}}
    assert [row["ID"] for row in (await api.post(url, json=body))["Row"]] == ["3", "1", "2", "4"]
    page = await api.post(f"{url}?FilterField1=Length&FilterValue1=14&FilterType1=Number"
                          "&FilterField2=Title&FilterValue2=Ketch", json={})  # fmt: skip
    assert [row["ID"] for row in page["Row"]] == ["2"]
    old = await api.post(f"{boats}/RenderListData", json={"viewXml": "<View/>"})
    assert '"LastRow":4' in old["d"]["RenderListData"]


# -- views


async def test_views(api, boats):
    (first,) = (await api.get(f"{boats}/Views"))["value"]
    assert (first["Title"], first["DefaultView"]) == ("All Items", True)
    assert first["ServerRelativeUrl"] == f"{SITE}/Lists/Boats/AllItems.aspx"
    new = {
        "Title": "Long ones",
        "ViewFields": {"results": ["Title", "Length"]},
        "ViewQuery": f"<Where>{condition('Gt', 'Length', 'Number', '9')}</Where>",
        "RowLimit": 2,
        "PersonalView": False,
    }
    made = await api.post(f"{boats}/Views", 201, json=new)
    assert made["ListViewXml"].startswith("<View Name=")
    view = f"{boats}/Views('{made['Id']}')"
    fields = await api.get(f"{view}/ViewFields")
    assert fields["Items"] == ["Title", "Length"]
    verbose = await api.get(f"{view}?$expand=ViewFields", accept=VERBOSE)
    assert verbose["d"]["__metadata"]["type"] == "SP.View"
    assert verbose["d"]["ViewFields"]["Items"]["results"] == ["Title", "Length"]
    xml = {"query": {"ViewXml": made["ListViewXml"]}}
    shown = await api.post(f"{boats}/GetItems", json=xml)
    assert [one["Title"] for one in shown["value"]] == ["Ketch", "Yawl"]
    body = {"parameters": {}, "overrideParameters": {"ViewId": made["Id"]}}
    page = await api.post(f"{boats}/RenderListDataAsStream", json=body)
    assert [row["Title"] for row in page["Row"]] == ["Ketch", "Yawl"]
    assert "Ketch" in (await api.get(f"{view}/RenderAsHtml"))["value"]

    await api.post(f"{view}/ViewFields/AddViewField('Built')")
    await api.post(f"{view}/ViewFields/RemoveViewField('Length')")
    move = {"field": "Built", "index": 0}
    await api.post(f"{view}/ViewFields/MoveViewFieldTo", json=move)
    assert (await api.get(f"{view}/ViewFields"))["Items"] == ["Built", "Title"]
    await api.post(f"{view}/ViewFields/AddViewField('None')", 400)
    await api.post(f"{view}/ViewFields/RemoveViewField('Rig')", 400)
    await api.post(f"{view}/ViewFields/RemoveAllViewFields")

    merged = {"x-http-method": "MERGE"}
    change = {"Title": "Longer", "DefaultView": True, "Scope": 1}
    assert (await api.call("POST", view, headers=merged, json=change)).status_code == 204
    assert (await api.get(f"{boats}/DefaultView"))["Title"] == "Longer"
    refused = await api.call("POST", view, headers={"x-http-method": "DELETE"})
    assert refused.status_code == 403
    set_xml = {"viewXml": '<View><Query/><RowLimit Paged="TRUE">7</RowLimit></View>'}
    await api.post(f"{view}/SetViewXml", json=set_xml)
    assert (await api.get(f"{boats}/GetView('{made['Id']}')"))["RowLimit"] == 7
    (other,) = [v for v in (await api.get(f"{boats}/Views"))["value"] if v["Title"] == "All Items"]
    gone = await api.call("DELETE", f"{boats}/Views/GetById('{other['Id']}')")
    assert gone.status_code == 200
    await api.get(f"{boats}/Views/GetByTitle('All Items')", 404)
    for wrong in ({}, {"Title": "x", "ViewQuery": "<"}, {"Title": "x", "RowLimit": "many"}):
        await api.post(f"{boats}/Views", 400, json=wrong)
    parameters = {"parameters": {"Title": "By client", "ViewTypeKind": 1}}
    assert (await api.post(f"{boats}/Views/add", json=parameters))["ViewType"] == "HTML"
    assert len((await api.get(f"{boats}/Views"))["value"]) == 2


# -- the list view threshold


async def test_large_lists(api, boats, world):
    site = world.content.site_at("contoso.sharepoint.com", SITE)
    known = world.lists.find(site, "Boats")
    for number in range(5000):
        known.add({"Title": f"T{number}", "Length": number}, Actor())

    async def throttled(path, **options):
        refused = await api.call("POST" if options else "GET", f"{boats}/{path}", **options)
        assert refused.status_code == 500
        code = refused.json()["odata.error"]["code"]
        assert code == "-2147024860, Microsoft.SharePoint.SPQueryThrottledException"

    await throttled("items?$filter=Length gt 4999")
    await throttled("items?$orderby=Length")
    where = f"<Where>{condition('Gt', 'Length', 'Number', '4990')}</Where>"
    for xml in (
        f"<View><Query>{where}</Query><RowLimit>10</RowLimit></View>",
        '<View><Query><OrderBy><FieldRef Name="Length"/></OrderBy></Query><RowLimit>9</RowLimit></View>',
        "<View/>",
        "<View><RowLimit>5001</RowLimit></View>",
    ):
        await throttled("GetItems", json={"query": {"ViewXml": xml}})
    # by ranges of ids all of it can be had
    wanted = "items?$filter=Id gt 4000 and Id le 5004 and Length ge 4998&$select=Id,Length"
    assert [one["Length"] for one in (await api.get(f"{boats}/{wanted}"))["value"]] == [4998, 4999]
    both = f"<And>{condition('Gt', 'ID', 'Counter', '4000')}{condition('Geq', 'Length', 'Number', '4998')}</And>"
    xml = f'<View><Query><Where>{both}</Where><OrderBy><FieldRef Name="Length" Ascending="FALSE"/>'
    xml += "</OrderBy></Query><RowLimit>10</RowLimit></View>"
    got = await api.post(f"{boats}/GetItems", json={"query": {"ViewXml": xml}})
    assert [one["Length"] for one in got["value"]] == [4999, 4998]
    seen, link = 0, f"{boats}/items?$top=5000&$select=Id"
    while link:
        page = await api.get(link)
        seen, link = seen + len(page["value"]), page.get("odata.nextLink")
    assert seen == 5004
    xml = '<View><RowLimit Paged="TRUE">5000</RowLimit></View>'
    page = await api.post(f"{boats}/RenderListDataAsStream", json={"parameters": {"ViewXml": xml}})
    assert len(page["Row"]) == 5000
    body = {"parameters": {"ViewXml": xml, "Paging": page["NextHref"][1:]}}
    assert len((await api.post(f"{boats}/RenderListDataAsStream", json=body))["Row"]) == 4
    # an index lifts the limit, as long as what it finds is little
    world.lists.find(site, "Boats").schema.change_column(
        known.schema.columns["Length"], {"indexed": True}
    )
    assert len((await api.get(f"{boats}/items?$filter=Length gt 4998"))["value"]) == 1
    xml = f"<View><Query>{where}</Query></View>"
    assert (
        len((await api.post(f"{boats}/GetItems", json={"query": {"ViewXml": xml}}))["value"]) == 9
    )
    wide = f"<Where>{condition('Gt', 'Length', 'Number', '-1')}</Where>"
    await throttled("GetItems", json={"query": {"ViewXml": f"<View><Query>{wide}</Query></View>"}})
