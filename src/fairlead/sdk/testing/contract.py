"""Contract: what every function of a pack must hold, checked for all of them at once.

A pack's whole test of it:

    CHECKS = Contract(pack, recordings=Path(__file__).parent / "recordings").checks()

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_contract(check): check()
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from fairlead.errors import InvalidInput
from fairlead.model.exchange import Send
from fairlead.model.function import Action, Sync
from fairlead.sdk.calls import validate_input
from fairlead.sdk.pack import Pack
from fairlead.sdk.recording import Recording
from fairlead.sdk.schemas import input_schema, output_schema, record_schemas, schema_of
from fairlead.sdk.testing.replay import Replay
from fairlead.sdk.testing.runs import SyncOutcome, run_action, run_sync

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CAMEL = re.compile(r"[a-zA-Z$@_][\w$@.-]*")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
#: cuts of one sync; more batches are cut at evenly spread places
_MOST_CUTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call of a function, and who answers it.

    `send` is asked for anew for every run: a Replay, or a client of a server that stands in for the
    vendor and whose state the function does not change.
    """

    function: str
    send: Callable[[], Send]
    input: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    connection_config: Mapping[str, Any] = field(default_factory=dict)
    #: where a sync begins
    checkpoint: bytes | None = None
    name: str = ""

    @classmethod
    def of(cls, recording: Recording, name: str = "") -> "Case":
        """Return the case that a recording is."""
        return cls(
            function=recording.function,
            send=partial(Replay.of, recording),
            input=recording.input,
            metadata=recording.metadata,
            connection_config=recording.connection_config,
            checkpoint=recording.position,
            name=name,
        )


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; call it, or await `verify` where a loop runs already."""

    name: str
    verify: Callable[[], Awaitable[None]]

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> None:
        """Raise an AssertionError, which says what to mend, unless it holds."""

        async def work() -> None:
            await self.verify()

        asyncio.run(work())


class Contract:
    """What every function of a pack must hold.

    Of each: name, description, scopes, source and schemas. Of each case besides: an action's output
    fits its schema and no response stays open; a sync that is cut after any batch and resumed ends
    with the same records, tombstones and checkpoint as one that was not cut, and its records fit
    their schemas. `recordings` is a folder of `*.json` files (`Recording`), each one more case. A
    function without a case fails, unless `without_case` names it.
    """

    def __init__(
        self,
        pack: Pack[Any],
        cases: Iterable[Case] = (),
        *,
        recordings: Path | None = None,
        without_case: Iterable[str] = (),
    ) -> None:
        self._pack = pack
        self._cases = list(cases)
        self._without = frozenset(without_case)
        if recordings is not None:
            for path in sorted(recordings.glob("*.json")):
                recording = Recording.read(path.read_bytes(), path.name)
                self._cases.append(Case.of(recording, path.stem))

    def checks(self) -> list[Check]:
        """Return one check a thing that must hold, in the order of the functions' names."""
        functions: Sequence[Action | Sync] = [
            *(action for _, action in sorted(self._pack.actions.items())),
            *(sync for _, sync in sorted(self._pack.syncs.items())),
        ]
        checks: list[Check] = []
        for function in functions:
            checks.append(Check(f"{function.name}: declaration", partial(_declared, function)))
            checks.append(Check(f"{function.name}: schemas", partial(_schemas, function)))
            cases = [case for case in self._cases if case.function == function.name]
            if not cases and function.name not in self._without:
                checks.append(Check(f"{function.name}: has a case", partial(_lacks, function)))
            for case in cases:
                checks += self._of(function, case)
        known = {function.name for function in functions}
        for case in self._cases:
            if case.function not in known:
                checks.append(Check(f"{case.function}: exists", partial(_stray, case)))
        return checks

    def _of(self, function: Action | Sync, case: Case) -> list[Check]:
        where = f"{function.name}: {case.name}" if case.name else function.name
        if isinstance(function, Action):
            return [Check(f"{where}: output", partial(_acts, self._pack, function, case))]
        return [
            Check(f"{where}: output", partial(_syncs, self._pack, function, case)),
            Check(f"{where}: resume at every cut", partial(_resumes, self._pack, case)),
        ]


def _must(holds: object, problem: str) -> None:
    if not holds:
        raise AssertionError(problem)


async def _declared(function: Action | Sync) -> None:
    name = function.name
    _must(_KEBAB.fullmatch(name), f"the name {name} is not kebab-case")
    first = function.description.splitlines()[0]
    _must(
        first.endswith(".") and first[0].isupper(),
        f"{name}: the docstring must begin with a sentence: {first!r}",
    )
    _must(function.source.startswith("https://"), f"{name}: source is no https link")
    _must(len(set(function.scopes)) == len(function.scopes), f"{name}: a scope is named twice")
    _must(_VERSION.fullmatch(function.version), f"{name}: version is not like 1.0.0")


async def _schemas(function: Action | Sync) -> None:
    name = function.name
    if isinstance(function, Action):
        taken = input_schema(function)
        _must(taken.get("type") == "object", f"{name}: its input is no object")
        _must(taken.get("additionalProperties") is False, f"{name}: its input takes anything")
        _fit(name, "input", taken)
        _fit(name, "output", output_schema(function))
        try:
            validate_input(function, {"noSuchField": 1})
        except InvalidInput as error:
            _must("noSuchField" in error.message, f"{name}: a wrong field is not named")
        else:
            raise AssertionError(f"{name}: an unknown field is taken")
        return
    _must(function.models, f"{name}: declares no record")
    for model, schema in record_schemas(function).items():
        _must("id" in schema.get("required", ()), f"{name}: {model}.id is not required")
        _fit(name, model, schema)
    _fit(name, "metadata", schema_of(function.metadata_model))
    first = function.checkpoint_model()
    again = function.checkpoint_model.model_validate_json(first.model_dump_json(by_alias=True))
    _must(first == again, f"{name}: its checkpoint does not survive being stored")


def _fit(name: str, what: str, schema: Mapping[str, Any]) -> None:
    try:
        orjson.dumps(schema)
    except orjson.JSONEncodeError as error:
        raise AssertionError(f"{name}: the schema of its {what} is not JSON: {error}") from error
    for part in (schema, *schema.get("$defs", {}).values()):
        for field_name in part.get("properties", {}):
            _must(_CAMEL.fullmatch(field_name), f"{name}: {what} has the field {field_name!r}")


async def _lacks(function: Action | Sync) -> None:
    raise AssertionError(
        f"{function.name} has no case: add a recording of it (`fairlead run {function.name} "
        f"--connection ... --record FILE` writes one), or name it in without_case"
    )


async def _stray(case: Case) -> None:
    raise AssertionError(f"the case {case.name} is of {case.function}, which the pack has not")


async def _acts(pack: Pack[Any], action: Action, case: Case) -> None:
    send = case.send()
    output = await run_action(
        pack,
        case.function,
        case.input,
        send,
        metadata=case.metadata,
        connection_config=case.connection_config,
    )
    orjson.dumps(output)
    action.output.validate_python(output)
    _all_closed(case, send)


async def _syncs(pack: Pack[Any], sync: Sync, case: Case) -> None:
    send = case.send()
    outcome = await _run(pack, case, send=send)
    for batch in outcome.batches:
        model = sync.models[batch.model]
        for record_id, (_, content) in batch.upsert.items():
            _must(
                model.model_validate_json(content).model_dump()["id"] == record_id,
                f"{sync.name}: the record {record_id} does not read back",
            )
    _all_closed(case, send)


async def _resumes(pack: Pack[Any], case: Case) -> None:
    whole = await _run(pack, case)
    cuts = len(whole.batches)
    step = max(1, -(-cuts // _MOST_CUTS))
    for cut in range(1, cuts, step):
        part = await _run(pack, case, stop_after=cut)
        rest = await _run(pack, case, table=part.table, checkpoint=part.checkpoint)
        where = f"{case.function}, cut after batch {cut} of {cuts} and resumed"
        _must(
            rest.table.live() == whole.table.live(),
            f"{where}, has other records: {_difference(rest, whole)}",
        )
        _must(
            rest.table.deleted() <= whole.table.deleted(),
            f"{where}, deleted {sorted(rest.table.deleted() - whole.table.deleted())[:5]}",
        )
        _must(rest.checkpoint == whole.checkpoint, f"{where}, ends at another checkpoint")


def _difference(one: SyncOutcome, other: SyncOutcome) -> str:
    left, right = one.table.live(), other.table.live()
    return (
        f"missing {sorted(set(right) - set(left))[:5]}, too many "
        f"{sorted(set(left) - set(right))[:5]}, different "
        f"{sorted(key for key in set(left) & set(right) if left[key] != right[key])[:5]}"
    )


async def _run(
    pack: Pack[Any], case: Case, *, send: Send | None = None, **options: Any
) -> SyncOutcome:
    return await run_sync(
        pack,
        case.function,
        send or case.send(),
        metadata=case.metadata,
        connection_config=case.connection_config,
        **{"checkpoint": case.checkpoint, **options},
    )


def _all_closed(case: Case, send: Send) -> None:
    if isinstance(send, Replay):
        still_open = [one.url for one in send.responses if not one.is_closed]
        _must(not still_open, f"{case.function} leaves responses open: {still_open}")
