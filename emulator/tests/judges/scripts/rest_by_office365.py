"""Office365-REST-Python-Client over SharePoint's own `_api`, with a certificate."""

from __future__ import annotations

import io

from judge import content, quick_xor, say, told
from office365.runtime.client_request_exception import ClientRequestException
from office365.sharepoint.changes.query import ChangeQuery
from office365.sharepoint.client_context import ClientContext
from office365.sharepoint.lists.creation_information import ListCreationInformation

SITE = "https://contoso.sharepoint.com/sites/marketing"
LIBRARY = "/sites/marketing/Shared Documents"
CHUNK = 1024 * 1024


def walk(folder):
    """Return the paths of everything below a folder."""
    found = []
    folder.expand(["Files", "Folders"]).get().execute_query()
    found += [one.server_relative_url for one in folder.files]
    for below in folder.folders:
        found.append(below.server_relative_url)
        found += walk(below)
    return found


def refusal(query):
    """Return what is said to something that must fail."""
    try:
        query.execute_query()
    except ClientRequestException as refused:
        return [refused.response.status_code, refused.code]
    return None


def lists_and_items(context):
    """Make a list, fill, filter, page, change and empty it."""
    made = context.web.lists.add(ListCreationInformation("Boats's", None, 100)).execute_query()
    for title in ("Sloop", "Ketch", "Yawl"):
        made.add_item({"Title": title}).execute_query()
    pages = made.items.get().top(2).select(["Id", "Title"]).execute_query()
    first = [one.properties["Title"] for one in pages.current_page]
    paged = [one.properties["Title"] for one in made.items.get_all(2).execute_query()]
    filtered = made.items.get().filter("Title eq 'Ketch'").execute_query()
    ketch = filtered[0]
    ketch.set_property("Title", "Cutter").update().execute_query()
    made.items.get_by_id(3).delete_object().execute_query()
    left = made.items.get().execute_query()
    titles = [one.title for one in context.web.lists.get().execute_query()]
    fields = made.fields.get().execute_query()
    return {
        "lists": titles,
        "first_page": first,
        "paged": paged,
        "left": [one.properties["Title"] for one in left],
        "fields": [one.internal_name for one in fields],
        "by_title": context.web.lists.get_by_title("Boats's").get().execute_query().id,
        "made": made.id,
    }


def files(context):
    """Upload small and large, read back, move, delete, restore, follow the changes."""
    documents = context.web.lists.get_by_title("Documents")
    documents.select(["CurrentChangeToken", "Id"]).get().execute_query()
    token = documents.properties["CurrentChangeToken"]
    root = context.web.get_folder_by_server_relative_path(LIBRARY)
    before = walk(root)
    folder = root.folders.add("Judged").execute_query()
    small = folder.files.upload(io.BytesIO(b"small"), "größer.txt").execute_query()
    large_content = content(3 * CHUNK + 17)
    large = folder.files.create_upload_session(
        io.BytesIO(large_content), CHUNK, file_name="large.bin"
    ).execute_query()
    large = context.web.get_file_by_id(large.unique_id).get().execute_query()
    read_back = large.get_content().execute_query().value
    streamed = io.BytesIO()
    large.download(streamed).execute_query()
    awkward = f"{LIBRARY}/Campaigns/2026 Q3/Budget #2 (50%).csv"
    budget = context.web.get_file_by_server_relative_path(awkward).get().execute_query()
    item = small.listItemAllFields.get().execute_query()
    gone = folder.files.upload(io.BytesIO(b"gone"), "gone.txt").execute_query()
    gone.recycle().execute_query()
    bin_ = context.web.recycle_bin.get().execute_query()
    leaf = [one.properties["LeafName"] for one in bin_]
    bin_[0].restore().execute_query()
    small.moveto("Shared Documents/Press", 1).execute_query()
    small.rename("renamed.txt").execute_query()
    query = ChangeQuery(Item=True, Rename=True, Restore=True, Move=True, ChangeTokenStart=token)
    changes = documents.get_changes(query).execute_query()
    return {
        "before": before,
        "after": walk(root),
        "small": small.unique_id,
        "item": item.id,
        "large": [large.unique_id, len(read_back), quick_xor(read_back[:4096])],
        "same": read_back == large_content == streamed.getvalue(),
        "budget": budget.name,
        "bin": leaf,
        "changes": [one.change_type.value for one in changes],
        "versions": len(large.versions.get().execute_query()),
    }


def main():
    known = told()
    context = ClientContext(SITE).with_client_certificate(
        known["tenant_id"],
        known["client_id"],
        thumbprint=known["thumbprint"],
        private_key=known["private_key"],
    )
    web = context.web.get().execute_query()
    groups = context.web.site_groups.get().execute_query()
    members = context.web.associated_member_group.users.get().execute_query()
    roles = context.web.role_assignments.expand(["Member"]).get().execute_query()
    users = context.web.site_users.get().execute_query()
    missing = refusal(context.web.get_file_by_server_relative_path(f"{LIBRARY}/none.txt").get())
    by_secret = ClientContext(SITE).with_client_secret(
        known["tenant_id"], known["client_id"], known["client_secret"]
    )
    say(
        title=web.title,
        users=[one.login_name for one in users],
        groups=[one.title for one in groups],
        members=[one.title for one in members],
        roles=len(roles),
        missing=missing,
        by_secret=refusal(by_secret.web.get()),
        lists=lists_and_items(context),
        files=files(context),
    )


main()
