from __future__ import annotations

import random
from urllib.parse import quote

import httpx
import pytest

from m365sim.harness import Wishes, started
from m365sim.history import log

PLACE = "/sites/marketing/Shared Documents"
MEGAN = "Megan Bowen"


class Client:
    """Asks Graph and `_api` with tokens of a person."""

    def __init__(self, tenant, user="megan"):
        self.http = httpx.Client(timeout=20, follow_redirects=True)
        self.graph = f"{tenant.graph_url}/v1.0"
        self.api = f"{tenant.sharepoint_url}/sites/marketing/_api"
        all_of_it = {"resource": "sharepoint", "scopes": ["AllSites.FullControl"]}
        self._tokens = {
            "graph": tenant.token(user, scopes=["Sites.FullControl.All", "Files.ReadWrite.All"]),
            "sharepoint": tenant.token(user, **all_of_it),
        }

    def __call__(self, method, url, **options):
        kind = "sharepoint" if url.startswith(self.api) else "graph"
        headers = {"Authorization": f"Bearer {self._tokens[kind]}", "Accept": "application/json"}
        headers |= options.pop("headers", {})
        answer = self.http.request(method, url, headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def ask(m365_tenant):
    client = Client(m365_tenant)
    yield client
    client.http.close()


@pytest.fixture
def alex(m365_tenant):
    client = Client(m365_tenant, "alex")
    yield client
    client.http.close()


def told(tenant, since=0):
    return [(e.way, e.action, e.kind, e.name) for e in tenant.history(since)]


def test_what_is_there_from_the_start_is_no_change(m365_tenant, ask):
    ask("GET", f"{ask.graph}/sites?search=*")
    ask("GET", f"{ask.graph}/me/drive/root/children")
    assert m365_tenant.history() == []


@pytest.mark.m365(now="2026-05-01T10:00:00Z")
def test_the_life_of_a_file_through_graph(m365_tenant, m365_clock, ask):
    site = ask("GET", f"{ask.graph}/sites/contoso.sharepoint.com:/sites/marketing")
    drive = f"{ask.graph}/sites/{site['id']}/drive"
    folder = ask("POST", f"{drive}/root/children", json={"name": "New", "folder": {}})
    file = ask("PUT", f"{drive}/items/{folder['id']}:/a.txt:/content", content=b"one")
    item = f"{drive}/items/{file['id']}"
    m365_clock.advance(minutes=30)
    ask("PUT", f"{item}/content", content=b"second")
    ask("PATCH", item, json={"name": "b.txt"})
    root = ask("GET", f"{drive}/root")["id"]
    ask("PATCH", item, json={"parentReference": {"id": root}, "name": "c.txt"})
    ask("PATCH", f"{item}/listItem/fields", json={"Title": "The letter C"})
    ask("DELETE", item)
    url = f"{m365_tenant.control_url}/restore/{file['parentReference']['driveId']}/{file['id']}"
    assert httpx.post(url).status_code == 200
    ask("POST", f"{item}/checkout")
    ask("POST", f"{item}/checkin", json={"comment": "done"})
    ask("POST", f"{item}/permanentDelete")

    entries = m365_tenant.history()
    assert [(e.way, e.action, e.kind, e.path, e.details) for e in entries] == [
        ("graph", "created", "folder", "/New", {}),
        ("graph", "created", "file", "/New/a.txt", {"size": 3}),
        ("graph", "content", "file", "/New/a.txt", {"size": 6, "contentVersion": 2}),
        ("graph", "renamed", "file", "/New/b.txt", {"from": "/New/a.txt"}),
        ("graph", "moved", "file", "/c.txt", {"from": "/New/b.txt"}),
        ("graph", "updated", "file", "/c.txt", {"fields": ["Title"]}),
        ("graph", "deleted", "file", "/c.txt", {}),
        ("control", "restored", "file", "/c.txt", {}),
        ("graph", "checkedOut", "file", None, {}),
        ("graph", "checkedIn", "file", None, {}),
        ("graph", "updated", "file", "/c.txt", {"fields": ["_CheckinComment"]}),
        ("graph", "deleted", "file", "/c.txt", {}),
        ("graph", "purged", "file", None, {}),
    ]
    assert [e.number for e in entries] == list(range(1, 14))
    assert [e.at.minute for e in entries] == [0, 0] + 11 * [30]
    assert {e.tenant for e in entries} == {m365_tenant.id}
    assert [e.user and e.user["displayName"] for e in entries] == 7 * [MEGAN] + [None] + 5 * [MEGAN]
    assert entries[0].app == {"id": m365_tenant.web_app.client_id, "displayName": "fairlead"}
    assert entries[7].of == {
        "site": site["id"],
        "drive": file["parentReference"]["driveId"],
        "item": file["id"],
    }


def test_an_upload_session_is_told_by_who_opened_it(m365_tenant, ask):
    drive = f"{ask.graph}/me/drive"
    opened = ask("POST", f"{drive}/root:/large.bin:/createUploadSession", json={})
    put = httpx.put(opened["uploadUrl"], content=b"x", headers={"Content-Range": "bytes 0-0/1"})
    assert put.status_code == 201
    (entry,) = m365_tenant.history()
    assert (entry.way, entry.action, entry.user["displayName"]) == ("sharepoint", "created", MEGAN)


def test_the_other_api_writes_into_the_same_log(m365_tenant, ask):
    folder = f"{ask.api}/web/GetFolderByServerRelativePath(decodedurl='{PLACE}')"
    ask("POST", f"{folder}/Files/AddUsingPath(decodedurl='d.txt',overwrite=true)", content=b"d")
    made = ask("POST", f"{ask.api}/web/lists", json={"Title": "Crew", "BaseTemplate": 100})
    rows = f"{ask.api}/web/lists(guid'{made['Id']}')/items"
    ask("POST", rows, json={"Title": "Pilot"})
    graph = f"{ask.graph}/sites/contoso.sharepoint.com:/sites/marketing:/lists/{made['Id']}"
    ask("PATCH", f"{graph}/items/1/fields", json={"Title": "Mate"})
    column = ask("POST", f"{graph}/columns", json={"name": "Rank", "number": {}})
    ask("PATCH", f"{graph}/columns/{column['id']}", json={"description": "From 1 on"})
    ask("DELETE", f"{graph}/columns/{column['id']}")
    ask("PATCH", graph, json={"displayName": "Ship's crew"})
    ask("DELETE", f"{graph}/items/1")
    ask("DELETE", graph)
    assert told(m365_tenant) == [
        ("sharepoint", "created", "file", "d.txt"),
        ("sharepoint", "created", "list", "Crew"),
        ("sharepoint", "created", "listItem", "Pilot"),
        ("graph", "updated", "listItem", "Mate"),
        ("graph", "created", "column", "Rank"),
        ("graph", "updated", "column", "Rank"),
        ("graph", "deleted", "column", "Rank"),
        ("graph", "updated", "list", "Ship's crew"),
        ("graph", "deleted", "listItem", "Mate"),
        ("graph", "deleted", "list", "Ship's crew"),
    ]
    mate = m365_tenant.history()[3]
    assert mate.of["list"] == made["Id"]
    assert mate.of["listItem"] == "1"
    assert mate.details == {"fields": ["Title"]}


def test_permissions_are_told_by_what_is_in_force_afterwards(m365_tenant, alex):
    item = f"{alex.graph}/sites/contoso.sharepoint.com:/sites/marketing:/drive/root:/Welcome.md:"
    adele = m365_tenant.user("adele")
    invitation = {"recipients": [{"email": adele.upn}], "roles": ["write"]}
    made = alex("POST", f"{item}/invite", json=invitation)["value"][0]
    link = alex("POST", f"{item}/createLink", json={"type": "view", "scope": "organization"})
    alex("DELETE", f"{item}/permissions/{made['id']}")
    web = f"{alex.api}/web/GetFileByServerRelativePath(decodedurl='{PLACE}/Welcome.md')"
    alex("POST", f"{web}/ListItemAllFields/BreakRoleInheritance(copyRoleAssignments=false)")
    first, second, third, fourth = m365_tenant.history()
    assert first.path == "/Welcome.md"
    assert first.action == "permissions"
    assert first.details["inherits"] is True
    assert first.details["permissions"] == [
        {
            "id": made["id"],
            "roles": ["write"],
            "grantedTo": {"kind": "user", "id": adele.id, "name": adele.display_name},
        }
    ]
    assert second.details["permissions"][1]["link"] == {
        "type": "view",
        "scope": "organization",
        "webUrl": link["link"]["webUrl"],
        "grantedTo": [],
    }
    assert [one["id"] for one in third.details["permissions"]] == [link["id"]]
    assert (fourth.way, fourth.details["inherits"]) == ("sharepoint", False)


def test_sites_and_their_groups_are_told(m365_tenant, alex):
    group = alex("POST", f"{alex.api}/web/sitegroups", json={"Title": "Readers"})
    users = f"{alex.api}/web/sitegroups({group['Id']})/users"
    login = f"i:0#.f|membership|{m365_tenant.user('adele').upn}"
    alex("POST", users, json={"LoginName": login})
    roles = f"{alex.api}/web/roleassignments"
    alex("POST", f"{roles}/addroleassignment(principalid={group['Id']},roledefid=1073741826)")
    alex("POST", f"{users}/removeByLoginName('{quote(login, safe='')}')")
    entries = m365_tenant.history()
    assert [(e.action, e.kind, e.name) for e in entries] == [
        ("created", "siteGroup", "Readers"),
        ("updated", "siteGroup", "Readers"),
        ("permissions", "site", "Marketing"),
        ("updated", "siteGroup", "Readers"),
    ]
    assert [e.details.get("members") for e in entries] == [[], ["Adele Vance"], None, []]
    assert entries[2].details["permissions"][-1]["grantedTo"]["name"] == "Readers"


@pytest.mark.m365(auto_sign_in="megan")
def test_the_directory_is_told_of(m365_tenant):
    app = m365_tenant.web_app
    query = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": app.redirect_uris[0],
        "scope": "openid Files.Read",
    }
    url = f"{m365_tenant.login_url}/{m365_tenant.domain}/oauth2/v2.0/authorize"
    assert httpx.get(url, params=query).status_code in (302, 303)
    control = m365_tenant.control_url
    httpx.post(f"{control}/apps/{app.client_id}", json={"expireSecrets": True}).raise_for_status()
    withdraw = {"withdrawConsent": True}
    httpx.post(f"{control}/apps/{app.client_id}", json=withdraw).raise_for_status()
    adele = m365_tenant.user("adele")
    change = {"enabled": False, "revokeSessions": True}
    httpx.post(f"{control}/users/{adele.upn}", json=change).raise_for_status()
    change = {"device": "joined", "resetPassword": "Another-1"}
    httpx.post(f"{control}/users/{adele.upn}", json=change).raise_for_status()
    granted, *others = m365_tenant.history()
    assert (granted.way, granted.action, granted.kind) == ("login", "granted", "consent")
    assert granted.user["displayName"] == MEGAN
    assert granted.of == {"app": app.client_id, "user": m365_tenant.user("megan").id}
    assert "Files.Read" in granted.details["permissions"]
    assert [(e.way, e.action, e.kind, e.name) for e in others] == [
        ("control", "secretsExpired", "app", "fairlead"),
        ("control", "withdrawn", "consent", "fairlead"),
        ("control", "disabled", "user", adele.upn),
        ("control", "sessionsRevoked", "user", adele.upn),
        ("control", "updated", "user", adele.upn),
        ("control", "passwordReset", "user", adele.upn),
    ]


def test_an_app_on_its_own_and_granted_sites(m365_tenant):
    token = m365_tenant.token(scopes=["Sites.FullControl.All"])
    app = m365_tenant.web_app
    body = {
        "roles": ["read"],
        "grantedToIdentities": [{"application": {"id": app.client_id, "displayName": app.name}}],
    }
    url = f"{m365_tenant.graph_url}/v1.0/sites/root/permissions"
    auth = {"Authorization": f"Bearer {token}"}
    made = httpx.post(url, json=body, headers=auth).json()
    assert httpx.delete(f"{url}/{made['id']}", headers=auth).status_code == 204
    entries = m365_tenant.history()
    assert [e.details["roles"] for e in entries] == [["read"], []]
    assert [e.user for e in entries] == [None, None]
    assert entries[0].app["id"] == m365_tenant.daemon_app.client_id


def test_the_disk_and_the_program_itself_are_ways_too(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    with started(Wishes(library=tmp_path)) as sim:
        (tmp_path / "new.txt").write_text("new")
        httpx.post(f"{sim.tenant.control_url}/rescan").raise_for_status()
        sim.tenant.put(f"{PLACE}/x.txt", "x", by="adele")
        found = [(e.way, e.action, e.name) for e in sim.tenant.history()]
        assert found == [("disk", "created", "new.txt"), ("python", "created", "x.txt")]
        assert sim.tenant.history(1)[0].user["displayName"] == "Adele Vance"


def test_only_the_last_changes_are_kept(monkeypatch):
    monkeypatch.setattr(log, "KEPT", 3)
    with started() as sim:
        for number in range(5):
            sim.tenant.put(f"{PLACE}/{number}.txt", "x")

        def ask(query=""):
            return httpx.get(f"{sim.tenant.control_url}/history{query}")

        report = ask().json()
        assert [entry["name"] for entry in report["entries"]] == ["2.txt", "3.txt", "4.txt"]
        assert (report["head"], report["lost"]) == (5, 2)
        report = ask("?since=4&tenant=contoso").json()
        assert [entry["number"] for entry in report["entries"]] == [5]
        assert report["lost"] == 0
        assert report["entries"][0]["path"] == "/4.txt"
        assert ask("?since=5").json()["entries"] == ask("?since=99").json()["entries"] == []
        assert ask("?since=x").status_code == 400


def test_the_history_leads_to_the_truth(m365_tenant):
    """Whoever replays the log on a copy of the beginning ends up with the present."""
    paths = set(m365_tenant.files())
    rng = random.Random(11)
    for step in range(150):
        known = sorted(m365_tenant.files())
        some = rng.choice(known)
        match rng.randrange(5):
            case 0 | 1:
                m365_tenant.put(f"{PLACE}/{rng.choice('abc')}/{rng.choice('de')}/{step}", "x")
            case 2:
                m365_tenant.put(f"{PLACE}/{rng.choice('abc')}/again.txt", str(step))
            case 3:
                m365_tenant.move(f"{PLACE}{some}", f"{PLACE}/moved {step}")
            case 4:
                m365_tenant.delete(f"{PLACE}{some}")
    for entry in m365_tenant.history():
        match entry.action:
            case "created":
                paths.add(entry.path)
            case "moved" | "renamed":
                old = entry.details["from"]
                under = {path for path in paths if path == old or path.startswith(f"{old}/")}
                paths = (paths - under) | {entry.path + path[len(old) :] for path in under}
            case "deleted":
                paths = {p for p in paths if p != entry.path and not p.startswith(f"{entry.path}/")}
    assert paths == set(m365_tenant.files())


def test_permissions_of_a_list_are_told_too(m365_tenant, alex):
    site = alex("GET", f"{alex.graph}/sites/contoso.sharepoint.com:/sites/marketing")
    tasks = f"{alex.graph}/sites/{site['id']}/lists/Campaign tasks"
    app = {"application": {"id": m365_tenant.web_app.client_id, "displayName": "fairlead"}}
    body = {"roles": ["read"], "grantedTo": app}
    auth = {"Authorization": f"Bearer {m365_tenant.token(scopes=['Sites.FullControl.All'])}"}
    made = httpx.post(f"{tasks}/items/1/permissions", json=body, headers=auth)
    assert made.status_code in (200, 201), made.text
    (entry,) = m365_tenant.history()
    assert (entry.action, entry.kind, entry.of["listItem"]) == ("permissions", "listItem", "1")
    granted = [one["grantedTo"]["id"] for one in entry.details["permissions"]]
    assert m365_tenant.web_app.client_id in granted


def test_views_purged_items_policies_and_titles_of_sites(m365_tenant, alex):
    made = alex("POST", f"{alex.api}/web/lists", json={"Title": "Crew", "BaseTemplate": 100})
    crew = f"{alex.api}/web/lists(guid'{made['Id']}')"
    alex("POST", f"{crew}/items", json={"Title": "Pilot"})
    view = alex("POST", f"{crew}/views", json={"Title": "Short"})
    one = f"{crew}/views(guid'{view['Id']}')"
    merge = {"X-HTTP-Method": "MERGE", "If-Match": "*"}
    alex("POST", one, headers=merge, json={"RowLimit": 5})
    alex("POST", f"{one}/viewfields/addviewfield('ID')")
    alex("POST", f"{one}/deleteObject")
    alex("POST", f"{crew}/items(1)/recycle")
    alex("POST", f"{alex.api}/web/recyclebin/deleteAll")
    alex("POST", f"{alex.api}/web/recyclebin/deleteAllSecondStageItems")
    alex("POST", f"{alex.api}/web", headers=merge, json={"Title": "Markets"})
    policies = f"{m365_tenant.control_url}/policies"
    for control in ("mfa", "block"):
        body = {"id": "p1", "name": "rule", "control": control}
        httpx.post(policies, json=body).raise_for_status()
    httpx.delete(f"{policies}/p1").raise_for_status()
    entries = m365_tenant.history()[2:]
    assert [(e.action, e.kind, e.name) for e in entries] == [
        ("created", "view", "Short"),
        ("updated", "view", "Short"),
        ("updated", "view", "Short"),
        ("deleted", "view", "Short"),
        ("deleted", "listItem", "Pilot"),
        ("purged", "listItem", "Pilot"),
        ("updated", "site", "Markets"),
        ("created", "policy", "rule"),
        ("updated", "policy", "rule"),
        ("deleted", "policy", "rule"),
    ]
    assert entries[0].of["view"] == view["Id"]
    assert entries[5].of["listItem"] == "1"
    assert [e.details["control"] for e in entries[-3:]] == ["mfa", "block", "block"]
