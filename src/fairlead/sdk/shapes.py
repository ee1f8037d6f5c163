"""Shapes an author declares: records, metadata, checkpoints, and whatever the vendor answers.

Python is snake_case, the wire camelCase: aliases are derived, never typed twice. Both spellings
are read, the camelCase one is written.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.fields import ComputedFieldInfo, FieldInfo


def wire_name(name: str) -> str:
    """Return the camelCase spelling of a Python name; a trailing underscore (`type_`) is ours."""
    return to_camel(name.rstrip("_"))


def title_of(name: str, field: FieldInfo | ComputedFieldInfo) -> str:
    """Return how a field is called among people: `drive_id` is "Drive id"."""
    del field  # the name alone decides
    return name.strip("_").replace("_", " ").capitalize()


class Shape(BaseModel):
    """A vendor's or a wire's object: camelCase aliases, unknown fields ignored."""

    model_config = ConfigDict(
        alias_generator=wire_name,
        field_title_generator=title_of,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
    )


class Record(Shape):
    """One object of a sync, or the output of an action; fields that are None are not written.

    A record of a sync needs a field `id` of type `str`, unique in its model and connection.
    """

    #: fields of its place and its name: the place is that of the record above it
    #: (`parent_record_id`), a slash and the name; then fields that begin with those of the record
    #: above (a URL). "" for the place where there are only those. So when a record gets another
    #: place, the store gives what lies below it its new one, though the vendor says nothing of that
    placed_by: ClassVar[tuple[str, ...]] = ()

    def revision(self) -> int | None:
        """Return a number that grows with every change at the vendor, if it tells one.

        By it the store knows a page of a sync that is older than what an action wrote meanwhile.
        """
        return None

    def parent_record_id(self) -> str | None:
        """Return the `id` of the record that this one lies below, for `Batch.delete_under`."""
        return None

    def shares(self) -> str | None:
        """Return the `id` of the record whose sharing this one is about, if it is about that."""
        return None


class Metadata(Shape):
    """What the product sets on a connection for a sync to read; other keys are left alone."""


class Checkpoint(Shape):
    """Where a sync resumes; every field needs a default, which stands for "from the start".

    Mutable: a sync advances it in place and hands it over with each batch.
    """

    model_config = ConfigDict(frozen=False)
