"""What can be said of a column in a request: each input, with its description.

https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from typing import Annotated

from pydantic import Field

from fairlead_microsoft.sharepoint.column_shapes import (
    ChoiceColumn,
    DateTimeColumn,
    LookupColumn,
    NumberColumn,
    PersonColumn,
    TextColumn,
)
from fairlead_microsoft.sharepoint.wire import Json

DisplayName = Annotated[str, Field(description="What people read above the column.")]
Description = Annotated[str, Field(description="What it is for.")]
Group = Annotated[str, Field(description="Under what it is listed among a site's columns.")]
Text = Annotated[TextColumn, Field(description="It holds text.")]
Number = Annotated[NumberColumn, Field(description="It holds numbers.")]
Choice = Annotated[ChoiceColumn, Field(description="It holds one or some of these texts.")]
DateTime = Annotated[DateTimeColumn, Field(description="It holds dates.")]
Boolean = Annotated[Json, Field(description="It holds yes or no: `{}`.")]
Currency = Annotated[
    Json, Field(description="It holds amounts of money.", examples=[{"locale": "en-us"}])
]
PersonOrGroup = Annotated[PersonColumn, Field(description="It holds people or groups.")]
Lookup = Annotated[LookupColumn, Field(description="It holds rows of another list.")]
HyperlinkOrPicture = Annotated[
    Json, Field(description="It holds addresses.", examples=[{"isPicture": False}])
]
Calculated = Annotated[
    Json,
    Field(
        description="It is computed from other columns.",
        examples=[{"formula": "=[Quantity]*[Price]", "outputType": "currency"}],
    ),
]
Term = Annotated[Json, Field(description="It holds terms of a term set.")]
Geolocation = Annotated[Json, Field(description="It holds places on the earth: `{}`.")]
Unique = Annotated[bool, Field(description="No two rows may hold the same.")]
Hidden = Annotated[bool, Field(description="People do not see it.")]
Indexed = Annotated[bool, Field(description="It has an index, as large lists need it.")]
Required = Annotated[bool, Field(description="It may not be empty.")]
ReadOnly = Annotated[bool, Field(description="People cannot change its values.")]
DefaultValue = Annotated[
    Json, Field(description="What new rows hold.", examples=[{"value": "In stock"}])
]
Validation = Annotated[
    Json, Field(description="What values must fit.", examples=[{"formula": "=[Quantity]>0"}])
]
