"""Turn a batch as an author yields it into a batch as the store takes it."""

from functools import partial
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from fairlead.errors import OutputInvalid
from fairlead.model.batch import Batch, StoredBatch
from fairlead.model.content import Lineage, hashed
from fairlead.model.function import Sync
from fairlead.sdk.shapes import Record, wire_name

#: characters of a record id, limit of the HTTP contract
LONGEST_ID = 255


def to_stored(batch: Batch[Any], sync: Sync, variant: str = "base") -> StoredBatch:
    """Validate, serialise and hash a batch.

    Of an id that occurs twice the last appearance counts; an id listed in `delete` is deleted.
    Content is canonical JSON (sorted keys, None left out); the hash (BLAKE2b, 16 bytes) leaves out
    the sync's volatile fields. OutputInvalid: a record of another model, an id that is empty, too
    long or holds NUL, a value without JSON form.
    """
    name, model = _model_of(batch, sync)
    under = dict.fromkeys(_checked_id(record_id, sync) for record_id in batch.delete_under)
    deleted = dict.fromkeys(_checked_id(record_id, sync) for record_id in batch.delete) | under
    parents: dict[str, str] = {}
    upsert: dict[str, tuple[bytes, bytes]] = {}
    for record in batch.upsert:
        if not isinstance(record, model):
            raise OutputInvalid(
                f"{sync.name} yielded a {type(record).__name__} in a batch of {name}"
            )
        record_id = _checked_id(getattr(record, "id", None), sync)
        if record_id in deleted:
            continue
        # popped first, so that the order is that of last appearances
        upsert.pop(record_id, None)
        upsert[record_id] = _content(record, sync)
        parents.pop(record_id, None)
        if isinstance(record, Record) and (parent := record.parent_record_id()) is not None:
            parents[record_id] = _checked_id(parent, sync)
    return StoredBatch(
        model=name,
        variant=variant,
        partition=batch.partition,
        upsert=upsert,
        delete=tuple(deleted),
        replace=tuple(dict.fromkeys(_checked_id(begin, sync) for begin in batch.replace)),
        delete_under=tuple(under),
        parents=parents,
        lineage=_lineage(model, sync),
        revision=partial(revision_of, model),
        checkpoint=None if batch.checkpoint is None else _checkpoint(batch.checkpoint, sync),
        restart=batch.restart,
        settled=batch.settled,
    )


def _lineage(model: type[BaseModel], sync: Sync) -> Lineage | None:
    if not issubclass(model, Record) or not model.placed_by:
        return None
    place, *others = model.placed_by
    name, *begun = map(wire_name, others)
    return Lineage(wire_name(place) if place else "", name, tuple(begun), sync.volatile)


def digest_of(content: bytes, sync: Sync) -> bytes:
    """Return the hash of content as it is stored."""
    return hashed(orjson.loads(content), sync.volatile)[0]


def parent_of(content: bytes, model: type[BaseModel]) -> str | None:
    """Return the id of the record above stored content; None too if its model was changed since."""
    try:
        record = model.model_validate_json(content)
    except ValidationError:
        return None
    return record.parent_record_id() if isinstance(record, Record) else None


def revision_of(model: type[BaseModel], content: bytes) -> int | None:
    """Return the revision of stored content at the vendor, if its model tells one."""
    try:
        record = model.model_validate_json(content)
    except ValidationError:
        return None
    return record.revision() if isinstance(record, Record) else None


def _model_of(batch: Batch[Any], sync: Sync) -> tuple[str, type[BaseModel]]:
    name = batch.model
    if name is None and batch.upsert and type(batch.upsert[0]).__name__ in sync.models:
        name = type(batch.upsert[0]).__name__
    if name is None:
        name = next(iter(sync.models))
    if name not in sync.models:
        raise OutputInvalid(
            f"{sync.name} yielded a batch of {name}; it declares {', '.join(sync.models)}"
        )
    return name, sync.models[name]


def _checked_id(record_id: object, sync: Sync) -> str:
    if not isinstance(record_id, str) or not record_id:
        raise OutputInvalid(f"{sync.name} yielded a record without an id")
    if len(record_id) > LONGEST_ID or "\0" in record_id:
        raise OutputInvalid(
            f"{sync.name} yielded an id of {len(record_id)} characters; at most {LONGEST_ID}, "
            "and no NUL"
        )
    return record_id


def _content(record: BaseModel, sync: Sync) -> tuple[bytes, bytes]:
    try:
        values = record.model_dump(mode="json", by_alias=True, exclude_none=True, warnings="error")
        return hashed(values, sync.volatile)
    except (PydanticSerializationError, orjson.JSONEncodeError) as error:
        raise OutputInvalid(
            f"{sync.name} yielded a {type(record).__name__} that its model forbids",
            detail=str(error),
        ) from error


def _checkpoint(checkpoint: BaseModel, sync: Sync) -> bytes:
    if not isinstance(checkpoint, sync.checkpoint_model):
        raise OutputInvalid(
            f"{sync.name} yielded a {type(checkpoint).__name__} as its checkpoint; it declares "
            f"{sync.checkpoint_model.__name__}"
        )
    return checkpoint.model_dump_json(by_alias=True).encode()
