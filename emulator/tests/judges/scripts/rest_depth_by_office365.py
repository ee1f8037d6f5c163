"""Office365-REST-Python-Client over `_api`: views, CAML, attachments, versions, roles, batches."""

from __future__ import annotations

import io
import json
import queue
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from judge import say, told
from office365.runtime.client_request_exception import ClientRequestException
from office365.sharepoint.changes.log_item_query import ChangeLogItemQuery
from office365.sharepoint.changes.query import ChangeQuery
from office365.sharepoint.client_context import ClientContext
from office365.sharepoint.files.checkin_type import CheckinType
from office365.sharepoint.listitems.caml.query import CamlQuery
from office365.sharepoint.lists.creation_information import ListCreationInformation
from office365.sharepoint.sharing.role_type import RoleType
from office365.sharepoint.views.create_information import ViewCreationInformation
from office365.sharepoint.webs.creation_information import WebCreationInformation

SITE = "https://contoso.sharepoint.com/sites/marketing"
LIBRARY = "/sites/marketing/Shared Documents"
MEGAN = "i:0#.f|membership|megan@contoso.onmicrosoft.com"
PATIENCE = 20  # seconds


class Receiver:
    """Takes notifications on a port of this machine, and passes the validation."""

    def __init__(self):
        self.arrived = queue.Queue()
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                token = parse_qs(urlsplit(self.path).query).get("validationtoken")
                if not token:
                    arrived.put(json.loads(body))
                self.send_response(200)
                self.send_header("content-type", "text/plain")
                self.end_headers()
                self.wfile.write(token[0].encode() if token else b"")

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"


def refusal(query):
    """Return the status of something that must fail."""
    try:
        query.execute_query()
    except ClientRequestException as refused:
        return refused.response.status_code
    return None


def titles(items):
    return [one.properties["Title"] for one in items]


def batches(context, boats):
    """Fill a list by one batch, and read it with others in another."""
    made = [boats.add_item({"Title": title}) for title in ("Sloop", "Ketch", "Yawl", "Cutter")]
    context.execute_batch()
    items, fields = boats.items.get(), boats.fields.get()
    context.execute_batch()
    return {"made": [one.id for one in made], "read": titles(items), "fields": len(fields) > 10}


def queries(boats):
    """Ask by CAML, and by a view."""
    where = '<Where><Gt><FieldRef Name="ID"/><Value Type="Counter">1</Value></Gt></Where>'
    order = '<OrderBy><FieldRef Name="Title" Ascending="FALSE"/></OrderBy>'
    query = CamlQuery.parse(f"{where}{order}")
    found = boats.get_items(query).execute_query()
    paged = boats.get_items(CamlQuery.parse(order), page_size=3).execute_query()
    view = boats.views.add(
        ViewCreationInformation(Title="Late ones", Query=f"{where}{order}", RowLimit=2)
    ).execute_query()
    view.view_fields.add_view_field("Modified").execute_query()
    fields = view.view_fields.get().execute_query()
    by_view = boats.views.get_by_title("Late ones").get().execute_query().get_items()
    return {
        "found": titles(found),
        "paged": titles(paged),
        "views": [one.title for one in boats.views.get().execute_query()],
        "view_fields": list(fields),
        "by_view": titles(by_view.execute_query()),
    }


def attachments(boats):
    """Hang files on an item, read them back, take one off."""
    item = boats.items.get_by_id(1)
    for name in ("plan #1.txt", "crew.txt"):
        item.attachment_files.add({"filename": name, "content": name.encode()}).execute_query()
    files = item.attachment_files.get().execute_query()
    read_back = io.BytesIO()
    files[0].download(read_back).execute_query()
    item.attachment_files.get_by_filename("crew.txt").delete_object().execute_query()
    left = item.attachment_files.get().execute_query()
    return {
        "names": [one.file_name for one in files],
        "content": read_back.getvalue().decode(),
        "left": [one.file_name for one in left],
    }


def versions(context):
    """Check out, write, check in, look back, restore."""
    folder = context.web.get_folder_by_server_relative_path(LIBRARY)
    file = folder.files.upload(io.BytesIO(b"one"), "draft.txt").execute_query()
    file.checkout().execute_query()
    folder.files.upload(io.BytesIO(b"two"), "draft.txt").execute_query()
    file.checkin("Better", CheckinType.MajorCheckIn).execute_query()
    file.get().execute_query()
    comment, label = file.properties["CheckInComment"], file.properties["UIVersionLabel"]
    old = file.versions.get().execute_query()
    file.versions.restore_by_label("1.0").execute_query()
    restored = file.get_content().execute_query().value
    file.versions.delete_all().execute_query()
    left = len(file.versions.get().execute_query())
    file.copyto(f"{LIBRARY}/Press", True).execute_query()
    return {
        "comment": comment,
        "label": label,
        "old": [one.version_label for one in old],
        "restored": restored.decode(),
        "left": left,
        "not_out": refusal(file.checkin("x", CheckinType.MajorCheckIn)),
    }


def bins(context, boats):
    """Recycle an item, and bring it back from the second stage."""
    boats.items.get_by_id(4).recycle().execute_query()
    first = context.web.recycle_bin.get().execute_query()
    names = [one.properties["LeafName"] for one in first]
    first[0].move_to_second_stage().execute_query()
    second = context.site.recycle_bin.get().execute_query()
    states = [one.properties["ItemState"] for one in second]
    second[0].restore().execute_query()
    back = boats.items.get_by_id(4).get().execute_query()
    return {"names": names, "states": states, "back": back.properties["Title"]}


def roles(context, boats):
    """Break the inheritance of a list, let somebody in, and look who is in."""
    megan = context.web.ensure_user(MEGAN).execute_query()
    boats.break_role_inheritance(copy_role_assignments=False).execute_query()
    boats.add_role_assignment(megan, RoleType.Reader).execute_query()
    found = boats.role_assignments.expand(["Member", "RoleDefinitionBindings"]).get()
    found.execute_query()
    names = [
        [one.member.properties["Title"], [d.name for d in one.role_definition_bindings]]
        for one in found
    ]
    rights = boats.get_user_effective_permissions(megan).execute_query().value
    boats.reset_role_inheritance().execute_query()
    unique = boats.select(["HasUniqueRoleAssignments"]).get().execute_query()
    return {
        "names": names,
        "low": str(rights.Low),
        "unique": unique.properties["HasUniqueRoleAssignments"],
    }


def changes(context, boats, token):
    """Read the change logs of a list, a web and a site collection."""
    query = ChangeQuery(Item=True, Add=True, Update=True, DeleteObject=True, Restore=True)
    of_list = boats.get_changes(query).execute_query()
    query.ChangeTokenStart = token
    query.List = True
    of_web = context.web.get_changes(query).execute_query()
    of_site = context.site.get_changes(ChangeQuery(List=True, Add=True)).execute_query()
    log = boats.get_list_item_changes_since_token(ChangeLogItemQuery(RowLimit="2"))
    log.execute_query()
    text = log.value if isinstance(log.value, str) else log.value.decode()
    return {
        "list": [one.change_type.value for one in of_list],
        "web": len(of_web) > 0,
        "site": len(of_site) > 0,
        "log": text.count("<z:row"),
    }


def hooks(boats):
    """Subscribe, be told of a change, renew, and end it."""
    receiver = Receiver()
    end = datetime.now(UTC) + timedelta(days=90)
    made = boats.subscriptions.add(receiver.url, end).execute_query()
    boats.add_item({"Title": "Brig"}).execute_query()
    poke = receiver.arrived.get(timeout=PATIENCE)["value"][0]
    listed = boats.subscriptions.get().execute_query()
    one = boats.subscriptions.get_by_id(made.id)
    one.delete().execute_query()
    return {
        "same": poke["subscriptionId"] == made.id,
        "resource": poke["resource"],
        "keys": sorted(poke),
        "listed": len(listed),
        "left": len(boats.subscriptions.get().execute_query()),
    }


def webs(context, known):
    """Make a subsite, see it, delete it."""
    information = WebCreationInformation(Title="Judged", Url="judged", WebTemplate="STS#3")
    context.web.webs.add(information).execute_query()
    seen = [[one.title, one.url] for one in context.web.webs.get().execute_query()]
    signed_in(f"{SITE}/judged", known).web.delete_object().execute_query()
    return {"seen": seen, "left": len(context.web.webs.get().execute_query())}


def signed_in(site, known):
    """Return a context that proves itself with a certificate."""
    return ClientContext(site).with_client_certificate(
        known["tenant_id"],
        known["client_id"],
        thumbprint=known["thumbprint"],
        private_key=known["private_key"],
    )


def main():
    known = told()
    context = signed_in(SITE, known)
    context.web.select(["CurrentChangeToken"]).get().execute_query()
    token = context.web.properties["CurrentChangeToken"]
    boats = context.web.lists.add(ListCreationInformation("Boats", None, 100)).execute_query()
    say(
        batch=batches(context, boats),
        queries=queries(boats),
        attachments=attachments(boats),
        versions=versions(context),
        bins=bins(context, boats),
        roles=roles(context, boats),
        changes=changes(context, boats, token),
        hooks=hooks(boats),
        webs=webs(context, known),
        list_id=boats.id,
    )


main()
