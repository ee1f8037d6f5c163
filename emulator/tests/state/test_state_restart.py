"""A restarted cloud goes on with what it had, to the last id; so does one that was killed."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from m365sim.clock import SystemClock
from m365sim.entra.contoso import DAEMON_APP_ID, WEB_APP_ID
from m365sim.tenant import Tenant, User

GRAPH = "https://graph.microsoft.com/v1.0"
MARKETING = "contoso.sharepoint.com:/sites/marketing:"
WEB = "/sites/marketing/_api/web"
REDIRECT = "http://127.0.0.1:3003/oauth/callback"
LOGIN = "https://login.microsoftonline.com/organizations/oauth2/v2.0"


async def sign_in(kept):
    """Sign Megan in, and return the answer with her tokens."""
    kept.world.auto_sign_in = "megan@contoso.onmicrosoft.com"
    query = {
        "client_id": WEB_APP_ID, "response_type": "code", "redirect_uri": REDIRECT,
        "scope": "Sites.Read.All offline_access", "state": "s",
    }  # fmt: skip
    moved = await kept.http.get(f"{LOGIN}/authorize?{urlencode(query)}")
    code = parse_qs(urlsplit(moved.headers["location"]).query)["code"][0]
    return await token(kept, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)


async def token(kept, **form):
    form |= {"client_id": WEB_APP_ID, "client_secret": "fairlead-secret~for-tests-only"}
    return (await kept.http.post(f"{LOGIN}/token", data=form)).json()


async def busy_day(kept):
    """Do a little of everything, and return the addresses that a client would remember."""
    drive = (await kept.graph("GET", f"/sites/{MARKETING}/drive"))["id"]
    at = f"/drives/{drive}"
    links = {
        "drive": await last_link(kept, f"{at}/root/delta"),
        "rows": await last_link(
            kept, "/sites/contoso.sharepoint.com:/sites/engineering:/lists/Assets/items/delta"
        ),
    }
    made = await kept.graph("PUT", f"{at}/root:/Days/Monday.txt:/content", content=b"one")
    await kept.graph("PUT", f"{at}/items/{made['id']}/content", content=b"two")
    await kept.graph("PATCH", f"{at}/items/{made['id']}", json={"name": "Tuesday.txt"})
    await kept.graph("DELETE", f"{at}/root:/Empty file.txt")
    await kept.graph("POST", f"{at}/root:/Campaigns/2026 Q4:/copy", json={"name": "Copy of Q4"})
    await kept.graph(
        "POST",
        f"{at}/items/{made['id']}/createLink",
        json={"type": "view", "scope": "organization"},
    )
    await kept.graph(
        "POST", f"{at}/items/{made['id']}/invite",
        json={"recipients": [{"email": "adele@contoso.onmicrosoft.com"}], "roles": ["write"], "requireSignIn": True},
    )  # fmt: skip
    whole = await kept.graph("POST", f"{at}/root:/Large.bin:/createUploadSession", json={})
    content = b"0123456789abcdef" * 20_480 * 4
    await kept.http.put(
        whole["uploadUrl"], content=content,
        headers={"content-range": f"bytes 0-{len(content) - 1}/{len(content)}"},
    )  # fmt: skip
    listed = await kept.graph(
        "POST", f"/sites/{MARKETING}/lists",
        json={"displayName": "Ships", "columns": [{"name": "Length", "number": {}}]},
    )  # fmt: skip
    items = f"/sites/{MARKETING}/lists/{listed['id']}/items"
    first = await kept.graph("POST", items, json={"fields": {"Title": "Nordstern", "Length": 41}})
    await kept.graph("PATCH", f"{items}/{first['id']}/fields", json={"Length": 42})
    await kept.graph("POST", items, json={"fields": {"Title": "Südwind"}})
    await kept.graph("DELETE", f"{items}/2")
    library = f"/sites/{MARKETING}/lists/Documents"
    await kept.graph("POST", f"{library}/columns", json={"name": "Ship", "text": {}})
    await kept.graph(
        "PATCH", f"{at}/items/{made['id']}/listItem/fields", json={"Ship": "Nordstern"}
    )
    subscribed = await kept.graph(
        "POST", "/subscriptions",
        json={
            "changeType": "updated", "notificationUrl": "http://localhost/hook", "clientState": "s",
            "resource": f"drives/{drive}/root", "expirationDateTime": "2026-06-20T00:00:00Z",
        },
    )  # fmt: skip
    await kept.api(
        "POST", f"{WEB}/lists/getbytitle('Ships')/subscriptions",
        json={"notificationUrl": "http://localhost/hook", "expirationDateTime": "2026-07-20T00:00:00Z"},
    )  # fmt: skip
    await kept.api(
        "POST",
        f"{WEB}/lists/getbytitle('Documents')/breakroleinheritance(copyroleassignments=true)",
    )
    kept.world.content.site_grants[DAEMON_APP_ID, kept.world.content.sites[1].collection] = (
        frozenset({"read"})
    )
    kept.world.throttle.turn_on(licences=2)
    kept.world.quirks.change(parent_echo=False)
    kept.world.state.commit()  # for what was changed without a request
    return {
        "at": at,
        "made": made["id"],
        "list": listed["id"],
        "subscription": subscribed["id"],
        **links,
    }


async def last_link(kept, start):
    page = await kept.graph("GET", start)
    while "@odata.nextLink" in page:
        page = await kept.graph("GET", page["@odata.nextLink"])
    return page["@odata.deltaLink"]


async def seen(kept, known):
    """Return what clients of both APIs see of it all."""
    shown = {}
    at = known["at"]
    for path in (
        f"{at}/root/delta", f"{at}/root/children?$expand=thumbnails", f"{at}/items/{known['made']}/versions",
        f"{at}/items/{known['made']}/permissions", f"/sites/{MARKETING}/lists/Documents/columns",
        f"/sites/{MARKETING}/lists/Documents/items?$expand=fields", "/subscriptions", "/users", "/groups",
        f"/sites/{MARKETING}/lists/{known['list']}/items?$expand=fields", "/sites?search=*", "/me/drive",
        f"/sites/{MARKETING}/lists/{known['list']}/items/1/versions", "/sites/root/pages",
        f"/sites/{MARKETING}/drives", f"/sites/{MARKETING}/contentTypes",
    ):  # fmt: skip
        shown[path] = await kept.graph("GET", path)
    for path in (
        "/lists", "/lists/getbytitle('Ships')/items", "/lists/getbytitle('Ships')/fields", "/sitegroups",
        "/recyclebin", "/lists/getbytitle('Documents')/roleassignments", "/siteusers",
        "/lists/getbytitle('Ships')/subscriptions", "/lists/getbytitle('Ships')/views",
    ):  # fmt: skip
        shown[path] = await kept.api("GET", WEB + path)
    return shown


@pytest.mark.parametrize("ending", ["restart", "crash"])
async def test_everything_is_as_it_was(kept, ending):
    known = await busy_day(kept)
    shown = await seen(kept, known)
    if ending == "crash":
        # What reading changed on the side, such as the numbers of site users, is committed later.
        kept.world.state.commit()
    before = kept.everything(kept.world)
    getattr(kept, ending)()
    after = kept.everything(kept.world)
    assert len(before) > 120
    assert [name for name, _ in after.values()] == [name for name, _ in before.values()]
    for number, (name, values) in before.items():
        assert after[number][1] == values, name
    assert await seen(kept, known) == shown


async def test_the_file_says_the_same_after_every_commit(kept):
    """What is left out of a commit because it seems unchanged really is."""
    await busy_day(kept)
    kept.world.state.commit()
    before = kept.everything(kept.world)
    for _ in range(2):
        kept.restart()
    after = kept.everything(kept.world)
    assert after == before


async def test_delta_goes_on_from_old_tokens(kept):
    known = await busy_day(kept)
    made = {known["made"]}
    kept.crash()
    page = await kept.graph("GET", known["drive"])
    assert made <= {entry["id"] for entry in page["value"]}
    assert "Welcome.md" not in {entry.get("name") for entry in page["value"]}
    await kept.graph("PUT", f"{known['at']}/root:/Later.txt:/content", content=b"later")
    following = await kept.graph("GET", page["@odata.deltaLink"])
    assert [entry["name"] for entry in following["value"]] == ["Later.txt"]
    rows = await kept.graph("GET", known["rows"])
    assert rows["value"] == []


async def test_sign_in_goes_on(kept):
    signed_in = await sign_in(kept)
    kept.crash()
    site = f"{GRAPH}/sites/{MARKETING}"
    old = {"authorization": f"Bearer {signed_in['access_token']}"}
    assert (await kept.http.get(site, headers=old)).status_code == 200
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": signed_in["refresh_token"],
        "scope": "Sites.Read.All",
    }
    renewed = await token(kept, **refresh)
    new = {"authorization": f"Bearer {renewed['access_token']}"}
    assert (await kept.http.get(site, headers=new)).status_code == 200
    megan = kept.world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    kept.world.directory.revoke_sessions(megan, kept.world.clock.now())
    kept.restart()
    assert (await token(kept, **refresh))["error_codes"] == [50173]


async def test_uploads_go_on(kept):
    at = (await kept.graph("GET", f"/sites/{MARKETING}/drive"))["id"]
    fragment = b"0123456789abcdef" * 20_480 * 5  # 1.6 MB: more than is held in memory
    small = await kept.graph("POST", f"/drives/{at}/root:/Small.bin:/createUploadSession", json={})
    large = await kept.graph("POST", f"/drives/{at}/root:/Large.bin:/createUploadSession", json={})
    for url, size in ((small["uploadUrl"], 327_680), (large["uploadUrl"], len(fragment))):
        head = {"content-range": f"bytes 0-{size - 1}/{size + 4}"}
        assert (await kept.http.put(url, content=fragment[:size], headers=head)).status_code == 202
    path = "/sites/marketing/Shared Documents/Chunked.bin"
    await kept.api(
        "POST", f"{WEB}/GetFolderByServerRelativePath(decodedurl='/sites/marketing/Shared Documents')"
        "/Files/AddUsingPath(decodedurl='Chunked.bin',overwrite=true)", content=b"",
    )  # fmt: skip
    number = "11111111-2222-4333-8444-555555555555"
    file = f"{WEB}/GetFileByServerRelativePath(decodedurl='{path}')"
    await kept.api("POST", f"{file}/StartUpload(uploadId=guid'{number}')", content=fragment)
    kept.crash()
    for url, size in ((small["uploadUrl"], 327_680), (large["uploadUrl"], len(fragment))):
        assert (await kept.http.get(url)).json()["nextExpectedRanges"] == [f"{size}-{size + 3}"]
        head = {"content-range": f"bytes {size}-{size + 3}/{size + 4}"}
        done = await kept.http.put(url, content=b"done", headers=head)
        assert done.status_code == 201
        moved = await kept.graph(
            "GET", f"/drives/{at}/items/{done.json()['id']}/content", status=302
        )
        assert (await kept.http.get(moved.headers["location"])).content == fragment[:size] + b"done"
    await kept.api(
        "POST",
        f"{file}/FinishUpload(uploadId=guid'{number}',fileOffset={len(fragment)})",
        content=b"end",
    )
    kept.restart()
    content = await kept.api("GET", f"{file}/$value")
    assert content.content == fragment + b"end"


async def test_ids_are_not_given_twice(kept):
    async def subscribe():
        drive = (await kept.graph("GET", f"/sites/{MARKETING}/drive"))["id"]
        body = {
            "changeType": "updated", "notificationUrl": "http://localhost/hook",
            "resource": f"drives/{drive}/root", "expirationDateTime": "2026-06-20T00:00:00Z",
        }  # fmt: skip
        upload = await kept.graph("POST", f"/drives/{drive}/root:/x:/createUploadSession", json={})
        made = await kept.graph(
            "PUT", f"/drives/{drive}/root:/{len(ids)}.txt:/content", content=b"x"
        )
        return (
            (await kept.graph("POST", "/subscriptions", json=body))["id"],
            upload["uploadUrl"],
            made["id"],
        )

    ids = set()
    for _ in range(4):
        ids.update(await subscribe())
        kept.restart()
    assert len(ids) == 12
    assert len(kept.world.notify.subscriptions) == 4


async def test_notifications_go_on(kept):
    known = await busy_day(kept)
    await kept.world.notify.pump()
    kept.crash()
    kept.sent.clear()
    await kept.world.notify.pump()
    assert kept.sent == []
    await kept.graph("PUT", f"{known['at']}/root:/News.txt:/content", content=b"news")
    await kept.graph(
        "POST", f"/sites/{MARKETING}/lists/{known['list']}/items", json={"fields": {"Title": "New"}}
    )
    await kept.world.notify.pump()
    assert set(kept.sent) == {"http://localhost/hook"}
    assert kept.world.notify.counts["delivered"] >= 2


async def test_several_tenants(kept):
    tenant = Tenant(
        "11111111-2222-4333-8444-555555555555", "fabrikam", "fabrikam.onmicrosoft.com", "F"
    )
    other = kept.world.add_tenant(tenant)
    kept.world.directory.add_user(
        User("fred-id", tenant.id, "fred@fabrikam.onmicrosoft.com", "Fred", "x", "fred@f.example")
    )
    other.content.add_drive(other.content.add_site("", "Fabrikam"))
    before = kept.everything(kept.world)
    kept.restart()
    assert [one.tenant.name for one in kept.world.tenants.values()] == ["contoso", "fabrikam"]
    assert kept.everything(kept.world) == before
    assert kept.world.tenants[tenant.id].tenant is kept.world.directory.tenants[tenant.id]


async def test_the_clock_goes_on(new_kept):
    still = new_kept()
    still.world.clock.advance(timedelta(days=3))
    moment = still.world.clock.now()
    still.restart()
    assert still.world.clock.now() == moment


async def test_the_clock_runs_ahead_as_far_as_it_did(new_kept):
    running = new_kept(clock=SystemClock())
    running.world.clock.advance(timedelta(days=3))
    running.restart()
    assert running.world.clock.offset == timedelta(days=3)


async def test_of_a_computed_library_only_what_was_touched_is_written(new_kept):
    kept = new_kept(seed_files=1_000_000)
    drive = next(d for d in kept.world.content.drives() if d.base is not None)
    listed = (await kept.graph("GET", f"/drives/{drive.id}/root/children?$top=3"))["value"]
    inside = (
        await kept.graph("GET", f"/drives/{drive.id}/items/{listed[0]['id']}/children?$top=3")
    )["value"]
    await kept.graph(
        "PATCH", f"/drives/{drive.id}/items/{inside[0]['id']}", json={"name": "renamed.txt"}
    )
    await kept.graph("DELETE", f"/drives/{drive.id}/items/{listed[1]['id']}")
    kept.world.state.commit()
    before = kept.everything(kept.world)
    kept.restart()
    assert kept.everything(kept.world) == before
    again = next(d for d in kept.world.content.drives() if d.base is not None)
    assert again.child_count(again.root.uid) == drive.child_count(drive.root.uid)
    assert again.resolve(again.root, [listed[0]["name"], "renamed.txt"]).uid
    assert kept.path.stat().st_size < 1_000_000


async def test_a_mirrored_folder_is_followed_from_where_it_was(new_kept, tmp_path):
    folder = tmp_path / "mirrored"
    (folder / "A").mkdir(parents=True)
    (folder / "A/one.txt").write_text("one")
    (folder / "two.txt").write_text("two")
    kept = new_kept(library=folder)
    drive = kept.world.content.mirrors[0].drive
    head, uid = drive.log.head, drive.resolve(drive.root, ["two.txt"]).uid
    kept.restart()
    again = kept.world.content.mirrors[0].drive
    assert again.log.head == head
    (folder / "two.txt").rename(folder / "A/three.txt")
    (folder / "A/one.txt").unlink()
    kept.restart()
    last = kept.world.content.mirrors[0].drive
    assert last.resolve(last.root, ["A", "three.txt"]).uid == uid
    assert last.child(last.resolve(last.root, ["A"]).uid, "one.txt") is None
    assert base64.b64decode(last.resolve(last.root, ["A", "three.txt"]).blob.quick_xor_hash())


async def test_a_column_that_is_forgotten_stays_forgotten(kept):
    known = await busy_day(kept)
    columns = (await kept.graph("GET", f"/sites/{MARKETING}/lists/Documents/columns"))["value"]
    ship = next(one for one in columns if one["name"] == "Ship")
    await kept.graph("DELETE", f"/sites/{MARKETING}/lists/Documents/columns/{ship['id']}")
    length = f"/sites/{MARKETING}/lists/{known['list']}/columns/Length"
    await kept.graph("DELETE", length)
    before = kept.everything(kept.world)
    kept.crash()
    assert kept.everything(kept.world) == before


async def test_what_was_removed_leaves_the_file(kept):
    at = (await kept.graph("GET", f"/sites/{MARKETING}/drive"))["id"]
    session = await kept.graph("POST", f"/drives/{at}/root:/x:/createUploadSession", json={})
    content = kept.world.content
    drive = content.add_drive(content.sites[1], "Passing", "Passing")
    drive.create_folder(drive.root, "A", drive.owner)
    kept.world.state.commit()
    rows = kept.world.state.rows()
    content.remove_drive(drive)
    assert (await kept.http.delete(session["uploadUrl"])).status_code == 204
    left = kept.world.state.rows()
    assert left["history"] == rows["history"] - 1
    assert left["entities"] == rows["entities"] - 4  # session, what arrived, drive, its scribe
    before = kept.everything(kept.world)
    kept.restart()
    assert kept.everything(kept.world) == before


async def test_large_files_lie_beside_and_strays_are_tidied_up(kept, beside):
    at = (await kept.graph("GET", f"/sites/{MARKETING}/drive"))["id"]
    await kept.graph("PUT", f"/drives/{at}/root:/Large.bin:/content", content=b"x" * 2_000_000)
    (beside / "stray").write_bytes(b"of a process that was killed")
    assert len(list(beside.iterdir())) == 2
    kept.restart()
    (left,) = beside.iterdir()
    assert left.stat().st_size == 2_000_000
