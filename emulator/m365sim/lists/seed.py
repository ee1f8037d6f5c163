"""The lists, pages and custom columns of a fresh world.

Between them the lists have a column of every kind that a request can make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.files import Actor, Site
from m365sim.lists.catalog import Lists
from m365sim.lists.generic import GenericList
from m365sim.lists.site_pages import TYPE, SitePages

if TYPE_CHECKING:
    from m365sim.world import World

_DAY = 86_400  # seconds

_VENDORS: list[dict[str, Any]] = [
    {"name": "City", "text": {}},
    {"name": "Since", "dateTime": {"format": "dateOnly"}},
    {"name": "Approved", "boolean": {}, "defaultValue": {"value": "0"}},
]
_ASSETS: list[dict[str, Any]] = [
    {"name": "Serial Number", "text": {}, "enforceUniqueValues": True},
    {"name": "Notes", "text": {"allowMultipleLines": True, "linesForEditing": 6}},
    {"name": "Quantity", "number": {"decimalPlaces": "none", "minimum": 0}},
    {"name": "Price", "currency": {"locale": "en-us"}},
    {
        "name": "State",
        "choice": {"choices": ["In use", "In stock", "Broken"]},
        "indexed": True,
        "defaultValue": {"value": "In stock"},
    },
    {"name": "Tags", "choice": {"choices": ["loud", "heavy", "new"], "displayAs": "checkBoxes"}},
    {"name": "Bought", "dateTime": {"format": "dateTime"}},
    {"name": "Insured", "boolean": {}},
    {"name": "Keeper", "personOrGroup": {}},
    {"name": "Users", "personOrGroup": {"allowMultipleSelection": True}},
    {"name": "Manual", "hyperlinkOrPicture": {}},
    {"name": "Place", "geolocation": {}},
    {"name": "Photo", "thumbnail": {}},
    {"name": "Category", "term": {}},
    {"name": "Worth", "calculated": {"formula": "=[Quantity]*[Price]", "outputType": "currency"}},
]
_TASKS = (
    ("Print the programme", "(2) Normal", 0.5),
    ("Call the harbour master", "(1) High", 0),
    ("Order flags", "(3) Low", 1),
)
_PAGES = (
    ("Home.aspx", "Home", "home", "Welcome aboard."),
    ("Travel-guide.aspx", "Travel guide", "article", "Book early, <b>sail</b> on time."),
    ("Größe & Gewicht.aspx", "Größe & Gewicht", "article", "Was ins Boot passt."),
)


def seed_lists(world: World) -> None:
    """Make a few lists in the usual sites, and pages in the tenant's root site."""
    content, lists = world.content, world.lists
    people = world.directory.users_of(world.tenant.id)
    authors = [Actor(user.id, user.display_name, user.email) for user in people]
    now = int(world.clock.now().timestamp())

    def site(path: str) -> Site:
        found = content.site_at(content.host, path)
        assert found is not None
        return found

    _seed_assets(lists, site("/sites/engineering"), authors, now)
    marketing = site("/sites/marketing")
    tasks = lists.create(marketing, "Campaign tasks", authors[1], template="tasks")
    assert isinstance(tasks, GenericList)
    keeper = lists.people(marketing).number(authors[2])
    for number, (title, priority, done) in enumerate(_TASKS):
        values = {"Title": title, "Priority": priority, "PercentComplete": done}
        tasks.add(values | {"AssignedTo": keeper}, authors[1], at=now - (9 - number) * _DAY)
    tasks.backdate(now - 20 * _DAY)
    _seed_pages(SitePages(lists.pages(site(""))), authors, now)


def _seed_assets(lists: Lists, site: Site, authors: list[Actor], now: int) -> None:
    vendors = lists.create(site, "Vendors", authors[0], columns=_VENDORS)
    assert isinstance(vendors, GenericList)
    for name, city in (("Ødegård & Sons", "Bergen"), ("Müller KG", "Kiel")):
        vendors.add({"Title": name, "City": city, "Approved": city == "Kiel"}, authors[0])
    columns = [
        *_ASSETS,
        {"name": "Vendor", "lookup": {"listId": vendors.id, "columnName": "Title"}},
        {
            "name": "Spares",
            "lookup": {"listId": vendors.id, "columnName": "City", "allowMultipleValues": True},
        },
    ]
    assets = lists.create(site, "Assets", authors[0], description="What we own.", columns=columns)
    assert isinstance(assets, GenericList)
    keeper = lists.people(site).number(authors[1])
    full = {
        "Title": "Echo sounder",
        "Serial_x0020_Number": "ES-70-0001",
        "Notes": "Calibrated in spring.\nHandle with care.",
        "Quantity": 2,
        "Price": 1249.5,
        "State": "In use",
        "Tags": ["heavy", "new"],
        "Bought": "2026-02-03T09:30:00Z",
        "Insured": True,
        "Keeper": keeper,
        "Users": [keeper, keeper + 1],
        "Manual": {"Description": "Manual", "Url": "https://example.com/es70.pdf"},
        "Place": {"Latitude": 54.32, "Longitude": 10.14, "Altitude": 0, "Measure": 0},
        "Photo": '{"fileName": "es70.png"}',
        "Category": {
            "Label": "Instruments",
            "TermGuid": "0c2f1d1a-6a3b-4c8e-9f60-2d1b7a9c4e55",
            "WssId": 1,
        },
        "Vendor": 2,
        "Spares": [1, 2],
    }
    assets.add(full, authors[0], at=now - 12 * _DAY)
    for number, title in enumerate(("Anchor", "Fog horn", "Life raft #2"), start=2):
        values = {"Title": title, "Serial_x0020_Number": f"X-{number:04d}", "State": "In stock"}
        assets.add(values | {"Quantity": number}, authors[number % 3], at=now - 10 * _DAY)
    assets.backdate(now - 30 * _DAY)
    vendors.backdate(now - 31 * _DAY)
    settings = lists.create(site, "Connector settings", authors[0], hidden=True)
    settings.add(
        {
            "Title": "schedule",
        },
        authors[0],
    )
    lists.site_schema(site).add_column(
        {"name": "Cost centre", "text": {}, "columnGroup": "Contoso"}
    )


def _seed_pages(pages: SitePages, authors: list[Actor], now: int) -> None:
    for number, (name, title, layout, text) in enumerate(_PAGES):
        author = authors[number % len(authors)]
        part = {"id": f"6f9230af-2a98-4952-b205-9ede4f9ef54{number}", "innerHtml": f"<p>{text}</p>"}
        section = {
            "layout": "oneColumn",
            "id": "1",
            "emphasis": "none",
            "columns": [{"id": "1", "width": 12, "webparts": [part]}],
        }
        body = {
            "@odata.type": TYPE,
            "name": name,
            "title": title,
            "pageLayout": layout,
            "description": text,
            "canvasLayout": {"horizontalSections": [section]},
        }
        page = pages.create(body, author, at=now - (40 - number) * _DAY)
        if number < 2:  # the last one stays a draft
            pages.publish(page, author)
