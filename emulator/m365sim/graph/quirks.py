"""Switches for behaviour that differs between tenants, documents and recordings of Microsoft Graph.

The defaults are what recordings of real tenants show; each other position was seen somewhere too.
https://learn.microsoft.com/graph/api/driveitem-delta
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Literal, get_args, get_type_hints

ResyncCode = Literal["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
TagForm = Literal["quoted", "bare", "lower"]


@dataclass(slots=True)
class Quirks:
    """How this world's Graph behaves where behaviour varies."""

    #: An incremental delta also lists the unchanged folders above each change.
    parent_echo: bool = True
    #: Delta entries carry `parentReference.path` (documents say never, recordings say always).
    delta_path: bool = True
    #: `parentReference.path` is percent-encoded. Reports disagree; a client must cope with both.
    path_encoded: bool = True
    #: Delta entries carry `cTag` (documents say never, recordings say always).
    delta_ctag: bool = True
    #: A deleted entry carries its `name` (documents say that SharePoint leaves it out).
    deleted_name: bool = False
    #: The state that a deleted entry is given.
    deleted_state: Literal["deleted", "softdeleted"] = "deleted"
    #: A `$select` that does not name `deleted` takes that facet from deleted entries of delta.
    select_strips_deleted: bool = True
    #: Deleting a folder also reports everything below it as deleted.
    deleted_children: bool = False
    #: Of a delta round every so many pages one is empty but for its nextLink; 0 = never.
    empty_page_every: int = 0
    #: A delta page starts by repeating the last entry of the page before it.
    repeat_across_pages: bool = False
    #: The inner code of a 410.
    resync_code: ResyncCode = "resyncChangesApplyDifferences"
    #: A 410 carries a `Location` to start again from.
    resync_location: bool = True
    #: An upload's fragment that is no multiple of 320 KiB is refused (else it is taken).
    strict_fragments: bool = False
    #: Entries on a page of children or delta, when the caller does not say.
    page_size: int = 200
    #: A folder's eTag moves on shortly after it was created, with no one's doing.
    folder_touch: bool = True
    #: How bodies spell the eTags and cTags of drive items: as recorded, with quotes within the
    #: text; bare, without them, as list items of generic lists have them in delta; or lower-case
    #: and without braces, as list items have them elsewhere. The ETag header stays as it is, and
    #: If-Match takes every form.
    etag_form: TagForm = "quoted"
    #: Delta marks folders whose permissions changed, too (a known defect: it marks files alone).
    shared_changed_on_folders: bool = False
    #: Subscribing to a drive or list needs leave to write, as documented.
    subscribing_needs_write: bool = True
    #: Looking at a sharing token needs leave to write, as documented.
    shares_need_write: bool = True
    #: The content of the current version is given as a version, too (some tenants answer 400).
    current_version_content: bool = True
    #: How often a monitor tells that a copy is under way before it tells how the copy ended.
    copy_polls: int = 1
    #: A delta token older than this answers 410, as one does that the log no longer reaches; so do
    #: tokens of `sites/delta`, and change tokens of `_api` are refused.
    delta_retention: timedelta = timedelta(days=60)
    #: A new site shows in `/sites?search=`, a changed file in a drive's search, only after this.
    search_lag: timedelta = timedelta()
    #: `_api` looks at an X-RequestDigest that comes along, though a bearer token needs none.
    checks_digests: bool = False
    #: Where the tenant's data is: what an app must name as `region` in a search.
    search_region: str = "EMEA"

    def change(self, **values: object) -> None:
        """Set switches by name; an unknown name or a value of another type is a ValueError."""
        known = {field.name for field in fields(self)}
        hints = get_type_hints(Quirks)
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no quirk named {name}")
            present = getattr(self, name)
            wanted = value
            if isinstance(present, timedelta) and isinstance(value, (int, float)):
                wanted = timedelta(seconds=value)
            if type(wanted) is not type(present):
                raise ValueError(f"quirk {name} takes a {type(present).__name__}")
            if (choices := get_args(hints[name])) and wanted not in choices:
                raise ValueError(f"quirk {name} is one of {', '.join(choices)}")
            setattr(self, name, wanted)

    def report(self) -> dict[str, object]:
        """Return every switch and its position, ready for JSON; spans are in seconds."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in shown.items()
        }
