"""Objects of SharePoint's own API as it tells them: names in PascalCase, nothing but ids is sure.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)
(webs), https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)
(lists), https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)
(fields)
"""

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_pascal

from fairlead.sdk import Shape


def _told(name: str) -> str:
    return to_pascal(name.rstrip("_"))


class Entity(Shape):
    """An object of SharePoint's own API."""

    model_config = ConfigDict(alias_generator=_told)


class TokenText(Entity):
    """A change token."""

    string_value: str | None = None


class Collection(Entity):
    """A site collection."""

    id: str


class WebEntity(Entity):
    """A web, which Graph calls a site."""

    id: str
    title: str | None = None
    description: str | None = None
    url: str
    server_relative_url: str = "/"
    created: str | None = None
    last_item_modified_date: str | None = None


class FolderEntity(Entity):
    """A folder."""

    unique_id: str | None = None
    server_relative_url: str | None = None


class FieldEntity(Entity):
    """A column."""

    internal_name: str
    #: its name among the properties of a row
    entity_property_name: str | None = None
    title: str | None = None
    type_as_string: str = ""
    hidden: bool = False
    read_only_field: bool = False
    from_base_type: bool = False
    lookup_list: str | None = None
    lookup_field: str | None = None

    @property
    def property(self) -> str:
        """Its name among the properties of a row."""
        return self.entity_property_name or self.internal_name


class ListEntity(Entity):
    """A list or a document library."""

    id: str
    title: str | None = None
    description: str | None = None
    #: number of what it was made from
    base_template: int = 0
    #: 1 = a document library
    base_type: int = 0
    hidden: bool = False
    is_system_list: bool = False
    content_types_enabled: bool | None = None
    created: str | None = None
    last_item_modified_date: str | None = None
    current_change_token: TokenText | None = None
    root_folder: FolderEntity | None = None
    fields: list[FieldEntity] = Field(default_factory=list)

    @property
    def is_library(self) -> bool:
        """Say whether it holds files."""
        return self.base_type == 1

    @property
    def token(self) -> str | None:
        """Where its change log is now."""
        return self.current_change_token.string_value if self.current_change_token else None
