"""azure-identity and msgraph-sdk: sites, drives, a tree, uploads, downloads, changes, delta."""

from __future__ import annotations

import asyncio
import contextlib
import io

from azure.identity import CertificateCredential, ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from judge import content, quick_xor, say, told
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.drives.item.items.item.create_upload_session.create_upload_session_post_request_body import (
    CreateUploadSessionPostRequestBody,
)
from msgraph.generated.drives.item.items.item.delta.delta_request_builder import (
    DeltaRequestBuilder,
)
from msgraph.generated.models.drive_item import DriveItem
from msgraph.generated.models.drive_item_uploadable_properties import (
    DriveItemUploadableProperties,
)
from msgraph.generated.models.folder import Folder
from msgraph.generated.models.item_reference import ItemReference
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.sites.sites_request_builder import SitesRequestBuilder
from msgraph_core.tasks import LargeFileUploadTask, PageIterator

FRAGMENT = 320 * 1024


async def walk(drive, item_id="root", above=""):
    """Return path → [size, hash] of everything below a folder; None for folders."""
    found = {}
    page = await drive.items.by_drive_item_id(item_id).children.get()
    while True:
        for item in page.value:
            path = f"{above}/{item.name}"
            found[path] = [item.size, item.file.hashes.quick_xor_hash] if item.file else None
            if item.folder:
                found |= await walk(drive, item.id, path)
        if page.odata_next_link is None:
            return found
        page = (
            await drive.items.by_drive_item_id(item_id)
            .children.with_url(page.odata_next_link)
            .get()
        )


async def delta(drive, link=None, top=None):
    """Page through a round of delta; return the entries, the pages and the deltaLink."""
    builder = drive.items.by_drive_item_id("root").delta
    if link:
        page = await builder.with_url(link).get()
    else:
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(top=top)
        configuration = DeltaRequestBuilder.DeltaRequestBuilderGetRequestConfiguration(
            query_parameters=query
        )
        page = await builder.get(configuration)
    entries = list(page.value)
    pages = 1
    while page.odata_next_link:
        page = await builder.with_url(page.odata_next_link).get()
        entries += page.value
        pages += 1
    return entries, pages, page.odata_delta_link


async def sites(client):
    listed = await client.sites.get_all_sites.get()
    found = []
    iterator = PageIterator(listed, client.request_adapter)
    await iterator.iterate(lambda site: found.append(site) or True)
    query = SitesRequestBuilder.SitesRequestBuilderGetQueryParameters(search="marketing")
    searched = await client.sites.get(
        SitesRequestBuilder.SitesRequestBuilderGetRequestConfiguration(query_parameters=query)
    )
    return found, searched.value


async def upload(drive, path, whole):
    """Upload by the SDK's own task, to an address by path as the SDK spells it."""
    body = CreateUploadSessionPostRequestBody(
        item=DriveItemUploadableProperties(
            additional_data={"@microsoft.graph.conflictBehavior": "replace"}
        )
    )
    session = await drive.items.by_drive_item_id(f"root:/{path}:").create_upload_session.post(body)
    # The client's own adapter would send a token along, which upload sessions refuse.
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    task = LargeFileUploadTask(session, adapter, io.BytesIO(whole), max_chunk_size=4 * FRAGMENT)
    # It sends the last fragment once more when the file is already whole (msgraph-core#718).
    with contextlib.suppress(APIError):
        await task.upload()
    return session.expiration_date_time


async def refused(call):
    try:
        await call
    except ODataError as error:
        return {
            "status": error.response_status_code,
            "code": error.error.code,
            "request_id": error.error.inner_error.request_id,
        }
    return None


async def main():
    known = told()
    proof = (known["tenant_id"], known["client_id"], known["client_secret"])
    graph = "https://graph.microsoft.com/.default"
    by_secret = ClientSecretCredential(*proof).get_token(graph)
    by_certificate = CertificateCredential(
        known["tenant_id"], known["client_id"], certificate_data=known["pem"].encode()
    ).get_token(graph)

    async with AsyncClientSecretCredential(*proof) as credential:
        client = GraphServiceClient(credential)
        every_site, searched = await sites(client)
        site = client.sites.by_site_id("contoso.sharepoint.com:/sites/marketing:")
        found_site = await site.get()
        drives = (await client.sites.by_site_id(found_site.id).drives.get()).value
        drive_id = drives[0].id
        drive = client.drives.by_drive_id(drive_id)
        before = await walk(drive)
        start, start_pages, link = await delta(drive, top=5)

        folder = await drive.items.by_drive_item_id("root").children.post(
            DriveItem(
                name="Judged #1 (50%)",
                folder=Folder(),
                additional_data={"@microsoft.graph.conflictBehavior": "fail"},
            )
        )
        again = await refused(
            drive.items.by_drive_item_id("root").children.post(
                DriveItem(
                    name="judged #1 (50%)",
                    folder=Folder(),
                    additional_data={"@microsoft.graph.conflictBehavior": "fail"},
                )
            )
        )
        small = content(1000)
        large = content(13 * FRAGMENT + 77, seed=7)
        small_item = await drive.items.by_drive_item_id(
            f"{folder.id}:/small & 'quoted'.txt:"
        ).content.put(small)
        expires = await upload(drive, "Judged #1 (50%)/large.bin", large)
        large_item = await drive.items.by_drive_item_id("root:/Judged #1 (50%)/large.bin:").get()
        got_small = await drive.items.by_drive_item_id(small_item.id).content.get()
        got_large = await drive.items.by_drive_item_id(large_item.id).content.get()

        await drive.items.by_drive_item_id(small_item.id).patch(DriveItem(name="größer.txt"))
        campaigns = await drive.items.by_drive_item_id("root:/Campaigns:").get()
        await drive.items.by_drive_item_id(large_item.id).patch(
            DriveItem(parent_reference=ItemReference(id=campaigns.id))
        )
        press = await drive.items.by_drive_item_id("root:/Press:").get()
        await drive.items.by_drive_item_id(press.id).delete()
        gone = await refused(drive.items.by_drive_item_id(press.id).get())
        changes, _, next_link = await delta(drive, link)
        quiet, _, _ = await delta(drive, next_link)
        say(
            tokens=[by_secret.expires_on, by_certificate.expires_on],
            sites=[one.web_url for one in every_site],
            searched=[one.web_url for one in searched],
            drives=[[one.id, one.name, one.drive_type] for one in drives],
            before=before,
            start=[entry.id for entry in start],
            start_pages=start_pages,
            downloads={
                "small": [quick_xor(got_small), got_small == small],
                "large": [quick_xor(got_large), got_large == large],
            },
            expires=expires.isoformat(),
            small=small_item.id,
            large=large_item.id,
            folder=folder.id,
            press=press.id,
            again=again,
            gone=gone,
            changes={entry.id: entry.deleted is not None for entry in changes},
            quiet=[entry.id for entry in quiet],
            after=await walk(drive),
        )


asyncio.run(main())
