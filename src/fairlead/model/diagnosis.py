"""Diagnosis: what is wrong with a connection, why, and who must do what about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.model.frozen import Frozen


class Level(StrEnum):
    """How bad a finding is."""

    #: the connection does not do what it is for
    PROBLEM = "problem"
    #: it will soon not, or not all of it
    WARNING = "warning"
    #: it works, and could be better
    ADVICE = "advice"


class Finding(Frozen):
    """One thing that was found out."""

    #: stable name; the same as that of the error which the thing causes, if it causes one
    code: str
    level: Level
    #: who must act, in the words of `errors.py`
    who: str
    cause: str
    #: who must do what
    fix: str
    #: for support: ids, numbers, addresses; never a secret
    detail: str | None = None


class Check(Frozen):
    """One thing that was looked at."""

    name: str
    #: `passed`, `failed` or `skipped`
    outcome: str
    #: what was seen, in a sentence
    seen: str


class Diagnosis(Frozen):
    """What an examination of one connection came to."""

    connection_id: str
    integration_key: str
    provider: str
    examined_at: datetime
    findings: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()
    #: what the credentials say of themselves: never a secret
    facts: dict[str, Any] = Field(default_factory=dict)

    @property
    def is_healthy(self) -> bool:
        """Does it do what it is for, as far as could be seen?"""
        return all(finding.level is not Level.PROBLEM for finding in self.findings)


@dataclass
class Chart:
    """Collects what an examination finds; one code is found once."""

    findings: dict[str, Finding] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def found(self, finding: Finding, *, instead_of: str | None = None) -> None:
        """Note a finding; it may say more exactly what another one says."""
        if instead_of is not None:
            self.findings.pop(instead_of, None)
        self.findings.setdefault(finding.code, finding)

    def passed(self, name: str, seen: str) -> None:
        """Note what was looked at and is as it should be."""
        self.checks.append(Check(name=name, outcome="passed", seen=seen))

    def failed(self, name: str, finding: Finding, *, instead_of: str | None = None) -> None:
        """Note what was looked at and is not as it should be."""
        self.checks.append(Check(name=name, outcome="failed", seen=finding.cause))
        self.found(finding, instead_of=instead_of)

    def skipped(self, name: str, why: str) -> None:
        """Note what could not be looked at."""
        self.checks.append(Check(name=name, outcome="skipped", seen=why))


def finding_of(error: FairleadError, level: Level = Level.PROBLEM) -> Finding:
    """Return what an error says as a finding: its sentence is `cause; fix`."""
    cause, _, fix = error.message.partition("; ")
    return Finding(
        code=error.code,
        level=level,
        who=error.who,
        cause=cause.rstrip(".") + ".",
        fix=fix[:1].upper() + fix[1:] if fix else f"See {error.docs}",
        detail=error.detail,
    )
