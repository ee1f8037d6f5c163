"""What the inputs and outputs of many actions share: ids, cursors, eTags, people, plain answers.

Field names on the wire are those that integrations of SharePoint commonly use, which is not one
style throughout; where a name is not camelCase, the same value comes under its camelCase name too.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from fairlead.sdk import ActionError, Record, Shape

#: an object of the vendor's, kept as it is
Json = dict[str, Any]

ListId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a list or document library, or its name.",
        examples=["af19b41b-6d98-4ecf-b4c2-2c7e5d2a5d36"],
    ),
]
ListItemId = Annotated[
    str,
    Field(min_length=1, description="Id of a row in its list, a number.", examples=["1"]),
]
ColumnId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a column.",
        examples=["fa564e0f-0c70-4ab9-b863-0177e6ddd247"],
    ),
]
ContentTypeId = Annotated[
    str,
    Field(min_length=1, description="Id of a content type.", examples=["0x0101"]),
]
PageId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a site page.",
        examples=["df69e386-6c58-4df2-afc0-ab6327d5b202"],
    ),
]
Cursor = Annotated[
    str, Field(min_length=1, description="`nextCursor` of the page before, as it came.")
]
ETag = Annotated[
    str,
    Field(
        min_length=1,
        description=(
            "Change it only if its eTag is still this one; otherwise the answer is "
            "`resource_modified`."
        ),
        examples=['"a3a11d2c-9a5f-4c2a-8cd2-1a2ad1d3a1a1,3"'],
    ),
]


def _worth_something(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not fields:
        raise ValueError("give at least one column")
    return fields


#: column values by internal name; null empties one
FieldValues = Annotated[
    dict[str, JsonValue],
    Field(
        description=(
            "Values by the columns' internal names; of a lookup or person column "
            "`{name}LookupId`. null empties a column."
        ),
        examples=[{"Title": "Widget", "Quantity": 3}],
    ),
]
SomeFieldValues = Annotated[FieldValues, AfterValidator(_worth_something)]


class Person(Shape):
    """A person, an app or a group behind something."""

    id: str | None = None
    display_name: str | None = None
    email: str | None = None


class Author(Shape):
    """Who made or changed something."""

    user: Person | None = None
    application: Person | None = None


class Open(Shape):
    """An object of the vendor's whose unknown fields are kept."""

    model_config = ConfigDict(extra="allow")


class Reference(Shape):
    """Something named by its id."""

    id: str | None = None
    name: str | None = None


class Done(Record):
    """It has been done."""

    success: bool = True


#: `next_cursor` as it is spelled in older outputs, beside `nextCursor`
SnakeCursor = Annotated[
    str | None, Field(alias="next_cursor", description="The same as `nextCursor`.")
]


def refuse_nothing(changes: dict[str, object], wanted: str) -> None:
    """Refuse an update that changes nothing: ActionError `invalid_input`."""
    if not changes:
        raise invalid(f"There is nothing to change; give {wanted}.")


def invalid(message: str) -> ActionError:
    """Return the error of an input that its schema allows and the action does not."""
    return ActionError(
        message, code="invalid_input", payload={"type": "invalid_input", "message": message}
    )
