"""Actions on the columns of lists and sites.

https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint import column_inputs as column
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.column_shapes import Column, ColumnName, ColumnSettings
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import ColumnId, Cursor, Done, ListId, refuse_nothing


class ListColumns(Record):
    """A page of a list's columns."""

    columns: list[Column]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    #: the same as `nextCursor`
    next_link: str | None = None


class SiteColumns(Record):
    """A page of a site's columns."""

    columns: list[Column]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/list-post-columns",
    version="1.0.1",
)
async def create_list_column(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    *,
    name: ColumnName,
    display_name: column.DisplayName | None = None,
    description: column.Description | None = None,
    text: column.Text | None = None,
    number: column.Number | None = None,
    choice: column.Choice | None = None,
    date_time: column.DateTime | None = None,
    boolean: column.Boolean | None = None,
    currency: column.Currency | None = None,
    person_or_group: column.PersonOrGroup | None = None,
    lookup: column.Lookup | None = None,
    hyperlink_or_picture: column.HyperlinkOrPicture | None = None,
    calculated: column.Calculated | None = None,
    term: column.Term | None = None,
    geolocation: column.Geolocation | None = None,
    enforce_unique_values: column.Unique | None = None,
    hidden: column.Hidden | None = None,
    indexed: column.Indexed | None = None,
    required: column.Required | None = None,
    read_only: column.ReadOnly | None = None,
    column_group: column.Group | None = None,
    default_value: column.DefaultValue | None = None,
    validation: column.Validation | None = None,
) -> Column:
    """Add a column to a list; one facet (`text`, `number` ...) says its type."""
    settings = ColumnSettings(
        name=name,
        display_name=display_name,
        description=description,
        text=text,
        number=number,
        choice=choice,
        date_time=date_time,
        boolean=boolean,
        currency=currency,
        person_or_group=person_or_group,
        lookup=lookup,
        hyperlink_or_picture=hyperlink_or_picture,
        calculated=calculated,
        term=term,
        geolocation=geolocation,
        enforce_unique_values=enforce_unique_values,
        hidden=hidden,
        indexed=indexed,
        required=required,
        read_only=read_only,
        column_group=column_group,
        default_value=default_value,
        validation=validation,
    )
    path = ctx.api.path("sites", site_id, "lists", list_id, "columns")
    made = await ctx.api.post(Column, path, settings)
    await echoes.keep_list_column(ctx, site_id, list_id, made.id)
    return made


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-list-columns",
    version="1.0.1",
)
async def list_list_columns(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, cursor: Cursor | None = None
) -> ListColumns:
    """List the columns of a list, hidden ones included, a page at a time."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "columns")
    page = await ctx.api.page(Column, path, cursor=cursor)
    return ListColumns(columns=page.items, next_cursor=page.next_link, next_link=page.next_link)


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/columndefinition-update",
    version="1.0.1",
)
async def update_list_column(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    column_id: ColumnId,
    *,
    column_definition: Annotated[
        ColumnSettings, Field(description="What is to be another; settings, a facet.")
    ],
) -> Column:
    """Change a column of a list; what `columnDefinition` does not name stays as it is."""
    refuse_nothing(column_definition.model_dump(exclude_none=True), "columnDefinition some content")
    path = ctx.api.path("sites", site_id, "lists", list_id, "columns", column_id)
    changed = await ctx.api.patch(Column, path, column_definition)
    await echoes.keep_list_column(ctx, site_id, list_id, column_id)
    return changed


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/columndefinition-delete",
    version="1.0.1",
)
async def delete_list_column(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, column_id: ColumnId
) -> Done:
    """Delete a column of a list, with its values."""
    await ctx.api.delete(ctx.api.path("sites", site_id, "lists", list_id, "columns", column_id))
    echoes.list_column_gone(ctx, site_id, list_id, column_id)
    return Done()


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/site-post-columns",
    version="1.0.1",
)
async def create_site_column(
    ctx: Ctx[Graph],
    site_id: SiteId,
    *,
    name: ColumnName,
    display_name: column.DisplayName | None = None,
    description: column.Description | None = None,
    text: column.Text | None = None,
    number: column.Number | None = None,
    choice: column.Choice | None = None,
    date_time: column.DateTime | None = None,
    boolean: column.Boolean | None = None,
    currency: column.Currency | None = None,
    person_or_group: column.PersonOrGroup | None = None,
    lookup: column.Lookup | None = None,
    hyperlink_or_picture: column.HyperlinkOrPicture | None = None,
    calculated: column.Calculated | None = None,
    term: column.Term | None = None,
    geolocation: column.Geolocation | None = None,
    enforce_unique_values: column.Unique | None = None,
    hidden: column.Hidden | None = None,
    indexed: column.Indexed | None = None,
    required: column.Required | None = None,
    read_only: column.ReadOnly | None = None,
    column_group: column.Group | None = None,
    default_value: column.DefaultValue | None = None,
    validation: column.Validation | None = None,
) -> Column:
    """Make a column that the lists of a site can take on; one facet says its type."""
    settings = ColumnSettings(
        name=name,
        display_name=display_name,
        description=description,
        text=text,
        number=number,
        choice=choice,
        date_time=date_time,
        boolean=boolean,
        currency=currency,
        person_or_group=person_or_group,
        lookup=lookup,
        hyperlink_or_picture=hyperlink_or_picture,
        calculated=calculated,
        term=term,
        geolocation=geolocation,
        enforce_unique_values=enforce_unique_values,
        hidden=hidden,
        indexed=indexed,
        required=required,
        read_only=read_only,
        column_group=column_group,
        default_value=default_value,
        validation=validation,
    )
    made = await ctx.api.post(Column, ctx.api.path("sites", site_id, "columns"), settings)
    await echoes.keep_site_column(ctx, site_id, made.id)
    return made


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-list-columns",
    version="1.0.1",
)
async def list_site_columns(
    ctx: Ctx[Graph], site_id: SiteId, cursor: Cursor | None = None
) -> SiteColumns:
    """List the columns of a site, hidden ones included, a page at a time."""
    page = await ctx.api.page(Column, ctx.api.path("sites", site_id, "columns"), cursor=cursor)
    return SiteColumns(columns=page.items, next_cursor=page.next_link)


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/columndefinition-update",
    version="1.0.1",
)
async def update_site_column(
    ctx: Ctx[Graph],
    site_id: SiteId,
    column_id: ColumnId,
    *,
    display_name: column.DisplayName | None = None,
    description: column.Description | None = None,
    text: column.Text | None = None,
    number: column.Number | None = None,
    choice: column.Choice | None = None,
    date_time: column.DateTime | None = None,
    person_or_group: column.PersonOrGroup | None = None,
    lookup: column.Lookup | None = None,
    enforce_unique_values: column.Unique | None = None,
    hidden: column.Hidden | None = None,
    indexed: column.Indexed | None = None,
    required: column.Required | None = None,
    read_only: column.ReadOnly | None = None,
    column_group: column.Group | None = None,
    default_value: column.DefaultValue | None = None,
    validation: column.Validation | None = None,
) -> Column:
    """Change a column of a site; what is not given stays as it is."""
    settings = ColumnSettings(
        display_name=display_name,
        description=description,
        text=text,
        number=number,
        choice=choice,
        date_time=date_time,
        person_or_group=person_or_group,
        lookup=lookup,
        enforce_unique_values=enforce_unique_values,
        hidden=hidden,
        indexed=indexed,
        required=required,
        read_only=read_only,
        column_group=column_group,
        default_value=default_value,
        validation=validation,
    )
    refuse_nothing(settings.model_dump(exclude_none=True), "a name, a setting or a facet")
    path = ctx.api.path("sites", site_id, "columns", column_id)
    changed = await ctx.api.patch(Column, path, settings)
    await echoes.keep_site_column(ctx, site_id, column_id)
    return changed


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/columndefinition-delete",
    version="1.0.1",
)
async def delete_site_column(ctx: Ctx[Graph], site_id: SiteId, column_id: ColumnId) -> Done:
    """Delete a column of a site; lists that took it on keep theirs."""
    await ctx.api.delete(ctx.api.path("sites", site_id, "columns", column_id))
    echoes.site_column_gone(ctx, site_id, column_id)
    return Done()
