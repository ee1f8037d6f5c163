"""The stores behind lists: rows and their history, files seen as items, people, pages."""

from datetime import timedelta

import pytest

from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob
from m365sim.files.problems import BadToken, Missing, NameTaken, NotAllowed, TokenExpired
from m365sim.lists.problems import Forbidden, Locked, Unacceptable
from m365sim.lists.site_pages import TYPE, SitePages


@pytest.fixture
def books(world, site, alex):
    return world.lists.create(site, "Books", alex, columns=[{"name": "Pages", "number": {}}])


@pytest.fixture
def library(world, site):
    return world.lists.library(site.drives[0])


def whole_round(target, text, now, limit=2):
    entries, token = [], target.open_delta(text, now)
    while True:
        page = target.delta_page(token, limit)
        entries += page.entries
        if page.is_last:
            return [(row.id, gone) for row, gone in entries], page.token.write()
        token = page.token


def test_ids_are_counted_and_never_given_again(books, alex):
    first, second = books.add({"Title": "a"}, alex), books.add({"Title": "b"}, alex)
    books.delete(second)
    third = books.add({"Title": "c"}, alex)
    assert (first.id, second.id, third.id) == (1, 2, 3)
    assert [row.id for row in books.rows_after(0)] == [1, 3]
    assert [row.id for row in books.rows_after(1)] == [3]
    with pytest.raises(Missing):
        books.row(2)
    with pytest.raises(Missing):
        books.row(9)


def test_a_change_makes_a_version_and_null_takes_away(books, alex):
    row = books.add({"Title": "a", "Pages": 3, "Extra": None}, alex)
    assert row.values == {"Title": "a", "Pages": 3}
    changed = books.update(row, {"Pages": None, "Title": "b"}, alex)
    assert changed.values == {"Title": "b"}
    assert changed.version == 2
    assert [(v.version, v.values["Title"]) for v in books.versions(changed)] == [(2, "b"), (1, "a")]


def test_a_round_shows_the_list_as_it_was_when_it_began(world, books, alex):
    rows = [books.add({"Title": str(n)}, alex) for n in range(5)]
    now = world.clock.now()
    token = books.open_delta(None, now)
    page = books.delta_page(token, 2)
    books.delete(rows[3])
    books.add({"Title": "new"}, alex)
    rest = books.delta_page(page.token, 9)
    assert [(row.id, gone) for row, gone in rest.entries] == [(3, False), (4, False), (5, False)]
    assert whole_round(books, rest.token.write(), now)[0] == [(4, True), (6, False)]


def test_each_item_shows_once_by_its_last_change(world, books, alex):
    now = world.clock.now()
    row, other = books.add({"Title": "a"}, alex), books.add({"Title": "b"}, alex)
    _, token = whole_round(books, None, now)
    books.update(row, {"Title": "c"}, alex)
    books.update(other, {"Title": "d"}, alex)
    books.delete(books.row(row.id))
    assert whole_round(books, token, now)[0] == [(2, False), (1, True)]
    assert whole_round(books, "latest", now)[0] == []


def test_tokens_expire_and_belong_to_one_list(world, site, books, alex):
    now = world.clock.now()
    _, token = whole_round(books, None, now)
    other = world.lists.create(site, "Other", alex)
    with pytest.raises(BadToken):
        other.open_delta(token, now)
    with pytest.raises(BadToken):
        books.open_delta("nonsense", now)
    with pytest.raises(TokenExpired):
        books.open_delta(token, now + timedelta(days=61))
    world.lists.expire_delta_tokens()
    with pytest.raises(TokenExpired):
        books.open_delta(token, now)
    _, fresh = whole_round(books, None, now)
    assert whole_round(books, fresh, now)[0] == []


def test_rounds_that_fell_out_of_memory_are_laid_out_again(world, books, alex):
    now = world.clock.now()
    tokens = []
    for number in range(12):
        books.add({"Title": str(number)}, alex)
        tokens.append(books.delta_page(books.open_delta(None, now), 1).token)
    assert [row.id for row, _ in books.delta_page(tokens[2], 9).entries] == [2, 3]


def test_files_are_items_under_stable_numbers(library, alex):
    drive = library.drive
    numbers = {item.name: library.number_of(item.uid) for item in drive.walk(drive.root)}
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))
    made, _ = drive.put_file(drive.root, "new.txt", MemoryBlob(b"x"), alex)
    readme = drive.child(drive.root.uid, "README.md")
    drive.delete(readme)
    drive.update(made, alex, name="renamed.txt")
    assert library.number_of(made.uid) == len(numbers) + 1
    assert library.row(len(numbers) + 1).item.name == "renamed.txt"
    with pytest.raises(Missing):
        library.row(numbers["README.md"])
    drive.restore(readme.uid)
    assert library.row(numbers["README.md"]).item.name == "README.md"
    for number in (0, 999):
        with pytest.raises(Missing):
            library.row(number)


def test_computed_files_count_by_their_index(world, alex):
    site = world.content.add_site("/sites/big", "Big")
    drive = world.content.add_drive(site, synthetic_files=6000)
    library = world.lists.library(drive)
    assert library.is_large()
    row = library.row(2)
    assert (row.item.name, row.parent) == ("Minutes 00000000.txt", 1)
    drive.update(row.item, alex, name="other.txt")
    made, _ = drive.put_file(drive.root, "new.txt", MemoryBlob(b"x"), alex)
    assert library.number_of(made.uid) == drive.base.last + 1
    drive.delete(library.row(3).item)
    listed = [row.id for row in library.rows_after(0)]
    assert listed == [n for n in range(1, drive.base.last + 2) if n != 3]
    assert library.row(2).item.name == "other.txt"
    assert [row.id for row in library.rows_after(drive.base.last)] == [drive.base.last + 1]


def test_values_of_a_file_are_a_change_of_the_file(world, library, alex):
    drive = library.drive
    item = drive.child(drive.root.uid, "README.md")
    before = drive.log.head
    row = library.update(library.row_of(item), {"Title": "Read me"}, alex)
    now = drive.child(drive.root.uid, "README.md")
    assert (now.version, now.content_version) == (item.version + 1, item.content_version)
    assert now.fields == row.values == {"Title": "Read me"}
    assert drive.log.head == library.head == before + 1
    same = library.update(row, {"Title": "Read me"}, alex)
    assert same.version == row.version
    renamed = library.update(row, {"FileLeafRef": "Read me.md", "Title": None}, alex)
    assert renamed.item.name == "Read me.md"
    assert renamed.values == {}
    with pytest.raises(NotAllowed):
        library.add({}, alex)


def test_a_file_that_gets_other_bytes_keeps_its_values(library, alex):
    drive = library.drive
    item = drive.child(drive.root.uid, "README.md")
    library.update(library.row_of(item), {"Title": "t"}, alex)
    drive.put_file(drive.root, "README.md", MemoryBlob(b"other"), alex)
    row = library.row_of(drive.child(drive.root.uid, "README.md"))
    assert row.values == {"Title": "t"}
    assert [state.version for state in library.versions(row)] == [2, 1]


def test_titles_are_unique_and_libraries_get_a_drive(world, site, books, alex):
    with pytest.raises(NameTaken):
        world.lists.create(site, "BOOKS", alex)
    for wrong in ({"template": "nonsense"}, {"columns": [{"name": "C"}]}):
        with pytest.raises(Unacceptable):
            world.lists.create(site, "Wrong", alex, **wrong)
        with pytest.raises(Unacceptable):
            world.lists.create(site, "Wrong", alex, **({"template": "documentLibrary"} | wrong))
    with pytest.raises(Unacceptable):
        world.lists.create(site, " ", alex)
    assert all(known.display_name != "Wrong" for known in world.lists.of(site))
    made = world.lists.create(site, "Plans: A/B", alex, template="documentLibrary")
    assert made.drive in site.drives
    assert made.folder == "Plans AB"
    world.lists.remove(made)
    assert made.drive not in site.drives
    again = world.lists.create(site, "Plans: A/B", alex, template="documentLibrary")
    assert again.folder == "Plans AB"
    assert again.id != made.id
    world.lists.remove(books)
    with pytest.raises(Missing):
        world.lists.find(site, books.id)
    with pytest.raises(Forbidden):
        world.lists.remove(world.lists.people(site).list)


def test_lists_of_equal_url_name_are_numbered(world, site, alex):
    first = world.lists.create(site, "A/B", alex)
    second = world.lists.create(site, "AB", alex)
    assert (first.folder, second.folder) == ("Lists/AB", "Lists/AB1")


def test_people_have_the_numbers_that_permissions_use(world, site):
    people = world.lists.people(site)
    for user in world.directory.users_of(world.tenant.id):
        number = people.number(Actor(user.id, user.display_name, user.email))
        login = f"i:0#.f|membership|{user.upn}"
        assert world.sharing.site_user_number(site, login) == number
        assert people.name(number) == user.display_name
    assert people.name(people.number(Actor())) == "System Account"
    assert people.name(people.number(Actor(app_id="x"))) == "SharePoint App"
    assert people.name(999) is None
    lab = next(s for s in site.subsites)
    assert world.lists.people(lab) is people


@pytest.fixture
def pages(world):
    root = world.content.site_at(world.content.host, "")
    return SitePages(world.lists.pages(root))


PAGE = {"@odata.type": TYPE, "name": "a.aspx", "title": "A"}


def test_a_page_is_a_file_from_checkout_to_publication(pages, alex):
    page = pages.create(PAGE, alex)
    assert (page.level, page.version, page.checked_out_by) == ("checkout", "0.1", alex)
    assert pages.library.drive.child(pages.library.drive.root.uid, "a.aspx").uid == page.item.uid
    page = pages.publish(page, alex)
    assert (page.level, page.version, page.checked_out_by) == ("published", "1.0", None)
    assert pages.publish(page, alex) is page
    page = pages.update(page, {"@odata.type": TYPE, "title": "B"}, alex)
    assert (page.title, page.level, page.version) == ("B", "checkout", "1.1")
    other = Actor("u-2", "Megan Bowen")
    for change in (pages.publish, lambda p, by: pages.update(p, {"@odata.type": TYPE}, by)):
        with pytest.raises(Locked, match="Alex Wilber"):
            change(page, other)
    assert pages.publish(page, alex).version == "2.0"
    pages.delete(page)
    with pytest.raises(Missing):
        pages.find(page.item.uid)


def test_another_text_is_another_content(pages, alex):
    page = pages.create(PAGE, alex)
    canvas = {"horizontalSections": [{"columns": [{"webparts": [{"innerHtml": "<b>x</b>"}]}]}]}
    changed = pages.update(page, {"@odata.type": TYPE, "canvasLayout": canvas}, alex)
    assert changed.canvas == canvas
    assert changed.item.blob.quick_xor_hash() != page.item.blob.quick_xor_hash()


def test_news_is_promoted_once(pages, alex):
    page = pages.create(PAGE | {"promotionKind": "newsPost"}, alex)
    assert page.promotion == "newsPost"
    page = pages.publish(page, alex)
    assert page.item.fields["PromotedState"] == 2
    with pytest.raises(Unacceptable, match="cannot be demoted"):
        pages.update(page, {"@odata.type": TYPE, "promotionKind": "page"}, alex)


@pytest.mark.parametrize(
    "wrong",
    [
        {"@odata.type": "#microsoft.graph.newsLinkPage"},
        {"title": ""},
        {"title": 5},
        {"name": "a.html"},
        {"name": "a?.aspx"},
        {"pageLayout": "newsLink"},
        {"showComments": "yes"},
        {"titleArea": []},
        {"canvasLayout": []},
        {"canvasLayout": {"horizontalSections": [{"columns": [{"webparts": [{}]}]}]}},
        {"canvasLayout": {"verticalSection": {"webparts": [{"webPartType": "nonsense"}]}}},
        {"nonsense": 1},
    ],
)
def test_what_no_page_can_be(pages, alex, wrong):
    from m365sim.files.problems import Refused

    with pytest.raises(Refused):
        pages.create(PAGE | wrong, alex)
    pages.create(PAGE, alex)
    with pytest.raises(NameTaken):
        pages.create(PAGE, alex)
