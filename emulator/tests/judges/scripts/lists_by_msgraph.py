"""msgraph-sdk: lists, their items and their delta, a batch, and a subscription that is notified."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from azure.identity.aio import ClientSecretCredential
from judge import say, told
from msgraph import GraphServiceClient
from msgraph.generated.drives.item.items.item.create_link.create_link_post_request_body import (
    CreateLinkPostRequestBody,
)
from msgraph.generated.drives.item.items.item.invite.invite_post_request_body import (
    InvitePostRequestBody,
)
from msgraph.generated.models.column_definition import ColumnDefinition
from msgraph.generated.models.drive_recipient import DriveRecipient
from msgraph.generated.models.field_value_set import FieldValueSet
from msgraph.generated.models.list_ import List_
from msgraph.generated.models.list_info import ListInfo
from msgraph.generated.models.list_item import ListItem
from msgraph.generated.models.permission import Permission
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.models.text_column import TextColumn
from msgraph.generated.sites.item.lists.item.items.items_request_builder import (
    ItemsRequestBuilder,
)
from msgraph_core.requests.batch_request_content import BatchRequestContent

PATIENCE = 30  # seconds


class Receiver:
    """Takes notifications on a port of this machine, and passes the validation."""

    def __init__(self):
        self.arrived = queue.Queue()
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                token = parse_qs(urlsplit(self.path).query).get("validationToken")
                if not token:
                    arrived.put(json.loads(body))
                self.send_response(200 if token else 202)
                self.send_header("content-type", "text/plain")
                self.end_headers()
                self.wfile.write(token[0].encode() if token else b"")

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/notifications"


async def rows_of(items):
    query = ItemsRequestBuilder.ItemsRequestBuilderGetQueryParameters(
        expand=["fields($select=Title,City)"], top=2
    )
    page = await items.get(
        ItemsRequestBuilder.ItemsRequestBuilderGetRequestConfiguration(query_parameters=query)
    )
    rows, pages = list(page.value), 1
    while page.odata_next_link:
        page = await items.with_url(page.odata_next_link).get()
        rows += page.value
        pages += 1
    return {row.id: row.fields.additional_data for row in rows}, pages


async def batch(client, **requests):
    """Send requests as one; return the status of each."""
    answers = await client.batch.post(batch_request_content=BatchRequestContent(requests))
    return sorted(answers.get_response_status_codes().values())


async def sharing(drive, item_id):
    """Invite somebody, make a link, change and take back what was granted."""
    item = drive.items.by_drive_item_id(item_id)
    invited = await item.invite.post(
        InvitePostRequestBody(
            recipients=[DriveRecipient(email="adele@contoso.onmicrosoft.com")],
            roles=["read"],
            require_sign_in=True,
            send_invitation=False,
        )
    )
    first = invited.value[0]
    link = await item.create_link.post(CreateLinkPostRequestBody(type="view", scope="organization"))
    await item.permissions.by_permission_id(first.id).patch(Permission(roles=["write"]))
    granted = (await item.permissions.get()).value
    await item.permissions.by_permission_id(link.id).delete()
    kept = (await item.permissions.get()).value
    return {
        "person": first.granted_to_v2.user.display_name,
        "url": link.link.web_url,
        "granted": {one.id: one.roles for one in granted},
        "ids": [first.id, link.id],
        "kept": [one.id for one in kept],
    }


async def main():
    known = told()
    async with ClientSecretCredential(
        known["tenant_id"], known["client_id"], known["client_secret"]
    ) as credential:
        client = GraphServiceClient(credential)
        site = client.sites.by_site_id(known["site_id"])
        made = await site.lists.post(
            List_(
                display_name="Ports",
                columns=[ColumnDefinition(name="City", text=TextColumn())],
                list_=ListInfo(template="genericList"),
            )
        )
        ports = site.lists.by_list_id(made.id)
        created = []
        for title in ("North", "East", "South", "West", "Harbour"):
            fields = FieldValueSet(additional_data={"Title": title, "City": f"{title} city"})
            created.append(await ports.items.post(ListItem(fields=fields)))
        start = await ports.items.delta.get()
        link = start.odata_delta_link
        await ports.items.by_list_item_id(created[0].id).fields.patch(
            FieldValueSet(additional_data={"City": "Kiel"})
        )
        await ports.items.by_list_item_id(created[4].id).delete()
        changes = await ports.items.delta.with_url(link).get()
        rows, pages = await rows_of(ports.items)

        # Builders that were used already would put absolute addresses into the batch.
        fresh = client.sites.by_site_id(known["site_id"])
        nowhere = fresh.lists.by_list_id("11111111-1111-1111-1111-111111111111")
        statuses = await batch(
            client,
            site=fresh.to_get_request_information(),
            drive=client.drives.by_drive_id(known["drive_id"]).to_get_request_information(),
            nowhere=nowhere.to_get_request_information(),
        )

        receiver = Receiver()
        subscription = await client.subscriptions.post(
            Subscription(
                change_type="updated",
                notification_url=receiver.url,
                resource=f"drives/{known['drive_id']}/root",
                expiration_date_time=datetime.now(UTC) + timedelta(days=2),
                client_state="secret state",
            )
        )
        drive = client.drives.by_drive_id(known["drive_id"])
        poked = await drive.items.by_drive_item_id("root:/poked.txt:").content.put(b"poke")
        poke = await asyncio.to_thread(receiver.arrived.get, timeout=PATIENCE)
        renewed = await client.subscriptions.by_subscription_id(subscription.id).patch(
            Subscription(expiration_date_time=datetime.now(UTC) + timedelta(days=5))
        )
        await client.subscriptions.by_subscription_id(subscription.id).delete()
        left = await client.subscriptions.get()
        say(
            made=made.id,
            created=[item.id for item in created],
            start=[item.id for item in start.value],
            changes={item.id: item.deleted is not None for item in changes.value},
            rows=rows,
            pages=pages,
            statuses=statuses,
            subscription=subscription.id,
            poke=poke,
            extended=renewed.expiration_date_time > subscription.expiration_date_time,
            left=[one.id for one in left.value],
            sharing=await sharing(drive, poked.id),
        )


asyncio.run(main())
