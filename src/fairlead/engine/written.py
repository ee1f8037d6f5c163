"""Written: what one call of an action says that it changed, kept until it ended well."""

from dataclasses import replace
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from fairlead.engine.setup import Setup
from fairlead.errors import OutputInvalid
from fairlead.model.batch import Batch, StoredBatch
from fairlead.model.connection import Connection
from fairlead.model.function import Sync
from fairlead.sdk import to_stored
from fairlead.store import records, written
from fairlead.store.database import Tx

R = TypeVar("R", bound=BaseModel)


class Written:
    """The records that syncs of one connection keep (`sdk.Records`)."""

    def __init__(self, setup: Setup, connection: Connection, action: str) -> None:
        self._setup = setup
        self._connection = connection
        self._action = action
        #: in order: one change each
        self._batches: list[StoredBatch] = []

    async def keeps(self, model: type[BaseModel], partition: str = "") -> bool:
        """Say whether a sync has read this partition."""
        async with self._setup.db.read() as tx:
            return await written.keeps(
                tx,
                connection_pk=self._connection.id,
                model=self._name(model),
                partition=partition,
            )

    async def find(self, model: type[R], record_id: str) -> R | None:
        """Return the live record of an id; None too if its model was changed since."""
        async with self._setup.db.read() as tx:
            found = await records.list_records(
                tx,
                connection_pk=self._connection.id,
                model=self._name(model),
                ids=[record_id],
                limit=1,
                seals=self._setup.seals,
            )
        if not found or found[0].deleted_at is not None:
            return None
        try:
            return model.model_validate_json(orjson.dumps(found[0].content))
        except ValidationError:
            return None

    def put(self, record: BaseModel, partition: str = "") -> None:
        """Say that something is there, and what it is like."""
        self._say(type(record), Batch(upsert=[record], partition=partition))

    def delete(self, model: type[BaseModel], record_id: str, partition: str = "") -> None:
        """Say that something is gone, with all that lies below it."""
        self._say(model, Batch(delete=[record_id], partition=partition))

    def _say(self, model: type[BaseModel], batch: Batch[Any]) -> None:
        named = replace(batch, model=self._name(model))
        self._batches.append(to_stored(named, self._sync(model)))

    @property
    def is_any(self) -> bool:
        """Was anything said?"""
        return bool(self._batches)

    async def write(self, tx: Tx, run_id: str) -> None:
        """Write all of it, in the order in which it was said."""
        for batch in self._batches:
            await written.write_back(
                tx,
                connection_pk=self._connection.id,
                run_id=run_id,
                batch=batch,
                now=self._setup.clock.now(),
                seals=self._setup.seals,
            )

    def _sync(self, model: type[BaseModel]) -> Sync:
        for sync in self._setup.registry.syncs(self._connection.provider):
            if model in sync.models.values():
                return sync
        raise OutputInvalid(
            f"{self._action} tells of a record of {model.__name__}, which no sync of this pack "
            "keeps."
        )

    def _name(self, model: type[BaseModel]) -> str:
        return next(name for name, one in self._sync(model).models.items() if one is model)
