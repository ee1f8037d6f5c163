"""The term store, as https://learn.microsoft.com/graph/api/resources/termstore-store has it."""

BASE = "https://contoso.sharepoint.com/sites/marketing/_api/v2.1/termStore"


async def test_reading_and_making(api):
    api.as_user("TermStore.ReadWrite.All")
    assert (await api.get(BASE))["defaultLanguageTag"] == "en-US"
    (people,) = (await api.get(f"{BASE}/groups"))["value"]
    assert (people["displayName"], people["scope"]) == ("People", "system")
    sets = (await api.get(f"{BASE}/groups/{people['id']}/sets"))["value"]
    assert [one["localizedNames"][0]["name"] for one in sets] == [
        "Department",
        "Job Title",
        "Location",
    ]
    group = await api.post(f"{BASE}/groups", 201, json={"displayName": "Fleet"})
    assert (await api.get(f"{BASE}/groups/{group['id']}"))["displayName"] == "Fleet"
    names = {"localizedNames": [{"name": "Rigs", "languageTag": "en-US"}]}
    rigs = await api.post(f"{BASE}/groups/{group['id']}/sets", 201, json=names)
    place = f"{BASE}/sets/{rigs['id']}"
    assert (await api.get(place))["localizedNames"] == names["localizedNames"]
    gaff = await api.post(f"{place}/children", 201, json={"labels": [{"name": "gaff"}]})
    below = f"{place}/terms/{gaff['id']}"
    await api.post(f"{below}/children", 201, json={"labels": [{"name": "topsail"}]})
    assert (await api.get(below))["childrenCount"] == 1

    async def labels(path):
        return [one["labels"][0]["name"] for one in (await api.get(path))["value"]]

    assert await labels(f"{place}/children") == ["gaff"]
    assert await labels(f"{below}/children") == ["topsail"]
    assert await labels(f"{place}/terms") == ["gaff", "topsail"]


async def test_what_is_refused(api):
    api.as_user("TermStore.ReadWrite.All")
    for path in ("groups/x", "sets/x", "nothing", "sets/x/terms"):
        await api.get(f"{BASE}/{path}", 404)
    for wrong in (b"{", b"[]", b"{}"):
        await api.post(f"{BASE}/groups", 400, content=wrong)
    api.as_user("AllSites.Read")
    assert (await api.get(f"{BASE}/groups"))["value"]
    await api.post(f"{BASE}/groups", 403, json={"displayName": "x"})
    api.as_user("User.Read")
    await api.get(BASE, 403)
