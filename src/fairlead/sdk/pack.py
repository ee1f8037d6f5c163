"""Pack: the providers, actions and syncs that one distribution ships for one vendor."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from pydantic import BaseModel

from fairlead.errors import AuthorError, InvalidInput
from fairlead.model.batch import Batch
from fairlead.model.change import Change
from fairlead.model.exchange import Send
from fairlead.model.function import Action, Effect, Hook, Sync
from fairlead.model.provider import Provider
from fairlead.model.schedule import parse_frequency
from fairlead.sdk.ctx import Api, CheckpointT, Ctx, MetadataT, SyncCtx
from fairlead.sdk.shapes import wire_name
from fairlead.sdk.signature import (
    action_types,
    blame,
    checked_scopes,
    checked_source,
    description_of,
    effect_of,
    kebab,
    sync_types,
)

Inputs = ParamSpec("Inputs")
Output = TypeVar("Output")
RecordT = TypeVar("RecordT", bound=BaseModel)

#: makes the object that functions see as `ctx.api`
ApiFactory = Callable[[Send, Mapping[str, Any]], Api]
ActionBody = Callable[Concatenate[Ctx[Api], Inputs], Awaitable[Output]]
HookBody = Callable[[Ctx[Api], Sequence[Change]], Awaitable[None]]
SyncBody = Callable[[SyncCtx[Api, MetadataT, CheckpointT]], AsyncIterator[Batch[RecordT]]]


class Pack(Generic[Api]):
    """The providers of one vendor and the functions that run on them.

    The decorators register a function and return it unchanged, so it can be called and tested as
    the plain function it is.
    """

    def __init__(
        self, name: str, *, api: ApiFactory[Api], providers: Iterable[Provider] = ()
    ) -> None:
        self.name = name
        #: (send, connection config) -> what functions see as `ctx.api`
        self.api = api
        self.providers: dict[str, Provider] = {}
        for provider in providers:
            if provider.name in self.providers:
                raise AuthorError(f"pack {name} has two providers named {provider.name}")
            self.providers[provider.name] = provider
        self.actions: dict[str, Action] = {}
        self.syncs: dict[str, Sync] = {}
        self.hooks: dict[str, Hook] = {}

    def serving(
        self, providers: Iterable[Provider], *, api: ApiFactory[Api] | None = None
    ) -> "Pack[Api]":
        """Return a pack with the same functions on other providers (another cloud)."""
        other = Pack(self.name, api=api or self.api, providers=providers)
        other.actions = self.actions
        other.syncs = self.syncs
        other.hooks = self.hooks
        return other

    def applies_to(self, provider_name: str) -> bool:
        """Say whether the functions of this pack run on connections of that provider."""
        return provider_name in self.providers

    def action(
        self,
        *,
        scopes: Sequence[str],
        source: str,
        name: str | None = None,
        effect: Effect | None = None,
        version: str = "1.0.0",
    ) -> Callable[[ActionBody[Api, Inputs, Output]], ActionBody[Api, Inputs, Output]]:
        """Register an action; input and output schemas come from its signature.

        `effect` follows from the name's verb if it is left out: get, list, search, download and
        their like read; delete, remove, clear and their like are destructive; all else writes.
        """

        def register(body: ActionBody[Api, Inputs, Output]) -> ActionBody[Api, Inputs, Output]:
            declared = action_types(body)
            action = Action(
                name=name or kebab(body.__name__),
                description=description_of(body),
                scopes=checked_scopes(body, scopes),
                source=checked_source(body, source),
                body=body,
                input_model=declared.input_model,
                output=declared.output,
                effect=effect or effect_of(name or kebab(body.__name__)),
                reads_content=declared.reads_content,
                version=version,
            )
            self._refuse_twin(body, action.name)
            self.actions[action.name] = action
            return body

        return register

    def sync(
        self,
        *,
        every: str,
        scopes: Sequence[str],
        source: str,
        auto_start: bool = True,
        volatile: Sequence[str] = (),
        follows: Callable[[str], str | None] | None = None,
        name: str | None = None,
        version: str = "1.0.0",
    ) -> Callable[
        [SyncBody[Api, MetadataT, CheckpointT, RecordT]],
        SyncBody[Api, MetadataT, CheckpointT, RecordT],
    ]:
        """Register a sync; record, metadata and checkpoint types come from its signature.

        `every` is a frequency (`1h`, `every 5 minutes`); `volatile` names record fields (as in
        Python) whose change alone is no change. `follows` turns the name of a partition into the
        address of the place that a subscription of the provider can tell about; None = of this one
        nobody tells, it waits for its slot.
        """

        def register(
            body: SyncBody[Api, MetadataT, CheckpointT, RecordT],
        ) -> SyncBody[Api, MetadataT, CheckpointT, RecordT]:
            declared = sync_types(body)
            known = {field for model in declared.models.values() for field in model.model_fields}
            if unknown := sorted(set(volatile) - known):
                blame(body, f"has volatile={unknown}, which no record of it has")
            try:
                parse_frequency(every)
            except InvalidInput as error:
                raise AuthorError(
                    f"{body.__module__}.{body.__qualname__}: {error.message}",
                    code="invalid_function",
                ) from error
            sync = Sync(
                name=name or kebab(body.__name__),
                description=description_of(body),
                every=every,
                scopes=checked_scopes(body, scopes),
                source=checked_source(body, source),
                body=body,
                models=declared.models,
                metadata_model=declared.metadata_model,
                checkpoint_model=declared.checkpoint_model,
                auto_start=auto_start,
                version=version,
                volatile=frozenset(wire_name(field) for field in volatile),
                follows=follows,
            )
            self._refuse_twin(body, sync.name)
            self.syncs[sync.name] = sync
            return body

        return register

    def on_change(
        self, sync: str, *, scopes: Sequence[str] = (), name: str | None = None
    ) -> Callable[[HookBody[Api]], HookBody[Api]]:
        """Register a function that is called after each run with what changed in its records.

        `sync` is the sync's name on the wire. It is called at least once with each change, in
        order, and again after the next run if it raises; until then nothing later is told.
        """

        def register(body: HookBody[Api]) -> HookBody[Api]:
            hook = Hook(
                name=name or kebab(body.__name__),
                description=description_of(body),
                sync=sync,
                scopes=checked_scopes(body, scopes),
                body=body,
            )
            if sync not in self.syncs:
                blame(body, f"follows the sync {sync}, which pack {self.name} does not have")
            self._refuse_twin(body, hook.name)
            self.hooks[hook.name] = hook
            return body

        return register

    def _refuse_twin(self, body: Callable[..., Any], name: str) -> None:
        if name in self.actions or name in self.syncs or name in self.hooks:
            blame(body, f"is the second function named {name} in pack {self.name}")
