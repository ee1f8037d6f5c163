"""Actions on the columns of lists, which SharePoint's own API calls fields."""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx
from fairlead_microsoft.rest import Rest, Web, guid, quoted
from fairlead_microsoft.sharepoint import column_inputs as column
from fairlead_microsoft.sharepoint.column_shapes import Column, ColumnName, ColumnSettings
from fairlead_microsoft.sharepoint.columns import ListColumns
from fairlead_microsoft.sharepoint.wire import Cursor, Done
from fairlead_microsoft.sharepoint_v1.field_shapes import column_of, field_of
from fairlead_microsoft.sharepoint_v1.inputs import ListRef, SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)"
FieldRef = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a column, or its internal name or title.",
        examples=["fa564e0f-0c70-4ab9-b863-0177e6ddd247"],
    ),
]


@sharepoint_v1.action(scopes=["Sites.Manage.All"], source=SOURCE)
async def create_list_column(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
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
    enforce_unique_values: column.Unique | None = None,
    hidden: column.Hidden | None = None,
    indexed: column.Indexed | None = None,
    required: column.Required | None = None,
    read_only: column.ReadOnly | None = None,
    column_group: column.Group | None = None,
    default_value: column.DefaultValue | None = None,
) -> Column:
    """Add a column to a list; one facet (`text`, `number` ...) says its type.

    The internal name is made of `name`; a `displayName` is set right after.
    """
    settings = ColumnSettings(
        name=name,
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
        enforce_unique_values=enforce_unique_values,
        hidden=hidden,
        indexed=indexed,
        required=required,
        read_only=read_only,
        column_group=column_group,
        default_value=default_value,
    )
    body = field_of(settings)
    web = await ctx.api.web(site_id)
    made = await ctx.api.post_json(web.list(list_id, "fields"), body)
    if display_name is None or display_name == made.get("Title"):
        return column_of(made)
    place = _address(web, list_id, made["Id"])
    await ctx.api.merge(place, {"Title": display_name})
    return column_of(await ctx.api.get_json(place))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_list_columns(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, cursor: Cursor | None = None
) -> ListColumns:
    """List the columns of a list, hidden ones included, a page at a time."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.list(list_id, "fields"), cursor=cursor)
    columns = [column_of(one) for one in page.items]
    return ListColumns(columns=columns, next_cursor=page.next_link, next_link=page.next_link)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_list_column(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, column_id: FieldRef
) -> Column:
    """Read one column of a list: its names, type and settings."""
    web = await ctx.api.web(site_id)
    return column_of(await ctx.api.get_json(_address(web, list_id, column_id)))


@sharepoint_v1.action(scopes=["Sites.Manage.All"], source=SOURCE)
async def delete_list_column(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, column_id: FieldRef
) -> Done:
    """Delete a column of a list, with its values."""
    web = await ctx.api.web(site_id)
    await ctx.api.delete(_address(web, list_id, column_id))
    return Done()


def _address(web: Web, list_id: str, column_id: str) -> str:
    known = guid(column_id)
    if known is not None:
        return web.list(list_id, f"fields(guid'{known}')")
    return web.list(list_id, f"fields/getbyinternalnameortitle({quoted(column_id)})")
