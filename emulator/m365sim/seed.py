"""What a fresh world holds: the sites of a small company, and on demand a very large one."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.lists.seed import seed_lists

if TYPE_CHECKING:
    from m365sim.tenant import User
    from m365sim.world import World

_DAY = 86_400  # seconds

#: Library → path → text. Names hold what connectors trip over: spaces, #, %, quotes, +, &, umlauts.
_MARKETING = {
    "Welcome.md": "# Marketing\n\nPlans, campaigns and the logo.\n",
    "Campaigns/2026 Q3/Brief.docx": "Brief for the autumn campaign: harbours in the fog.",
    "Campaigns/2026 Q3/Budget #2 (50%).csv": "item,amount\nprint,1200\nfair,8000\n",
    "Campaigns/2026 Q3/Müller & Söhne.txt": "They want the stand next to the door.\n",
    "Campaigns/2026 Q4/Ideas.txt": "A pilot's diary, one page a week.\n",
    "Campaigns/Adele's notes+drafts.txt": "Call Ødegård before Friday.\n",
    "Press/Releases/2026-09-01 Launch.html": "<h1>Launch</h1><p>We set sail.</p>\n",
    "Empty file.txt": "",
}
_ENGINEERING = {
    "README.md": "# Engineering\n\nStart with the handbook.\n",
    "Handbook/Onboarding.md": "Laptop, badge, coffee. In that order.\n",
    "Handbook/On call.md": "Weekly rotation, Monday at ten.\n",
    "Reviews/2026/Review 01.txt": "Approved with remarks.\n",
    "Reviews/2026/Review 02.txt": "Rejected: no tests.\n",
}
_SPECIFICATIONS = {
    "Protocol v1.md": "Every message has a length and a type.\n",
    "Protocol v2.md": "Every message has a length, a type and a checksum.\n",
    "Drawings/Hull.csv": "frame,width\n1,2.4\n2,2.9\n",
}
_PEOPLE = {
    "Verträge/Überstunden.txt": "Überstunden werden ausgeglichen.\n",
    "Verträge/Prämien.csv": "Jahr,Prämie\n2025,500\n",
    "Handbook.docx": "How we work, and when we do not.",
}
_OWN = {
    "Notes.txt": "Mine alone.\n",
    "Drafts/Speech.md": "Dear colleagues,\n",
}


def seed_content(world: World) -> None:
    """Fill a world with the usual sites."""
    content = world.content
    people = world.directory.users_of(world.tenant.id)
    authors = [_actor(user) for user in people]
    started = world.clock.now() - timedelta(days=400)

    def site(path: str, name: str, *, in_group: bool = False, parent: Site | None = None) -> Site:
        return content.add_site(
            path, name, created_at=started, in_group=in_group, parent=parent, description=name
        )

    root = site("", "Communication site")
    content.add_drive(root, owner=authors[0])
    marketing = site("/sites/marketing", "Marketing", in_group=True)
    _fill(content.add_drive(marketing, owner=authors[1]), authors, _MARKETING)
    content.add_drive(marketing, "Site Assets", "SiteAssets", is_system=True)
    engineering = site("/sites/engineering", "Engineering & Research", in_group=True)
    _fill(content.add_drive(engineering, owner=authors[0]), authors, _ENGINEERING)
    specifications = content.add_drive(engineering, "Specifications", "Specs", owner=authors[0])
    _fill(specifications, authors, _SPECIFICATIONS)
    lab = site("/sites/engineering/lab", "Lab", parent=engineering)
    _fill(content.add_drive(lab, owner=authors[0]), authors, {"Results.csv": "run,ok\n1,yes\n"})
    staff = site("/sites/people", "People & Culture")
    _fill(content.add_drive(staff, "Dokumente", owner=authors[2]), authors, _PEOPLE)
    content.add_drive(site("/sites/contentTypeHub", "Content Type Hub"), owner=authors[0])
    seed_lists(world)
    for user in people:
        _add_one_drive(world, user)


def seed_more(world: World, *, files: int = 0, library: Path | None = None) -> None:
    """Add a library of `files` computed files, and a mirror of the folder `library`."""
    content = world.content
    started = world.clock.now() - timedelta(days=400)
    owner = next((_actor(u) for u in world.directory.users_of(world.tenant.id)), SYSTEM)
    if files:
        archive = content.add_site(
            "/sites/archive", "Archive", created_at=started, description="Archive"
        )
        content.add_drive(archive, owner=owner, synthetic_files=files)
    if library is not None:
        mirrored = content.add_site(
            "/sites/mirror", "Mirror", created_at=started, description="Mirror"
        )
        drive = content.add_drive(mirrored, library.resolve().name or "Documents", owner=owner)
        content.mirror(drive, library)


def _add_one_drive(world: World, user: User) -> None:
    slug = user.upn.replace("@", "_").replace(".", "_")
    site = world.content.add_site(
        f"/personal/{slug}",
        user.display_name,
        owner=user,
        created_at=world.clock.now() - timedelta(days=300),
    )
    author = _actor(user)
    drive = world.content.add_drive(
        site, "OneDrive", "Documents", drive_type="business", owner=author
    )
    _fill(drive, [author], _OWN)


def _fill(drive: Drive, authors: list[Actor], files: dict[str, str]) -> None:
    now = drive.created_at
    for number, (path, text) in enumerate(files.items()):
        author = authors[number % len(authors)]
        at = now - (len(files) - number) * 11 * _DAY
        folder: Item = drive.root
        *above, name = path.split("/")
        for part in above:
            folder = drive.create_folder(folder, part, author, "replace", at=at)
        content = _docx(text) if name.endswith(".docx") else text.encode()
        drive.put_file(folder, name, MemoryBlob(content), author, at=at)


def _actor(user: User) -> Actor:
    return Actor(user.id, user.display_name, user.email)


def _docx(text: str) -> bytes:
    """Make the smallest document that a word processor opens."""
    kind = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{kind}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{kind}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}/officeDocument/2006/relationships/officeDocument"'
        ' Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{kind}/wordprocessingml/2006/main"><w:body>'
        f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, xml in parts.items():
            whole = '<?xml version="1.0" encoding="UTF-8"?>' + xml
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), whole)
    return made.getvalue()
