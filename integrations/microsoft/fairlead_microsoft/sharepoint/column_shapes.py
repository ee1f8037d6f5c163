"""Columns as Graph describes them: what they are called, and one facet that says their type.

https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Record
from fairlead_microsoft.sharepoint.wire import Json, Open

ColumnName = Annotated[
    str,
    Field(min_length=1, description="Internal name of the column.", examples=["PageCount"]),
]


class TextColumn(Open):
    """One line of text, or many."""

    allow_multiple_lines: bool | None = None
    append_changes_to_existing_text: bool | None = None
    lines_for_editing: int | None = None
    max_length: int | None = None
    #: `plain` or `richText`
    text_type: str | None = None


class NumberColumn(Open):
    """A number."""

    #: `automatic`, `none`, `one` to `five`
    decimal_places: str | None = None
    #: `number` or `percentage`
    display_as: str | None = None
    maximum: int | float | None = None
    minimum: int | float | None = None


class ChoiceColumn(Open):
    """One of several texts, or some of them."""

    allow_text_entry: bool | None = None
    choices: list[str] | None = None
    #: `checkBoxes`, `dropDownMenu` or `radioButtons`
    display_as: str | None = None


class DateTimeColumn(Open):
    """A date, with a time or without."""

    #: `default`, `friendly` or `standard`
    display_as: str | None = None
    #: `dateOnly` or `dateTime`
    format: str | None = None


class PersonColumn(Open):
    """People or groups of the tenant."""

    allow_multiple_selection: bool | None = None
    display_as: str | None = None
    #: `peopleOnly` or `peopleAndGroups`
    choose_from_type: str | None = None


class LookupColumn(Open):
    """Rows of another list."""

    allow_multiple_values: bool | None = None
    allow_unlimited_length: bool | None = None
    column_name: str | None = None
    list_id: str | None = None
    primary_lookup_column_id: str | None = None


class ColumnFacets(Open):
    """The type of a column: one of these."""

    text: TextColumn | None = None
    number: NumberColumn | None = None
    choice: ChoiceColumn | None = None
    date_time: DateTimeColumn | None = None
    boolean: Json | None = None
    currency: Json | None = None
    person_or_group: PersonColumn | None = None
    lookup: LookupColumn | None = None
    hyperlink_or_picture: Json | None = None
    calculated: Json | None = None
    term: Json | None = None
    geolocation: Json | None = None


class ColumnDraft(ColumnFacets):
    """A column that is made with its list."""

    name: ColumnName


class ColumnSettings(ColumnFacets):
    """What can be said of a column; only what is given counts."""

    #: internal
    name: ColumnName | None = None
    display_name: str | None = None
    description: str | None = None
    column_group: str | None = None
    enforce_unique_values: bool | None = None
    hidden: bool | None = None
    indexed: bool | None = None
    required: bool | None = None
    read_only: bool | None = None
    default_value: Json | None = None
    validation: Json | None = None


class Column(Record, ColumnSettings):
    """A column of a site or a list, with all that Graph tells of it."""

    id: str
