"""Office365-REST-Python-Client reads what actions on SharePoint's own API wrote."""

import io
import json
import sys

from office365.sharepoint.client_context import ClientContext

SITE = "https://contoso.sharepoint.com/sites/marketing"


def main():
    known = json.loads(sys.argv[1])
    context = ClientContext(SITE).with_client_certificate(
        known["tenant_id"],
        known["client_id"],
        thumbprint=known["thumbprint"],
        private_key=known["private_key"],
    )
    sizes = {}
    for path in known["files"]:
        file = context.web.get_file_by_server_relative_path(path).get().execute_query()
        content = io.BytesIO()
        file.download(content).execute_query()
        sizes[path] = [file.unique_id, file.length, sum(content.getvalue()) % 65_521]
    found = context.web.lists.get_by_id(known["list_id"])
    item = found.items.get_by_id(known["item_id"]).get().execute_query()
    attached = item.attachment_files.get().execute_query()
    contents = {}
    for one in attached:
        content = io.BytesIO()
        one.download(content).execute_query()
        contents[one.file_name] = content.getvalue().decode()
    rights = found.role_assignments.expand(["Member", "RoleDefinitionBindings"]).get()
    rights.execute_query()
    group = context.web.site_groups.get_by_id(known["group_id"])
    members = group.users.get().execute_query()
    fields = found.fields.get().execute_query()
    told = {
        "files": sizes,
        "title": item.properties["Title"],
        "pages": item.properties["Pages"],
        "attachments": contents,
        "rights": [
            [one.member.properties["LoginName"], [d.name for d in one.role_definition_bindings]]
            for one in rights
        ],
        "members": [one.login_name for one in members],
        "fields": [one.internal_name for one in fields if one.internal_name == "Pages"],
    }
    json.dump(told, sys.stdout)


main()
