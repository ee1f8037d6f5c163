"""The query language of searches."""

import pytest

from m365sim.graph.kql import BadQuery, Document, read_query

REPORT = Document(
    "Annual report 2026.docx",
    {
        "filetype": "docx",
        "size": 1200,
        "isdocument": True,
        "author": "Megan Bowen",
        "path": "https://contoso.sharepoint.com/sites/a/Shared%20Documents/Annual%20report.docx",
        "write": "2026-06-01T00:00:00Z",
    },
    lambda: "Profits rose in the north.",
)


@pytest.mark.parametrize(
    "text",
    [
        "report",
        "REPORT annual",
        '"annual report"',
        "prof*",
        "profits AND north",
        "nothing OR report",
        "report NOT summary",
        "report -summary",
        "(nothing OR report) north",
        "*",
        "filetype:docx",
        "report filetype:docx",
        "filetype:pdf filetype:docx",
        "isDocument=true",
        'author:"Megan Bowen"',
        "author:meg*",
        "author=nobody OR size>1000",
        "size>=1200 size<=1200",
        "write>2026-05-31",
        "filetype<>pdf",
        'path:"https://contoso.sharepoint.com/sites/a"',
        "unknown<>x",
    ],
)
def test_queries_that_find(text):
    assert read_query(text).matches(REPORT)


@pytest.mark.parametrize(
    "text",
    [
        "rep",
        '"report annual"',
        "report summary",
        "report NOT north",
        "-report",
        "filetype:pdf",
        "filetype:pdf AND filetype:docx",
        "isDocument=false",
        "size<1200",
        "size>many",
        "write<2026-05-31",
        "filetype<>docx",
        'path:"https://contoso.sharepoint.com/sites/ab"',
        "unknown:x",
    ],
)
def test_queries_that_find_nothing(text):
    assert not read_query(text).matches(REPORT)


@pytest.mark.parametrize("text", ["", "(a", "a)", "a AND", "NOT", "a OR", "()"])
def test_queries_that_cannot_be_read(text):
    with pytest.raises(BadQuery):
        read_query(text)


def test_terms_are_what_is_highlighted():
    assert read_query('one "two three" four* NOT five size>6').terms == ("one", "two three", "four")


def test_words_of_a_document_can_be_given_up():
    document = Document("Plan", body=lambda: "of the harbour")
    assert read_query("harbour").matches(document)
    assert document._words == ["plan", "of", "the", "harbour"]
    document.forget()
    assert document._words is None
    assert read_query("plan").matches(document)
    assert document._words is None  # the title said it
