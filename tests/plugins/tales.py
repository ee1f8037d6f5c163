"""Random histories as plain data, and how hypothesis makes them up: small, printable, shrinkable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from tenant_life import Step

from m365sim.fault import Fault


@dataclass(frozen=True)
class End:
    """How one life of a worker ends, at which of its moments.

    `dies`: power is gone; `sleeps`: it comes back when another one has done its work; `naps`: while
    another one does it; `drains`: a deploy; `cancels`: somebody cancels the run.
    """

    kind: str
    at: int


@dataclass(frozen=True)
class Round:
    """What happens between two runs, during one, and to it."""

    steps: Sequence[Step] = ()
    #: (number of the request, what happens right before it)
    meanwhile: Sequence[tuple[int, Step]] = ()
    #: (kind, how many requests pass first)
    faults: Sequence[tuple[str, int]] = ()
    lives: Sequence[End] = ()
    #: "", "reset" or "empty"
    trigger: str = ""
    #: hours by which the platform's clock is wrong from now on
    skew: int = 0
    #: are records sealed as they are written?
    is_sealing: bool = False


@dataclass(frozen=True)
class Tale:
    """One history."""

    rounds: Sequence[Round] = ()
    is_app: bool = False
    quirks: dict[str, Any] = field(default_factory=dict)
    #: deletions of a run that are always believed
    floor: int = 100


#: kind -> a rule that lets so many requests pass first
FAULTS: dict[str, Callable[[int], Fault]] = {
    "429": lambda skip: Fault(skip=skip, status=429, retry_after=7, hold=True, rate_limit=100),
    "503": lambda skip: Fault(skip=skip, status=503, count=2),
    "down": lambda skip: Fault(skip=skip, status=503, count=9),
    "410": lambda skip: Fault(path="*delta*", skip=skip, status=410, code="resyncRequired"),
    "410 broken": lambda skip: Fault(
        path="*delta*",
        skip=skip,
        status=410,
        code="resyncRequired",
        headers={"Location": "https://graph.microsoft.com/v1.0/drives/x/root/delta?token=zzz"},
    ),
    "cut": lambda skip: Fault(skip=skip, cut_after=40),
    "no link": lambda skip: Fault(path="*delta*", skip=skip, status=200, body='{"value":[]}'),
    "stale token": lambda skip: Fault(
        path="*etchanges*",
        skip=skip,
        status=400,
        body='{"odata.error":{"code":"-2146232832, Microsoft.SharePoint.SPException"}}',
    ),
    "no changes": lambda skip: Fault(path="*changes*", skip=skip, status=200, body="{}"),
    "not json": lambda skip: Fault(
        skip=skip, status=200, headers={"content-type": "text/html"}, body="<html>"
    ),
}

#: what goes wrong with Graph
FAULTS_V2 = tuple(kind for kind in FAULTS if kind not in ("stale token", "no changes"))
#: what goes wrong with SharePoint's own API
FAULTS_V1 = ("429", "503", "down", "cut", "not json", "stale token", "no changes")

QUIRKS = st.fixed_dictionaries(
    {},
    optional={
        "page_size": st.sampled_from([1, 2, 3, 5]),
        "parent_echo": st.booleans(),
        "path_encoded": st.booleans(),
        "deleted_name": st.booleans(),
        "deleted_state": st.sampled_from(["deleted", "softdeleted"]),
        "deleted_children": st.booleans(),
        "empty_page_every": st.sampled_from([0, 2, 3]),
        "repeat_across_pages": st.booleans(),
        "resync_code": st.sampled_from(
            ["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
        ),
        "resync_location": st.booleans(),
        "folder_touch": st.booleans(),
    },
)
ENDS = st.builds(
    End,
    st.sampled_from(["dies", "dies", "sleeps", "naps", "drains", "cancels"]),
    st.integers(1, 40),
)


def steps_of(kinds: Sequence[str]) -> st.SearchStrategy[Step]:
    """Return steps of some kinds."""
    return st.tuples(st.sampled_from(kinds), st.integers(0, 99), st.integers(0, 99))


def tales_of(
    kinds: Sequence[str], faults: Sequence[str] = FAULTS_V2, *, who: str = "both"
) -> st.SearchStrategy[Tale]:
    """Return histories whose steps are of some kinds, seen by a user, an app, or either."""
    steps = steps_of(kinds)
    rounds = st.builds(
        Round,
        steps=st.lists(steps, max_size=6),
        meanwhile=st.lists(st.tuples(st.integers(1, 12), steps), max_size=3),
        faults=st.lists(st.tuples(st.sampled_from(faults), st.integers(0, 8)), max_size=2),
        lives=st.lists(ENDS, max_size=2),
        trigger=st.sampled_from(["", "", "", "", "", "", "reset", "empty"]),
        skew=st.sampled_from([0, 0, 0, 0, 1, -1]),
        is_sealing=st.sampled_from([False, False, True]),
    )
    return st.builds(
        Tale,
        rounds=st.lists(rounds, min_size=1, max_size=4),
        is_app=st.sampled_from({"user": [False], "app": [True]}.get(who, [False, True])),
        quirks=QUIRKS,
        floor=st.sampled_from([100, 100, 2]),
    )
