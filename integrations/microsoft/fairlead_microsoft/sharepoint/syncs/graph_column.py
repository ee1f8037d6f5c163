"""Column definitions as Graph tells them, for the syncs.

https://learn.microsoft.com/graph/api/resources/columndefinition: the facet that is there says the
column's type; some system columns have none.
"""

from typing import Any

from fairlead.sdk import Shape

#: facets that say a type
KINDS = (
    "text",
    "number",
    "choice",
    "dateTime",
    "boolean",
    "currency",
    "personOrGroup",
    "lookup",
    "calculated",
    "hyperlinkOrPicture",
    "term",
    "thumbnail",
    "geolocation",
    "contentApprovalStatus",
)


class GraphColumn(Shape):
    """A column."""

    id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    column_group: str | None = None
    hidden: bool | None = None
    required: bool | None = None
    read_only: bool | None = None
    indexed: bool | None = None
    enforce_unique_values: bool | None = None
    type_: str | None = None
    text: dict[str, Any] | None = None
    number: dict[str, Any] | None = None
    choice: dict[str, Any] | None = None
    date_time: dict[str, Any] | None = None
    boolean: dict[str, Any] | None = None
    currency: dict[str, Any] | None = None
    person_or_group: dict[str, Any] | None = None
    lookup: dict[str, Any] | None = None
    calculated: dict[str, Any] | None = None
    hyperlink_or_picture: dict[str, Any] | None = None
    term: dict[str, Any] | None = None
    thumbnail: dict[str, Any] | None = None
    geolocation: dict[str, Any] | None = None
    content_approval_status: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None
    default_value: dict[str, Any] | None = None
    source_content_type: dict[str, Any] | None = None

    @property
    def kind(self) -> str | None:
        """The facet that says its type, None if it has none."""
        told = self.model_dump(by_alias=True, exclude_none=True)
        return next((kind for kind in KINDS if kind in told), None)
