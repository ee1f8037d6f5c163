"""`fairlead doctor`: examine one connection, beside the server or without it."""

import sys

import orjson

from fairlead.api.doctor import diagnosis_out
from fairlead.api.logs import configure_logs
from fairlead.cli.desk import connection_named
from fairlead.model.diagnosis import Diagnosis
from fairlead.opening import opened
from fairlead.settings import Settings

HEALTHY, ILL = 0, 1
_MARKS = {"problem": "✗", "warning": "!", "advice": "·"}


async def doctor(
    settings: Settings, connection_id: str, integration: str | None, probe: list[str], *, json: bool
) -> int:
    """Print what is wrong with a connection; return the exit code, 0 for a healthy one."""
    configure_logs(settings.model_copy(update={"log_level": "error"}))
    diagnosis = await _examined(settings, connection_id, integration, probe)
    if json:
        sys.stdout.write(orjson.dumps(diagnosis_out(diagnosis)).decode() + "\n")
    else:
        sys.stdout.write(report(diagnosis))
    return HEALTHY if diagnosis.is_healthy else ILL


def report(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as text: findings first, then what was looked at."""
    state = "healthy" if diagnosis.is_healthy else "not healthy"
    lines = [f"{diagnosis.connection_id} of {diagnosis.integration_key}: {state}", ""]
    for finding in sorted(diagnosis.findings, key=lambda one: list(_MARKS).index(one.level)):
        lines += [
            f"{_MARKS[finding.level]} {finding.code} ({finding.level}; {finding.who} must act)",
            f"    {finding.cause}",
            f"    {finding.fix}",
        ]
        if finding.detail:
            lines.append(f"    [{finding.detail}]")
        lines.append("")
    lines.append("Looked at:")
    lines += [f"  {check.outcome:<8} {check.name}: {check.seen}" for check in diagnosis.checks]
    return "\n".join(lines) + "\n"


async def _examined(
    settings: Settings, connection_id: str, integration: str | None, probe: list[str]
) -> Diagnosis:
    async with opened(settings) as core:
        connection = await connection_named(core.db, settings, connection_id, integration)
        return await core.doctor.examine(connection, probe)
