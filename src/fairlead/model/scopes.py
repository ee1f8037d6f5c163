"""Which scopes cover which, and the fewest that let some functions run.

[RFC 6749, 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) says nothing of what a scope
includes; where a vendor's do, its provider says so by ladders.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: weakest first; each covers those before it
Ladders = Sequence[Sequence[str]]


def covers(ladders: Ladders, held: Iterable[str], wanted: str) -> bool:
    """Say whether one of these scopes allows what `wanted` does."""
    allowed = {wanted}
    grows = True
    while grows:
        stronger = {
            name
            for ladder in ladders
            for known in allowed & set(ladder)
            for name in ladder[ladder.index(known) :]
        }
        grows = not stronger <= allowed
        allowed |= stronger
    return bool(allowed & set(held))


@dataclass(frozen=True, slots=True)
class LeastScope:
    """A scope that has to be asked for, and why."""

    name: str
    #: functions that declare it
    functions: list[str]
    #: weaker scope that it covers -> functions that declare that one
    covered: dict[str, list[str]] = field(default_factory=dict)


def least_scopes(ladders: Ladders, needs: Mapping[str, Sequence[str]]) -> list[LeastScope]:
    """Return the fewest scopes for functions (name -> what it declares), by name."""
    wanting: dict[str, list[str]] = {}
    for function in sorted(needs):
        for scope in needs[function]:
            wanting.setdefault(scope, []).append(function)
    kept = [
        scope
        for scope in sorted(wanting)
        # two that cover one another are one: the first by name
        if not any(
            covers(ladders, [other], scope)
            and (other < scope or not covers(ladders, [scope], other))
            for other in wanting
            if other != scope
        )
    ]
    found = {scope: LeastScope(scope, wanting[scope]) for scope in kept}
    for scope in sorted(wanting.keys() - set(kept)):
        coverer = next(one for one in kept if covers(ladders, [one], scope))
        found[coverer].covered[scope] = wanting[scope]
    return list(found.values())
