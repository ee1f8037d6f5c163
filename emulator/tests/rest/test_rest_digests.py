"""Digests, headers, and values that come as texts."""

from datetime import timedelta

from m365sim.throttle.limits import Limits

LISTS = {"Title": "Boats", "BaseTemplate": 100}


async def test_digests_are_looked_at_where_that_is_switched_on(api, world):
    bad = {"x-requestdigest": "0x12,never"}
    await api.post("contextinfo", headers=bad)  # a bearer token needs none
    world.quirks.checks_digests = True
    refused = await api.post("web/lists", 403, headers=bad, json=LISTS)
    assert refused["odata.error"]["code"] == "-2130575251, Microsoft.SharePoint.SPException"
    assert "security validation" in refused["odata.error"]["message"]["value"]
    digest = (await api.post("contextinfo"))["FormDigestValue"]
    await api.post("web/lists", 201, headers={"x-requestdigest": digest}, json=LISTS)
    assert (await api.call("GET", "web", headers=bad)).status_code == 200
    world.clock.advance(timedelta(minutes=31))
    late = await api.call("POST", "web/lists", headers={"x-requestdigest": digest}, json=LISTS)
    assert late.status_code == 403


async def test_headers_tell_how_busy_the_service_is(api, world):
    calm = await api.call("GET", "web")
    assert calm.headers["x-sharepointhealthscore"] == "1"
    assert calm.headers["sprequestduration"].isdigit()
    assert calm.headers["sprequestguid"] == calm.headers["request-id"]
    world.throttle.turn_on(limits=Limits(1, 100, 100))
    busy = await api.call("GET", "web")
    assert busy.status_code == 429
    assert int(busy.headers["retry-after"]) > 0
    assert busy.headers["x-sharepointhealthscore"] == "9"


async def test_values_that_come_as_texts(api):
    await api.post("web/lists", 201, json=LISTS)
    boats = "web/lists/getbytitle('Boats')"
    await api.post(f"{boats}/fields", 201, json={"Title": "Length", "FieldTypeKind": 9})

    def form(*pairs):
        return [{"FieldName": name, "FieldValue": value} for name, value in pairs]

    add = f"{boats}/AddValidateUpdateItemUsingPath"
    info = {"FolderPath": {"DecodedUrl": "/sites/marketing/Lists/Boats"}, "UnderlyingObjectType": 0}
    body = {"listItemCreateInfo": info, "formValues": form(("Title", "Sloop"), ("Length", "9"))}
    made = (await api.post(add, json=body))["value"]
    assert made[-1]["FieldName"] == "Id"
    assert made[-1]["FieldValue"] == "1"
    bad = await api.post(add, json={"formValues": form(("Title", "x"), ("Length", "long"))})
    assert [one["HasException"] for one in bad["value"]] == [False, True]
    item = f"{boats}/items(1)"
    update = f"{item}/ValidateUpdateListItem"
    said = await api.post(update, json={"formValues": form(("Length", "long"), ("Title", "y"))})
    assert said["value"][0]["ErrorMessage"]
    assert (await api.get(item))["Title"] == "Sloop"  # one that is bad stops all
    results = {"formValues": {"results": form(("Length", "10"))}}
    await api.post(update, json=results)
    assert (await api.get(item))["Length"] == 10
    assert len((await api.get(f"{boats}/items"))["value"]) == 1
    await api.post(update, 400, json={"formValues": form(("None", "x"))})
    await api.post(update, 400, json={})
    folder = {"listItemCreateInfo": {"UnderlyingObjectType": 1}, "formValues": []}
    await api.post(add, 400, json=folder)
